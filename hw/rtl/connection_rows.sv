// The rows of the connection tables: makes the two rows of a new connection, writes and removes them, reads what a
// packet leaves with, and moves the connection's state on.
//
// A row says where its other direction stands, and that row's key, turned round, is the translation. Keys are stored
// twice: where they are compared (bucket_keys, which is written one clock after the links), and here by row (two clocks
// after them: a packet still reads the key it was found by if the packet behind it is recorded in its place).
//
// Latency: 7 clocks from the decision to `other`. Throughput: one packet a clock; in a clock without one, an
// operation of the host or of the sweeper, which goes through the same stages.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | the rows' indices; links are written at its end |
// | 2     | own row: a packet's, or an operation's; the keys that are looked up are written and removed at its end |
// | 3, 4  | other row and next hop (memory); what is read by row is written at the end of 3 |
// | 5, 6  | both keys, frontend, endpoint (memory); state (connection_life) |
// | 7     | translation, row for the host; event behind it |
`default_nettype none

module connection_rows #(
    parameter int ADDRESS_BITS = 32,
    parameter int ROWS_LOG2 = card_pkg::ORIGINALS_ROWS_LOG2,
    parameter int KEY_BITS = 2 * ADDRESS_BITS + 40,
    parameter int ROW_BITS = KEY_BITS + 92,
    parameter int WAYS = 2 * card_pkg::ORIGINALS_WAYS,  // of both buckets
    parameter int BUCKETS_LOG2 = ROWS_LOG2 - $clog2(WAYS)
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic [19:0] tick,
    input wire logic [139:0] timeouts,
    output logic swept,  // the sweeper has seen all connections in this tick
    output logic wants_sweep,  // the sweeper has an operation
    input wire logic sweep,  // it may have this clock's stage 1: there is no packet and no operation of the host

    input wire logic learned,
    input wire logic translate,
    input wire logic from_reply,
    input wire logic [WAYS-1:0] original_pick,
    input wire logic [WAYS-1:0] reply_pick,
    input wire logic [WAYS-1:0] location,
    input wire logic [BUCKETS_LOG2-1:0] original_first,  // the tuple's buckets
    input wire logic [BUCKETS_LOG2-1:0] original_second,
    input wire logic [BUCKETS_LOG2-1:0] reply_first,  // the reply key's buckets
    input wire logic [BUCKETS_LOG2-1:0] reply_second,
    input wire logic s1_packet,  // these one clock after the decision
    input wire logic [KEY_BITS-1:0] s1_tuple,
    input wire logic [KEY_BITS-1:0] s1_reply_key,
    input wire logic [11:0] s1_endpoint_next_hop,
    input wire logic [11:0] s1_client_next_hop,
    input wire logic [15:0] s1_frontend_counter,
    input wire logic [19:0] s1_endpoint,
    input wire logic [3:0] s4_tcp_flags,  // {TCP, RST, SYN, FIN} of the packet

    // Stage 2, for the keys by bucket
    output logic original_write,
    output logic reply_write,
    output logic [ROWS_LOG2-1:0] original_write_index,
    output logic [ROWS_LOG2-1:0] reply_write_index,
    output logic [KEY_BITS:0] original_write_key,
    output logic [KEY_BITS:0] reply_write_key,
    output logic write_flip_key,

    output logic translation_bad,  // a row it was read from has lost its content
    output logic [KEY_BITS-1:0] other,  // key of the other row
    output logic [11:0] next_hop,
    output logic [15:0] frontend_counter,
    output logic [19:0] endpoint,

    output logic event_valid,
    output logic [7:0] event_kind,
    output logic [2:0] event_state,
    output logic [ROWS_LOG2-1:0] event_original_row,
    output logic [ROWS_LOG2-1:0] event_reply_row,
    output logic [KEY_BITS-1:0] event_original,
    output logic [KEY_BITS-1:0] event_reply,
    output logic [19:0] event_endpoint,
    output logic [15:0] event_frontend_counter,

    // Unconfirmed connections of frontend `quota_counter`, with the translation
    output logic s5_busy,  // an operation is two stages before
    output logic quota_add,
    output logic quota_subtract,
    output logic [15:0] quota_counter,

    // In stage 1, only while there is no packet; the row follows 6 clocks later
    input wire logic host_write_originals,
    input wire logic host_write_replies,
    input wire logic host_read_originals,
    input wire logic host_read_replies,
    input wire logic [ROWS_LOG2-1:0] host_index,
    input wire logic [ROW_BITS-1:0] host_data,
    output logic [ROW_BITS-1:0] host_row,
    input wire logic host_flip_key,
    input wire logic host_flip_value,
    output logic [1:0] report,  // originals, replies: for parity_reports
    output logic [39:0] report_index
);
  // A row is {last seen, state, endpoint, frontend counter, next hop, other row, key, valid}, one of `replies` ends with
  // the next hop. What stands behind the key is the same for both families.
  localparam int BEHIND_KEY = 1 + KEY_BITS;
  wire [KEY_BITS-1:0] host_key = host_data[1+:KEY_BITS];
  wire host_valid = host_data[0];
  wire [31:0] host_link = host_data[BEHIND_KEY+:32];
  wire [35:0] host_value = {host_data[BEHIND_KEY+32+:16], host_data[BEHIND_KEY+48+:20]};
  wire [22:0] host_life = host_data[BEHIND_KEY+68+:23];

  localparam int WAY_BITS = $clog2(WAYS);  // of both buckets
  localparam int BANK = WAY_BITS - 1;  // the upper bit
  function automatic logic [WAY_BITS-1:0] encode(input logic [WAYS-1:0] onehot);
    encode = '0;
    for (int i = 0; i < WAYS; i++) encode = encode | (WAY_BITS'(i) & {WAY_BITS{onehot[i]}});
  endfunction

  // Stage 1
  wire [WAY_BITS-1:0] original_way = encode(original_pick);
  wire [WAY_BITS-1:0] reply_way = encode(reply_pick);
  wire [WAY_BITS-1:0] read_way = encode(learned ? original_pick : location);
  logic s1_learned, s1_translate, s1_from_reply;
  logic [WAY_BITS-1:0] s1_read_way;
  logic [ROWS_LOG2-1:0] s1_original_index, s1_reply_index;
  logic [BUCKETS_LOG2-1:0] s1_first, s1_second;
  always_ff @(posedge clk) begin
    s1_learned <= learned && !rst;
    s1_translate <= translate;
    s1_from_reply <= from_reply;
    s1_read_way <= read_way;
    s1_first <= original_first;
    s1_second <= original_second;
    s1_original_index <= {original_way[BANK], original_way[BANK] ? original_second : original_first, original_way[BANK-1:0]};
    s1_reply_index <= {reply_way[BANK], reply_way[BANK] ? reply_second : reply_first, reply_way[BANK-1:0]};
  end

  wire host_write = host_write_originals || host_write_replies;
  wire host_operation = host_write || host_read_originals || host_read_replies;

  wire probe, remove, remove_keys;
  wire [ROWS_LOG2-1:0] sweep_index, sweep_reply_index;
  assign wants_sweep = probe || remove;
  wire removing = remove && sweep;
  wire removing_keys = removing && remove_keys;

  wire s1_write_original = s1_learned || host_write_originals || removing_keys;
  wire s1_write_reply = s1_learned || host_write_replies || removing_keys;
  wire [ROWS_LOG2-1:0] s1_original_at = host_write_originals ? host_index : s1_learned ? s1_original_index : sweep_index;
  wire [ROWS_LOG2-1:0] s1_reply_at = host_write_replies ? host_index : s1_learned ? s1_reply_index : sweep_reply_index;

  // What is removed keeps its content here, for packets that were found there a moment before.
  wire s1_keep_original = s1_learned || (host_write_originals && host_valid);
  wire s1_keep_reply = s1_learned || (host_write_replies && host_valid);

  // What is written behind stage 1
  logic [35:0] s2_write_value, s3_write_value;
  logic s2_keep_original, s2_keep_reply, s2_flip_value;
  logic s3_keep_original, s3_keep_reply, s3_write_original, s3_write_reply;
  wire s2_original_key_parity, s2_reply_key_parity, s2_value_parity;
  logic s3_original_key_parity, s3_reply_key_parity, s3_value_parity;
  logic [ROWS_LOG2-1:0] s3_original_at, s3_reply_at;
  logic [KEY_BITS:0] s3_write_original_key, s3_write_reply_key;
  always_ff @(posedge clk) begin
    original_write <= s1_write_original;
    original_write_index <= s1_original_at;
    original_write_key <= host_write_originals ? {host_key, host_valid} : {s1_tuple, s1_learned};
    reply_write <= s1_write_reply;
    reply_write_index <= s1_reply_at;
    reply_write_key <= host_write_replies ? {host_key, host_valid} : {s1_reply_key, s1_learned};
    write_flip_key <= host_flip_key;
    {s2_keep_original, s2_keep_reply, s2_flip_value} <= {s1_keep_original, s1_keep_reply, host_flip_value};
    s2_write_value <= host_write_originals ? host_value : {s1_frontend_counter, s1_endpoint};
    {s3_write_original, s3_original_at, s3_write_original_key} <= {original_write, original_write_index, original_write_key};
    {s3_write_reply, s3_reply_at, s3_write_reply_key} <= {reply_write, reply_write_index, reply_write_key};
    {s3_keep_original, s3_keep_reply, s3_write_value} <= {s2_keep_original, s2_keep_reply, s2_write_value};
    {s3_original_key_parity, s3_reply_key_parity, s3_value_parity} <=
        {s2_original_key_parity, s2_reply_key_parity, s2_value_parity};
  end
  xor_tree #(.WIDTH(KEY_BITS + 1)) of_original_key (
      .in({s2_flip_value, original_write_key[KEY_BITS:1]}),
      .out(s2_original_key_parity)
  );
  xor_tree #(.WIDTH(KEY_BITS + 1)) of_reply_key (
      .in({s2_flip_value, reply_write_key[KEY_BITS:1]}),
      .out(s2_reply_key_parity)
  );
  xor_tree #(.WIDTH(37)) of_value (.in({s2_flip_value, s2_write_value}), .out(s2_value_parity));

  // Stages 2 to 4
  logic s2_used, s3_used, s4_used, s2_learn, s3_learn, s4_learn, s2_packet, s3_packet, s4_packet;
  logic s2_probe, s3_probe, s4_probe, s2_remove, s3_remove, s4_remove, s2_set, s3_set, s4_set;
  logic s2_clear, s3_clear, s4_clear;
  logic s2_from_reply, s3_from_reply, s4_from_reply;
  logic [ROWS_LOG2-1:0] s2_own, s3_own, s4_own;
  logic [22:0] s2_set_row, s3_set_row, s4_set_row;
  always_ff @(posedge clk) begin
    s2_used <= (s1_translate || host_write_originals || host_read_originals || host_read_replies ||
                (sweep && (probe || remove))) && !rst;
    s2_learn <= s1_learned;
    s2_packet <= s1_translate && !s1_learned;
    s2_probe <= probe && sweep;
    s2_clear <= removing;
    s2_remove <= removing_keys;
    s2_set <= host_write_originals;
    s2_set_row <= host_life;
    s2_from_reply <= host_read_replies || (s1_translate && s1_from_reply);
    if (host_operation) s2_own <= host_index;
    else if (s1_translate) s2_own <= {s1_read_way[BANK], s1_read_way[BANK] ? s1_second : s1_first, s1_read_way[BANK-1:0]};
    else s2_own <= sweep_index;
    {s3_used, s4_used} <= {s2_used && !rst, s3_used && !rst};
    {s3_learn, s3_packet, s3_probe, s3_clear, s3_remove, s3_set} <=
        {s2_learn, s2_packet, s2_probe, s2_clear, s2_remove, s2_set};
    {s4_learn, s4_packet, s4_probe, s4_clear, s4_remove, s4_set} <=
        {s3_learn, s3_packet, s3_probe, s3_clear, s3_remove, s3_set};
    {s3_from_reply, s3_own, s3_set_row} <= {s2_from_reply, s2_own, s2_set_row};
    {s4_from_reply, s4_own, s4_set_row} <= {s3_from_reply, s3_own, s3_set_row};
  end

  // A link: {next hop, other row}
  wire [31:0] s1_original_link = host_write_originals ? host_link : {s1_endpoint_next_hop, 20'(s1_reply_index)};
  wire [31:0] s1_reply_link = host_write_replies ? host_link : {s1_client_next_hop, 20'(s1_original_index)};
  wire s1_original_link_parity, s1_reply_link_parity;
  xor_tree #(.WIDTH(33)) of_original_link (.in({host_flip_value, s1_original_link}), .out(s1_original_link_parity));
  xor_tree #(.WIDTH(33)) of_reply_link (.in({host_flip_value, s1_reply_link}), .out(s1_reply_link_parity));
  wire [31:0] s4_original_link, s4_reply_link;
  wire s5_original_link_bad, s5_reply_link_bad;
  parity_ram #(
      .WIDTH(32),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) original_links (
      .clk(clk),
      .write_enable(s1_keep_original),
      .write_address(s1_original_at),
      .write_data(s1_original_link),
      .write_parity(s1_original_link_parity),
      .read_enable(s2_used && !s2_from_reply),
      .read_address(s2_own),
      .read_data(s4_original_link),
      .read_bad(s5_original_link_bad)
  );
  parity_ram #(
      .WIDTH(32),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) reply_links (
      .clk(clk),
      .write_enable(s1_keep_reply),
      .write_address(s1_reply_at),
      .write_data(s1_reply_link),
      .write_parity(s1_reply_link_parity),
      .read_enable(s2_used && s2_from_reply),
      .read_address(s2_own),
      .read_data(s4_reply_link),
      .read_bad(s5_reply_link_bad)
  );
  wire [31:0] s4_link = s4_from_reply ? s4_reply_link : s4_original_link;
  wire [ROWS_LOG2-1:0] s4_other = s4_link[ROWS_LOG2-1:0];
  wire [ROWS_LOG2-1:0] s4_original_row = s4_from_reply ? s4_other : s4_own;
  wire [ROWS_LOG2-1:0] s4_reply_row = s4_from_reply ? s4_own : s4_other;

  // Stages 5 to 7
  wire [KEY_BITS-1:0] s6_original, s6_reply;
  wire [35:0] s6_value;
  wire s7_original_bad, s7_reply_bad, s7_value_bad;
  wire s6_original_valid, s6_reply_valid;
  parity_ram #(
      .WIDTH(KEY_BITS),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("ultra")
  ) original_keys (
      .clk(clk),
      .write_enable(s3_keep_original),
      .write_address(s3_original_at),
      .write_data(s3_write_original_key[KEY_BITS:1]),
      .write_parity(s3_original_key_parity),
      .read_enable(s4_used),
      .read_address(s4_original_row),
      .read_data(s6_original),
      .read_bad(s7_original_bad)
  );
  parity_ram #(
      .WIDTH(KEY_BITS),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("ultra")
  ) reply_keys (
      .clk(clk),
      .write_enable(s3_keep_reply),
      .write_address(s3_reply_at),
      .write_data(s3_write_reply_key[KEY_BITS:1]),
      .write_parity(s3_reply_key_parity),
      .read_enable(s4_used),
      .read_address(s4_reply_row),
      .read_data(s6_reply),
      .read_bad(s7_reply_bad)
  );
  parity_ram #(
      .WIDTH(36),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) values (
      .clk(clk),
      .write_enable(s3_keep_original),
      .write_address(s3_original_at),
      .write_data(s3_write_value),
      .write_parity(s3_value_parity),
      .read_enable(s4_used),
      .read_address(s4_original_row),
      .read_data(s6_value),
      .read_bad(s7_value_bad)
  );
  ram_1r1w #(
      .WIDTH(1),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) original_valids (
      .clk(clk),
      .write_enable(s3_write_original),
      .write_address(s3_original_at),
      .write_data(s3_write_original_key[0]),
      .read_enable(s4_used),
      .read_address(s4_original_row),
      .read_data(s6_original_valid)
  );
  ram_1r1w #(
      .WIDTH(1),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) reply_valids (
      .clk(clk),
      .write_enable(s3_write_reply),
      .write_address(s3_reply_at),
      .write_data(s3_write_reply_key[0]),
      .read_enable(s4_used),
      .read_address(s4_reply_row),
      .read_data(s6_reply_valid)
  );

  wire [22:0] s7_life;
  wire [2:0] s7_old_state;
  wire s7_closed, s7_established, s7_confirmed;
  connection_life #(.ROWS_LOG2(ROWS_LOG2)) life (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .learn(s4_learn && s4_used),
      .packet(s4_packet && s4_used),
      .clear(s4_clear),
      .set(s4_set && s4_used),
      .read(s4_used && !(s4_learn || s4_packet || s4_clear || s4_set)),
      .index(s4_original_row),
      .tcp(s4_tcp_flags[3]),
      .rst_flag(s4_tcp_flags[2]),
      .syn(s4_tcp_flags[1]),
      .fin(s4_tcp_flags[0]),
      .from_reply(s4_from_reply),
      .set_row(s4_set_row),
      .row(s7_life),
      .old_state(s7_old_state),
      .closed(s7_closed),
      .established(s7_established),
      .confirmed(s7_confirmed)
  );

  logic s5_used, s6_used, s7_learn, s7_probe, s7_remove, s7_from_reply;
  wire s6_learn, s6_probe, s6_remove, s6_from_reply;
  wire [11:0] s6_next_hop;
  wire [ROWS_LOG2-1:0] s6_original_row, s6_reply_row;
  delay #(.WIDTH(16 + 2 * ROWS_LOG2), .CLOCKS(2)) rows_delay (
      .clk(clk),
      .in({s4_learn, s4_probe, s4_remove, s4_from_reply, s4_link[31:20], s4_original_row, s4_reply_row}),
      .out({s6_learn, s6_probe, s6_remove, s6_from_reply, s6_next_hop, s6_original_row, s6_reply_row})
  );
  assign s5_busy = s5_used;

  logic s5_from_reply, s6_link_bad, s7_link_bad, s7_used;
  always_ff @(posedge clk) begin
    s5_from_reply <= s4_from_reply;
    s6_link_bad <= s5_from_reply ? s5_reply_link_bad : s5_original_link_bad;
    s7_link_bad <= s6_link_bad;
    s7_used <= s6_used && !rst;
  end
  assign translation_bad = s7_link_bad || s7_value_bad || (s7_from_reply ? s7_original_bad : s7_reply_bad);
  assign report[0] = s7_used && (s7_original_bad || s7_value_bad || (s7_link_bad && !s7_from_reply));
  assign report[1] = s7_used && (s7_reply_bad || (s7_link_bad && s7_from_reply));
  assign report_index = {20'(s7_reply_row), 20'(s7_original_row)};

  logic [KEY_BITS-1:0] s7_original, s7_reply;
  logic s7_original_valid, s7_reply_valid;
  logic [11:0] s7_next_hop;
  logic [35:0] s7_value;
  logic [ROWS_LOG2-1:0] s7_original_row, s7_reply_row;
  always_ff @(posedge clk) begin
    s5_used <= s4_used && !rst;
    s6_used <= s5_used && !rst;
    s7_learn <= s6_used && s6_learn && !rst;
    s7_probe <= s6_used && s6_probe && !rst;
    s7_remove <= s6_used && s6_remove && !rst;
    if (s6_used) begin
      s7_from_reply <= s6_from_reply;
      s7_original <= s6_original;
      s7_reply <= s6_reply;
      s7_original_valid <= s6_original_valid;
      s7_reply_valid <= s6_reply_valid;
      s7_next_hop <= s6_next_hop;
      s7_value <= s6_value;
      s7_original_row <= s6_original_row;
      s7_reply_row <= s6_reply_row;
      other <= s6_from_reply ? s6_original : s6_reply;
    end
  end
  assign next_hop = s7_next_hop;
  assign frontend_counter = s7_value[35:20];
  assign endpoint = s7_value[19:0];
  assign quota_add = s7_learn;
  assign quota_subtract = s7_confirmed;
  assign quota_counter = s7_value[35:20];

  wire [ROW_BITS-1:0] original_row = {s7_life[22:3], s7_life[2:0], s7_value[19:0], s7_value[35:20], s7_next_hop,
                                      20'(s7_reply_row), s7_original, 1'b1};
  wire [BEHIND_KEY+31:0] reply_row = {s7_next_hop, 20'(s7_original_row), s7_reply, 1'b1};
  assign host_row = s7_from_reply ? (s7_reply_valid ? ROW_BITS'(reply_row) : '0)
                                  : (s7_original_valid ? original_row : '0);

  connection_sweeper #(.ROWS_LOG2(ROWS_LOG2)) sweeper (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .timeouts(timeouts),
      .free(sweep),
      .probe(probe),
      .remove(remove),
      .index(sweep_index),
      .reply_index(sweep_reply_index),
      .remove_keys(remove_keys),
      .host_write(host_write),
      .result_valid(s7_probe && !s7_link_bad && !s7_original_bad),
      .result_index(s7_original_row),
      .result_reply_index(s7_reply_row),
      .result_state(s7_life[2:0]),
      .result_last_seen(s7_life[22:3]),
      .result_key_valid(s7_original_valid),
      .result_tcp(s7_original[KEY_BITS-1-:8] == 8'd6),
      .done(swept)
  );

  always_ff @(posedge clk) begin
    event_valid <= (s7_learn || s7_closed || s7_established || s7_remove) && !rst;
    event_kind <= s7_learn ? card_pkg::EVENT_KIND_LEARN
                : s7_remove ? card_pkg::EVENT_KIND_EXPIRE
                : s7_closed ? card_pkg::EVENT_KIND_CLOSE : card_pkg::EVENT_KIND_ESTABLISH;
    event_state <= s7_remove ? s7_old_state : s7_life[2:0];
    event_original_row <= s7_original_row;
    event_reply_row <= s7_reply_row;
    event_original <= s7_original;
    event_reply <= s7_reply;
    event_endpoint <= s7_value[19:0];
    event_frontend_counter <= s7_value[35:20];
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    assert (!(s1_packet && host_operation));
    assert (!(sweep && (s1_packet || host_operation)));
    assert (!(s1_learned && !s1_packet));
  end
`endif
endmodule

`default_nettype wire
