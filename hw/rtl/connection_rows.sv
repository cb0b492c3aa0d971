// The rows of the connection tables: makes the two rows of a new connection, writes them, and reads translations.
// The translations are stored here; the keys are stored where they are compared (bucket_keys).
//
// Latency: 5 clocks from the decision to `translation`. Throughput: one packet a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | the rows' indices; both rows are written at its end |
// | 2     | where the translation is; event |
// | 3, 4  | translation (memory) |
// | 5     | translation of the table that had it |
`default_nettype none

module connection_rows #(
    parameter int ROWS_LOG2 = card_pkg::ORIGINALS_ROWS_LOG2
) (
    input wire logic clk,
    input wire logic rst,

    input wire logic learned,
    input wire logic translate,
    input wire logic from_reply,
    input wire logic [7:0] original_pick,
    input wire logic [7:0] reply_pick,
    input wire logic [7:0] location,
    input wire logic [ROWS_LOG2-4:0] original_first,  // the tuple's buckets
    input wire logic [ROWS_LOG2-4:0] original_second,
    input wire logic [ROWS_LOG2-4:0] reply_first,  // the reply key's buckets
    input wire logic [ROWS_LOG2-4:0] reply_second,
    input wire card_pkg::tuple_t s1_tuple,  // these one clock after the decision
    input wire card_pkg::tuple_t s1_reply_key,
    input wire logic [11:0] s1_endpoint_next_hop,
    input wire logic [11:0] s1_client_next_hop,
    input wire logic [15:0] s1_frontend_counter,
    input wire logic [19:0] s1_endpoint,

    output logic original_write,
    output logic reply_write,
    output logic [ROWS_LOG2-1:0] original_write_index,
    output logic [ROWS_LOG2-1:0] reply_write_index,
    output logic [card_pkg::TUPLE_BITS:0] original_write_key,
    output logic [card_pkg::TUPLE_BITS:0] reply_write_key,

    output card_pkg::translation_t translation,
    output logic event_valid,
    output card_pkg::event_line_t event_line,

    input wire logic host_write_originals,
    input wire logic host_write_replies,
    input wire logic [ROWS_LOG2-1:0] host_index,
    input wire card_pkg::original_row_t host_data,
    input wire logic host_read_originals,  // in place of stage 2's index
    input wire logic host_read_replies,
    input wire logic [ROWS_LOG2-1:0] host_read_index
);
  function automatic logic [2:0] encode(input logic [7:0] onehot);
    encode = {|onehot[7:4], |(onehot & 8'hcc), |(onehot & 8'haa)};
  endfunction

  // Stage 1
  wire [2:0] original_way = encode(original_pick);
  wire [2:0] reply_way = encode(reply_pick);
  wire [2:0] read_way = encode(learned ? original_pick : location);
  logic s1_learned, s1_translate, s1_from_reply;
  logic [2:0] s1_read_way;
  logic [ROWS_LOG2-1:0] s1_original_index, s1_reply_index;
  logic [ROWS_LOG2-4:0] s1_first, s1_second;
  always_ff @(posedge clk) begin
    s1_learned <= learned && !rst;
    s1_translate <= translate;
    s1_from_reply <= from_reply;
    s1_read_way <= read_way;
    s1_first <= original_first;
    s1_second <= original_second;
    s1_original_index <= {original_way[2], original_way[2] ? original_second : original_first, original_way[1:0]};
    s1_reply_index <= {reply_way[2], reply_way[2] ? reply_second : reply_first, reply_way[1:0]};
  end

  wire card_pkg::translation_t original_value, reply_value;
  assign original_value.new_source_address = s1_reply_key.destination_address;
  assign original_value.new_destination_address = s1_reply_key.source_address;
  assign original_value.new_source_port = s1_reply_key.destination_port;
  assign original_value.new_destination_port = s1_reply_key.source_port;
  assign original_value.next_hop = s1_endpoint_next_hop;
  assign original_value.frontend_counter = s1_frontend_counter;
  assign original_value.endpoint = s1_endpoint;
  assign reply_value.new_source_address = s1_tuple.destination_address;
  assign reply_value.new_destination_address = s1_tuple.source_address;
  assign reply_value.new_source_port = s1_tuple.destination_port;
  assign reply_value.new_destination_port = s1_tuple.source_port;
  assign reply_value.next_hop = s1_client_next_hop;
  assign reply_value.frontend_counter = s1_frontend_counter;
  assign reply_value.endpoint = s1_endpoint;

  wire [card_pkg::TUPLE_BITS:0] host_key = {host_data.key, host_data.valid};
  assign original_write = s1_learned || host_write_originals;
  assign original_write_index = host_write_originals ? host_index : s1_original_index;
  assign original_write_key = host_write_originals ? host_key : {s1_tuple, 1'b1};
  assign reply_write = s1_learned || host_write_replies;
  assign reply_write_index = host_write_replies ? host_index : s1_reply_index;
  assign reply_write_key = host_write_replies ? host_key : {s1_reply_key, 1'b1};

  // Stages 2 to 5
  logic s2_original, s2_reply, s3_reply, s4_reply, s3_read, s4_read;
  logic [ROWS_LOG2-1:0] s2_index;
  wire s2_read_original = s2_original || host_read_originals;
  wire s2_read_reply = s2_reply || host_read_replies;
  wire [ROWS_LOG2-1:0] s2_read_index = (host_read_originals || host_read_replies) ? host_read_index : s2_index;
  always_ff @(posedge clk) begin
    s2_original <= s1_translate && !s1_from_reply;
    s2_reply <= s1_translate && s1_from_reply;
    s2_index <= {s1_read_way[2], s1_read_way[2] ? s1_second : s1_first, s1_read_way[1:0]};
    s3_read <= s2_read_original || s2_read_reply;
    s3_reply <= s2_read_reply;
    s4_read <= s3_read;
    s4_reply <= s3_reply;
    if (s4_read) translation <= s4_reply ? s4_reply_value : s4_original_value;
  end

  wire [card_pkg::TRANSLATION_BITS-1:0] s4_original_value, s4_reply_value;
  ram_1r1w #(
      .WIDTH(card_pkg::TRANSLATION_BITS),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("ultra")
  ) original_values (
      .clk(clk),
      .write_enable(s1_learned || (host_write_originals && host_data.valid)),
      .write_address(original_write_index),
      .write_data(host_write_originals ? host_data.value : original_value),
      .read_enable(s2_read_original),
      .read_address(s2_read_index),
      .read_data(s4_original_value)
  );
  ram_1r1w #(
      .WIDTH(card_pkg::TRANSLATION_BITS),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("ultra")
  ) reply_values (
      .clk(clk),
      .write_enable(s1_learned || (host_write_replies && host_data.valid)),
      .write_address(reply_write_index),
      .write_data(host_write_replies ? host_data.value : reply_value),
      .read_enable(s2_read_reply),
      .read_address(s2_read_index),
      .read_data(s4_reply_value)
  );

  always_ff @(posedge clk) begin
    event_valid <= s1_learned;
    if (s1_learned) begin
      event_line.kind <= card_pkg::EVENT_KIND_LEARN;
      event_line.reserved <= '0;
      event_line.original_row <= 32'(s1_original_index);
      event_line.reply_row <= 32'(s1_reply_index);
      event_line.original <= s1_tuple;
      event_line.translation <= original_value;
      event_line.reserved_2 <= '0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    assert (!(s1_learned && (host_write_originals || host_write_replies)));
    assert (!((s2_original || s2_reply) && (host_read_originals || host_read_replies)));
  end
`endif
endmodule

`default_nettype wire
