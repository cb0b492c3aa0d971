// The end of the pipeline: next hop, checksums, what leaves of the frame, rewriting and counters.
//
// Latency: 10 clocks from the decision to the packet's first beat. Throughput: one beat a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1..8  | checksums (checksum_update) |
// | 5     | next hop's number |
// | 6, 7  | next hop (memory) |
// | 9     | where it goes, and what leaves of it |
// | 10    | verdict, the beat rewritten; counted from here |
//
// A host read of next hops is made in place of stage 5's number.
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
    input wire logic ipv6,
    input wire card_pkg::tuple_ipv6_t tuple,
    input wire card_pkg::tuple_ipv6_t other,  // turned round, what the packet leaves with
    input wire logic [11:0] next_hop,
    input wire logic [15:0] frontend_counter,
    input wire logic [19:0] endpoint,
    input wire logic [15:0] ip_checksum,
    input wire logic [15:0] l4_checksum,
    input wire logic tunnelled,  // the packet came through the tunnel
    input wire logic too_long,  // to go into it
    input wire logic [1:0] ecn_step,
    input wire logic congestion_lost,
    input wire logic [47:0] vxlan_mac,
    output logic s3_translate,
    output logic s8_translate,

    // The packet's beats as they came, in stage 8
    input wire logic s8_valid,
    input wire logic s8_first,
    input wire logic s8_last,
    input wire logic [511:0] s8_data,
    input wire logic [63:0] s8_keep,
    input wire logic [15:0] s8_length,
    input wire logic s8_ingress,
    input wire logic s8_injected,
    input wire logic s8_transmit,
    input wire logic s8_egress,
    input wire logic [3:0] s8_attempt,
    input wire logic [31:0] s8_tag,

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
    output logic [5:0] out_strip_bytes,  // it has lost so many in front
    output logic out_wrapped,  // goes into the tunnel: by tunnel_wrap, with these
    output logic [31:0] out_vxlan_address,
    output logic [95:0] out_outer_macs,
    output logic [7:0] out_tos,
    output logic [15:0] out_flow_port,

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
  localparam int TUPLE_BITS = card_pkg::TUPLE_IPV6_BITS;
  localparam logic [7:0] TCP = 8'd6;

  wire translated = valid && translate;
  logic [9:1] stage_translate;
  always_ff @(posedge clk) stage_translate <= rst ? '0 : {stage_translate[8:1], translated};
  assign s3_translate = stage_translate[3];
  assign s8_translate = stage_translate[8];
  wire s9_translate = stage_translate[9];

  wire card_pkg::tuple_ipv6_t to, s9_to;
  assign to.source_address = other.destination_address;
  assign to.destination_address = other.source_address;
  assign to.source_port = other.destination_port;
  assign to.destination_port = other.source_port;
  assign to.protocol = other.protocol;
  wire s9_tcp;
  delay #(.WIDTH(TUPLE_BITS + 1), .CLOCKS(9)) to_delay (
      .clk(clk),
      .in({other.protocol == TCP, to}),
      .out({s9_tcp, s9_to})
  );

  wire [15:0] s8_ip_checksum, s8_l4_checksum;
  wire [1:0] s8_ecn_step;
  wire s8_tunnelled, s8_too_long, s8_congestion_lost;
  delay #(.WIDTH(5), .CLOCKS(8)) tunnel_delay (
      .clk(clk),
      .in({tunnelled, too_long, ecn_step, congestion_lost}),
      .out({s8_tunnelled, s8_too_long, s8_ecn_step, s8_congestion_lost})
  );
  checksum_update checksums (
      .clk(clk),
      .valid(translated),
      .ecn_step(ecn_step),
      .old_tuple(tuple),
      .new_tuple(to),
      .old_ip(ip_checksum),
      .old_l4(l4_checksum),
      .new_ip(s8_ip_checksum),
      .new_l4(s8_l4_checksum)
  );

  wire s9_learned, s9_ipv6, s8_translation_bad;
  wire [1:0] s9_verdict;
  wire [4:0] s9_reason;
  delay #(.WIDTH(1), .CLOCKS(8)) bad_delay (.clk(clk), .in(translation_bad), .out(s8_translation_bad));
  delay #(.WIDTH(9), .CLOCKS(9)) decision_delay (
      .clk(clk),
      .in({ipv6, learned, verdict, reason}),
      .out({s9_ipv6, s9_learned, s9_verdict, s9_reason})
  );
  wire [11:0] s5_next_hop_index, s8_next_hop_index;
  wire [35:0] s9_counters;
  delay #(.WIDTH(12), .CLOCKS(5)) next_hop_delay_5 (.clk(clk), .in(next_hop), .out(s5_next_hop_index));
  delay #(.WIDTH(12), .CLOCKS(3)) next_hop_delay_8 (.clk(clk), .in(s5_next_hop_index), .out(s8_next_hop_index));
  delay #(.WIDTH(36), .CLOCKS(9)) counters_delay (.clk(clk), .in({frontend_counter, endpoint}), .out(s9_counters));

  wire host_read_next_hops = host_read[card_pkg::TABLE_NEXT_HOPS[3:0]];
  wire [card_pkg::NEXT_HOP_ROW_BITS-1:0] s7_next_hop;
  wire card_pkg::next_hop_row_t s7_row;
  assign s7_row = s7_next_hop;
  card_pkg::next_hop_row_t s8_next_hop, s9_next_hop;
  logic s8_tunnel;
  wire s8_next_hop_bad, host_parity;
  xor_tree #(.WIDTH(card_pkg::NEXT_HOP_ROW_BITS + 1)) parity (.in({host_flip, host_data}), .out(host_parity));
  parity_ram #(
      .WIDTH(card_pkg::NEXT_HOP_ROW_BITS),
      .DEPTH_LOG2(NEXT_HOPS_LOG2),
      .RAM_STYLE("block")
  ) next_hops (
      .clk(clk),
      .write_enable(host_write[card_pkg::TABLE_NEXT_HOPS[3:0]]),
      .write_address(host_index[NEXT_HOPS_LOG2-1:0]),
      .write_data(host_data),
      .write_parity(host_parity),
      .read_enable(stage_translate[5] || host_read_next_hops),
      .read_address(host_read_next_hops ? host_index[NEXT_HOPS_LOG2-1:0] : s5_next_hop_index[NEXT_HOPS_LOG2-1:0]),
      .read_data(s7_next_hop),
      .read_bad(s8_next_hop_bad)
  );
  assign host_next_hop = s7_next_hop;
  always_ff @(posedge clk) begin
    s8_next_hop <= s7_next_hop;
    s8_tunnel <= s7_row.vxlan_address != '0;
    s9_next_hop <= s8_next_hop;
    report <= s8_translate && s8_next_hop_bad && !rst;
    report_index <= 20'(s8_next_hop_index[NEXT_HOPS_LOG2-1:0]);
  end

  wire bad = s8_translation_bad || s8_next_hop_bad;
  wire found = s8_translate && s8_next_hop.valid && !bad;
  wire into_tunnel = found && s8_tunnel;
  wire cannot_enter = into_tunnel && s8_too_long;
  wire congestion = found && s8_congestion_lost;
  wire forward = found && !cannot_enter && !congestion;
  logic s9_bad, s9_into_tunnel, s9_cannot_enter, s9_congestion, s9_forward;
  logic [1:0] s9_ecn_step;
  logic [15:0] s9_ip_checksum, s9_l4_checksum;
  always_ff @(posedge clk) begin
    {s9_bad, s9_into_tunnel, s9_cannot_enter, s9_congestion, s9_forward} <=
        {bad, into_tunnel, cannot_enter, congestion, forward};
    {s9_ecn_step, s9_ip_checksum, s9_l4_checksum} <= {s8_ecn_step, s8_ip_checksum, s8_l4_checksum};
  end

  logic s9_valid, s9_first, s9_last, s9_ingress, s9_injected, s9_transmit, s9_egress;
  logic [511:0] s9_data;
  logic [63:0] s9_keep;
  logic [15:0] s9_length;
  logic [3:0] s9_attempt;
  logic [31:0] s9_tag;
  always_ff @(posedge clk) begin
    s9_valid <= s8_valid && !rst;
    if (s8_valid) begin
      {s9_first, s9_last, s9_data, s9_keep, s9_length} <= {s8_first, s8_last, s8_data, s8_keep, s8_length};
      {s9_ingress, s9_injected, s9_transmit, s9_egress} <= {s8_ingress, s8_injected, s8_transmit, s8_egress};
      {s9_attempt, s9_tag} <= {s8_attempt, s8_tag};
    end
  end

  // What goes away in front, for all beats of a packet; and whether a tag stays, with the first beat
  localparam logic [5:0] TAG_BYTES = 6'd4;
  localparam logic [5:0] TUNNEL_BYTES = 6'(card_pkg::TUNNEL_BYTES);
  wire s8_vlan = s8_data[12*8+:16] == 16'h0081;
  logic s9_strip_tunnel, s9_strip_tag, s9_tagged;
  wire [5:0] s9_strip_bytes = s9_strip_tunnel ? TUNNEL_BYTES : s9_strip_tag ? TAG_BYTES : '0;
  always_ff @(posedge clk) begin
    if (s8_valid && s8_first) begin
      s9_strip_tunnel <= forward && s8_tunnelled;
      s9_strip_tag <= forward && !s8_tunnelled && s8_vlan && into_tunnel;
      s9_tagged <= s8_vlan && !(forward && (s8_tunnelled || into_tunnel));
    end
  end
  wire shifted_none, shifted_last;
  wire [511:0] shifted;
  wire [63:0] shifted_keep;
  frame_shift shift (
      .tag(s9_strip_tag),
      .tunnel(s9_strip_tunnel),
      .first(s9_first),
      .last(s9_last),
      .data(s9_data),
      .keep(s9_keep),
      .next(s8_valid && !s8_first),
      .next_data(s8_data),
      .next_keep(s8_keep),
      .out_none(shifted_none),
      .out_last(shifted_last),
      .out_data(shifted),
      .out_keep(shifted_keep)
  );

  // A packet's second beat comes one clock behind the first.
  logic second, second_tcp;
  logic [15:0] second_l4_checksum;
  always_ff @(posedge clk) begin
    second <= s9_first && s9_forward && s9_ipv6;
    second_tcp <= s9_tcp;
    second_l4_checksum <= s9_l4_checksum;
  end
  wire of_second = second && !s9_first;
  wire [511:0] rewritten;
  frame_rewrite rewrite (
      .in(shifted),
      .first(s9_first && s9_forward),
      .second(of_second),
      .ipv6(s9_ipv6),
      .tcp(of_second ? second_tcp : s9_tcp),
      .vlan(s9_tagged),
      .macs(s9_into_tunnel ? {s9_next_hop.vxlan_mac, vxlan_mac} : {s9_next_hop.destination_mac, s9_next_hop.source_mac}),
      .ecn_step(s9_ecn_step),
      .to(s9_to),
      .ip_checksum(s9_ip_checksum),
      .l4_checksum(of_second ? second_l4_checksum : s9_l4_checksum),
      .out(rewritten)
  );

  always_ff @(posedge clk) begin
    out_valid <= s9_valid && !shifted_none && !rst;
    if (s9_valid) begin
      out_first <= s9_first;
      out_last <= shifted_last;
      out_data <= rewritten;
      out_keep <= shifted_keep;
    end
    if (s9_valid && s9_first) begin
      out_length <= s9_length - 16'(s9_strip_bytes);
      out_strip_bytes <= s9_strip_bytes;
      out_ingress <= s9_ingress;
      out_injected <= s9_injected;
      out_attempt <= s9_attempt;
      out_tag <= s9_tag;
      out_learned <= s9_learned;
      out_frontend_counter <= s9_forward ? s9_counters[35:20] : '0;
      out_endpoint <= s9_forward ? s9_counters[19:0] : '0;
      out_egress <= s9_transmit ? s9_egress : !s9_ingress;
      out_verdict <= s9_verdict;
      out_reason <= {3'd0, s9_reason};
      out_wrapped <= s9_forward && s9_into_tunnel;
      out_vxlan_address <= s9_next_hop.vxlan_address;
      out_outer_macs <= {s9_next_hop.destination_mac, s9_next_hop.source_mac};
      out_flow_port <= 16'hc000 | ((s9_to.source_port ^ s9_to.destination_port ^ s9_to.source_address[15:0] ^
                                    s9_to.destination_address[15:0]) & 16'h3fff);
      if (s9_forward) begin
        out_egress <= s9_next_hop.egress;
        out_verdict <= card_pkg::VERDICT_FORWARD[1:0];
        out_reason <= card_pkg::REASON_NONE;
      end else if (s9_congestion && !s9_cannot_enter) begin
        out_verdict <= card_pkg::VERDICT_DROP[1:0];
        out_reason <= card_pkg::REASON_TUNNEL_CONGESTION;
      end else if (s9_translate) begin
        out_verdict <= card_pkg::VERDICT_PUNT[1:0];
        out_reason <= s9_bad ? card_pkg::REASON_TABLE_PARITY
                    : s9_cannot_enter ? card_pkg::REASON_TOO_BIG : card_pkg::REASON_NO_NEXT_HOP;
      end
    end
  end
  // The type of service goes with the first beat.
  assign out_tos = out_data[12*8+:16] == 16'hdd86 ? {out_data[14*8+:4], out_data[15*8+4+:4]} : out_data[15*8+:8];

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
  always_ff @(posedge clk) if (!rst && s9_translate) assert (s9_valid && s9_first);
`endif
endmodule

`default_nettype wire
