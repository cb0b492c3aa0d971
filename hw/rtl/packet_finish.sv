// The end of the pipeline: next hop, checksums, rewriting and counters.
//
// Latency: 7 clocks from the decision to the packet's first beat. Throughput: one beat a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1..6  | checksums (checksum_update) |
// | 3     | next hop's number |
// | 4, 5  | next hop (memory) |
// | 7     | verdict, the beat rewritten; counted from here |
//
// A host read of next hops is made in place of stage 3's number.
`default_nettype none

module packet_finish #(
    parameter int NEXT_HOPS_LOG2 = card_pkg::NEXT_HOPS_ROWS_LOG2,
    parameter int FRONTENDS_LOG2 = card_pkg::FRONTEND_COUNTERS_ROWS_LOG2,
    parameter int ENDPOINTS_LOG2 = card_pkg::ENDPOINT_COUNTERS_ROWS_LOG2
) (
    input wire logic clk,
    input wire logic rst,

    input wire logic valid,
    input wire logic translate,  // else verdict and reason stand
    input wire logic translation_bad,  // a row it was read from has lost its content
    input wire logic [1:0] verdict,
    input wire logic [4:0] reason,
    input wire logic learned,
    input wire card_pkg::tuple_t tuple,
    input wire card_pkg::translation_t translation,
    input wire logic [15:0] ip_checksum,
    input wire logic [15:0] l4_checksum,
    output logic s2_translate,
    output logic s6_translate,

    // The packet's beats as they came, in stage 6
    input wire logic s6_valid,
    input wire logic s6_first,
    input wire logic s6_last,
    input wire logic [511:0] s6_data,
    input wire logic [63:0] s6_keep,
    input wire logic [15:0] s6_length,
    input wire logic s6_ingress,
    input wire logic s6_injected,
    input wire logic s6_transmit,
    input wire logic s6_egress,
    input wire logic [3:0] s6_attempt,
    input wire logic [31:0] s6_tag,

    output logic out_valid,
    output logic out_first,
    output logic out_last,
    output logic [511:0] out_data,
    output logic [63:0] out_keep,
    output logic [15:0] out_length,
    output logic out_ingress,
    output logic out_injected,
    output logic [3:0] out_attempt,
    output logic [31:0] out_tag,
    output logic [1:0] out_verdict,
    output logic [7:0] out_reason,
    output logic out_egress,
    output logic [15:0] out_frontend_counter,
    output logic [19:0] out_endpoint,
    output logic out_learned,

    input wire logic host_flip,
    output logic report,  // of next hops, for parity_reports
    output logic [19:0] report_index,
    input wire logic [15:0] host_write,  // by table id
    input wire logic [15:0] host_read,
    input wire logic [19:0] host_index,
    input wire logic [card_pkg::NEXT_HOP_ROW_BITS-1:0] host_data,
    output logic [card_pkg::NEXT_HOP_ROW_BITS-1:0] host_next_hop,
    output logic [card_pkg::FRONTEND_COUNTER_ROW_BITS-1:0] host_frontend_counter,
    output logic [card_pkg::ENDPOINT_COUNTER_ROW_BITS-1:0] host_endpoint_counter
);
  localparam int TRANSLATION_BITS = card_pkg::TRANSLATION_BITS;

  wire translated = valid && translate;
  logic [6:1] stage_translate;
  always_ff @(posedge clk) stage_translate <= rst ? '0 : {stage_translate[5:1], translated};
  assign s2_translate = stage_translate[2];
  assign s6_translate = stage_translate[6];

  wire [15:0] s6_ip_checksum, s6_l4_checksum;
  checksum_update checksums (
      .clk(clk),
      .valid(translated),
      .old_tuple(tuple),
      .translation(translation),
      .old_ip(ip_checksum),
      .old_l4(l4_checksum),
      .new_ip(s6_ip_checksum),
      .new_l4(s6_l4_checksum)
  );

  wire s6_learned;
  wire [1:0] s6_verdict;
  wire [4:0] s6_reason;
  delay #(.WIDTH(8), .CLOCKS(6)) decision_delay (
      .clk(clk),
      .in({learned, verdict, reason}),
      .out({s6_learned, s6_verdict, s6_reason})
  );
  wire card_pkg::translation_t s3_translation, s6_translation;
  wire s6_translation_bad;
  delay #(.WIDTH(TRANSLATION_BITS), .CLOCKS(3)) next_hop_delay (.clk(clk), .in(translation), .out(s3_translation));
  delay #(.WIDTH(TRANSLATION_BITS), .CLOCKS(3)) translation_delay (
      .clk(clk),
      .in(s3_translation),
      .out(s6_translation)
  );
  delay #(.WIDTH(1), .CLOCKS(6)) bad_delay (.clk(clk), .in(translation_bad), .out(s6_translation_bad));

  wire host_read_next_hops = host_read[card_pkg::TABLE_NEXT_HOPS[3:0]];
  wire [card_pkg::NEXT_HOP_ROW_BITS-1:0] s5_next_hop;
  card_pkg::next_hop_row_t s6_next_hop;
  wire s6_next_hop_bad;
  parity_ram #(
      .WIDTH(card_pkg::NEXT_HOP_ROW_BITS),
      .DEPTH_LOG2(NEXT_HOPS_LOG2),
      .RAM_STYLE("block")
  ) next_hops (
      .clk(clk),
      .write_flip(host_flip),
      .write_enable(host_write[card_pkg::TABLE_NEXT_HOPS[3:0]]),
      .write_address(host_index[NEXT_HOPS_LOG2-1:0]),
      .write_data(host_data),
      .read_enable(stage_translate[3] || host_read_next_hops),
      .read_address(host_read_next_hops ? host_index[NEXT_HOPS_LOG2-1:0] : s3_translation.next_hop[NEXT_HOPS_LOG2-1:0]),
      .read_data(s5_next_hop),
      .read_bad(s6_next_hop_bad)
  );
  assign host_next_hop = s5_next_hop;
  wire [NEXT_HOPS_LOG2-1:0] s6_next_hop_index = s6_translation.next_hop[NEXT_HOPS_LOG2-1:0];
  always_ff @(posedge clk) begin
    s6_next_hop <= s5_next_hop;
    report <= s6_translate && s6_next_hop_bad && !rst;
    report_index <= 20'(s6_next_hop_index);
  end

  wire bad = s6_translation_bad || s6_next_hop_bad;
  wire forward = s6_translate && s6_next_hop.valid && !bad;
  wire [511:0] rewritten;
  frame_rewrite rewrite (
      .in(s6_data),
      .enable(s6_first && forward),
      .next_hop(s6_next_hop),
      .source_address(s6_translation.new_source_address),
      .destination_address(s6_translation.new_destination_address),
      .source_port(s6_translation.new_source_port),
      .destination_port(s6_translation.new_destination_port),
      .ip_checksum(s6_ip_checksum),
      .l4_checksum(s6_l4_checksum),
      .out(rewritten)
  );

  always_ff @(posedge clk) begin
    out_valid <= s6_valid && !rst;
    if (s6_valid) begin
      out_first <= s6_first;
      out_last <= s6_last;
      out_data <= rewritten;
      out_keep <= s6_keep;
    end
    if (s6_valid && s6_first) begin
      out_length <= s6_length;
      out_ingress <= s6_ingress;
      out_injected <= s6_injected;
      out_attempt <= s6_attempt;
      out_tag <= s6_tag;
      out_learned <= s6_learned;
      out_frontend_counter <= forward ? s6_translation.frontend_counter : '0;
      out_endpoint <= forward ? s6_translation.endpoint : '0;
      out_egress <= s6_transmit ? s6_egress : !s6_ingress;
      out_verdict <= s6_verdict;
      out_reason <= {3'd0, s6_reason};
      if (forward) begin
        out_egress <= s6_next_hop.egress;
        out_verdict <= card_pkg::VERDICT_FORWARD[1:0];
        out_reason <= card_pkg::REASON_NONE;
      end else if (s6_translate) begin
        out_verdict <= card_pkg::VERDICT_PUNT[1:0];
        out_reason <= bad ? card_pkg::REASON_TABLE_PARITY : card_pkg::REASON_NO_NEXT_HOP;
      end
    end
  end

  wire count = out_valid && out_first && out_verdict == card_pkg::VERDICT_FORWARD[1:0];
  counter_table #(.ROWS_LOG2(FRONTENDS_LOG2)) frontend_counters (
      .clk(clk),
      .rst(rst),
      .count(count),
      .count_index(out_frontend_counter[FRONTENDS_LOG2-1:0]),
      .bytes(out_length),
      .host_write(host_write[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]]),
      .host_read(host_read[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]]),
      .host_index(host_index[FRONTENDS_LOG2-1:0]),
      .host_data(host_data[card_pkg::FRONTEND_COUNTER_ROW_BITS-1:0]),
      .row(host_frontend_counter)
  );
  counter_table #(.ROWS_LOG2(ENDPOINTS_LOG2)) endpoint_counters (
      .clk(clk),
      .rst(rst),
      .count(count),
      .count_index(out_endpoint[ENDPOINTS_LOG2-1:0]),
      .bytes(out_length),
      .host_write(host_write[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]]),
      .host_read(host_read[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]]),
      .host_index(host_index[ENDPOINTS_LOG2-1:0]),
      .host_data(host_data[card_pkg::ENDPOINT_COUNTER_ROW_BITS-1:0]),
      .row(host_endpoint_counter)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) if (!rst && s6_translate) assert (s6_valid && s6_first);
`endif
endmodule

`default_nettype wire
