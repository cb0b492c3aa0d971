// The end of the pipeline: next hop, checksums, what leaves of the frame, rewriting and counters.
//
// Latency: 9 clocks from the decision to the packet's first beat. Throughput: one beat a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1..8  | checksums (checksum_update) |
// | 5     | next hop's number |
// | 6, 7  | next hop (memory) |
// | 9     | verdict, the beat rewritten; counted from here |
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
    output logic s4_translate,
    output logic s8_translate,

    // The packet's beats as they came, in stage 7
    input wire logic s7_valid,
    input wire logic s7_first,
    input wire logic s7_last,
    input wire logic [511:0] s7_data,
    input wire logic [63:0] s7_keep,
    input wire logic [15:0] s7_length,
    input wire logic s7_ingress,
    input wire logic s7_injected,
    input wire logic s7_transmit,
    input wire logic s7_egress,
    input wire logic [3:0] s7_attempt,
    input wire logic [31:0] s7_tag,

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
  logic [8:1] stage_translate;
  always_ff @(posedge clk) stage_translate <= rst ? '0 : {stage_translate[7:1], translated};
  assign s4_translate = stage_translate[4];
  assign s8_translate = stage_translate[8];

  wire card_pkg::tuple_ipv6_t to, s8_to;
  assign to.source_address = other.destination_address;
  assign to.destination_address = other.source_address;
  assign to.source_port = other.destination_port;
  assign to.destination_port = other.source_port;
  assign to.protocol = other.protocol;
  delay #(.WIDTH(TUPLE_BITS), .CLOCKS(8)) to_delay (.clk(clk), .in(to), .out(s8_to));

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

  wire s8_learned, s8_ipv6, s8_translation_bad;
  wire [1:0] s8_verdict;
  wire [4:0] s8_reason;
  delay #(.WIDTH(10), .CLOCKS(8)) decision_delay (
      .clk(clk),
      .in({translation_bad, ipv6, learned, verdict, reason}),
      .out({s8_translation_bad, s8_ipv6, s8_learned, s8_verdict, s8_reason})
  );
  wire [11:0] s5_next_hop_index, s8_next_hop_index;
  wire [35:0] s8_counters;
  delay #(.WIDTH(12), .CLOCKS(5)) next_hop_delay_5 (.clk(clk), .in(next_hop), .out(s5_next_hop_index));
  delay #(.WIDTH(12), .CLOCKS(3)) next_hop_delay_8 (.clk(clk), .in(s5_next_hop_index), .out(s8_next_hop_index));
  delay #(.WIDTH(36), .CLOCKS(8)) counters_delay (.clk(clk), .in({frontend_counter, endpoint}), .out(s8_counters));

  wire host_read_next_hops = host_read[card_pkg::TABLE_NEXT_HOPS[3:0]];
  wire [card_pkg::NEXT_HOP_ROW_BITS-1:0] s7_next_hop;
  card_pkg::next_hop_row_t s8_next_hop;
  wire s8_next_hop_bad;
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
      .read_enable(stage_translate[5] || host_read_next_hops),
      .read_address(host_read_next_hops ? host_index[NEXT_HOPS_LOG2-1:0] : s5_next_hop_index[NEXT_HOPS_LOG2-1:0]),
      .read_data(s7_next_hop),
      .read_bad(s8_next_hop_bad)
  );
  assign host_next_hop = s7_next_hop;
  always_ff @(posedge clk) begin
    s8_next_hop <= s7_next_hop;
    report <= s8_translate && s8_next_hop_bad && !rst;
    report_index <= 20'(s8_next_hop_index[NEXT_HOPS_LOG2-1:0]);
  end

  wire bad = s8_translation_bad || s8_next_hop_bad;
  wire found = s8_translate && s8_next_hop.valid && !bad;
  wire into_tunnel = found && s8_next_hop.vxlan_address != '0;
  wire cannot_enter = into_tunnel && s8_too_long;
  wire congestion = found && s8_congestion_lost;
  wire forward = found && !cannot_enter && !congestion;

  logic s8_valid, s8_first, s8_last, s8_ingress, s8_injected, s8_transmit, s8_egress;
  logic [511:0] s8_data;
  logic [63:0] s8_keep;
  logic [15:0] s8_length;
  logic [3:0] s8_attempt;
  logic [31:0] s8_tag;
  always_ff @(posedge clk) begin
    s8_valid <= s7_valid && !rst;
    if (s7_valid) begin
      {s8_first, s8_last, s8_data, s8_keep, s8_length} <= {s7_first, s7_last, s7_data, s7_keep, s7_length};
      {s8_ingress, s8_injected, s8_transmit, s8_egress} <= {s7_ingress, s7_injected, s7_transmit, s7_egress};
      {s8_attempt, s8_tag} <= {s7_attempt, s7_tag};
    end
  end

  // What goes away in front, for all beats of a packet
  localparam logic [5:0] TAG_BYTES = 6'd4;
  localparam logic [5:0] TUNNEL_BYTES = 6'(card_pkg::TUNNEL_BYTES);
  wire s8_vlan = s8_data[12*8+:16] == 16'h0081;
  wire [5:0] first_strip = !forward ? '0 : s8_tunnelled ? TUNNEL_BYTES : s8_vlan && into_tunnel ? TAG_BYTES : '0;
  logic [5:0] held_strip;
  wire [5:0] strip_bytes = s8_first ? first_strip : held_strip;
  always_ff @(posedge clk) if (s8_valid) held_strip <= strip_bytes;
  wire shifted_none, shifted_last;
  wire [511:0] shifted;
  wire [63:0] shifted_keep;
  frame_shift shift (
      .strip_bytes(strip_bytes),
      .first(s8_first),
      .last(s8_last),
      .data(s8_data),
      .keep(s8_keep),
      .next(s7_valid && !s7_first),
      .next_data(s7_data),
      .next_keep(s7_keep),
      .out_none(shifted_none),
      .out_last(shifted_last),
      .out_data(shifted),
      .out_keep(shifted_keep)
  );

  // A packet's second beat comes one clock behind the first.
  wire s8_tagged = s8_vlan && strip_bytes == '0;
  wire s8_tcp = s8_to.protocol == TCP;
  logic second, s9_tagged, s9_tcp;
  logic [15:0] s9_l4_checksum;
  always_ff @(posedge clk) begin
    second <= s8_first && forward && s8_ipv6;
    s9_tagged <= s8_tagged;
    s9_tcp <= s8_tcp;
    s9_l4_checksum <= s8_l4_checksum;
  end
  wire of_second = second && !s8_first;
  wire [511:0] rewritten;
  frame_rewrite rewrite (
      .in(shifted),
      .first(s8_first && forward),
      .second(of_second),
      .ipv6(s8_ipv6),
      .tcp(of_second ? s9_tcp : s8_tcp),
      .vlan(of_second ? s9_tagged : s8_tagged),
      .macs(into_tunnel ? {s8_next_hop.vxlan_mac, vxlan_mac} : {s8_next_hop.destination_mac, s8_next_hop.source_mac}),
      .ecn_step(s8_ecn_step),
      .to(s8_to),
      .ip_checksum(s8_ip_checksum),
      .l4_checksum(of_second ? s9_l4_checksum : s8_l4_checksum),
      .out(rewritten)
  );

  always_ff @(posedge clk) begin
    out_valid <= s8_valid && !shifted_none && !rst;
    if (s8_valid) begin
      out_first <= s8_first;
      out_last <= shifted_last;
      out_data <= rewritten;
      out_keep <= shifted_keep;
    end
    if (s8_valid && s8_first) begin
      out_length <= s8_length - 16'(first_strip);
      out_strip_bytes <= first_strip;
      out_ingress <= s8_ingress;
      out_injected <= s8_injected;
      out_attempt <= s8_attempt;
      out_tag <= s8_tag;
      out_learned <= s8_learned;
      out_frontend_counter <= forward ? s8_counters[35:20] : '0;
      out_endpoint <= forward ? s8_counters[19:0] : '0;
      out_egress <= s8_transmit ? s8_egress : !s8_ingress;
      out_verdict <= s8_verdict;
      out_reason <= {3'd0, s8_reason};
      out_wrapped <= forward && into_tunnel;
      out_vxlan_address <= s8_next_hop.vxlan_address;
      out_outer_macs <= {s8_next_hop.destination_mac, s8_next_hop.source_mac};
      out_flow_port <= 16'hc000 | ((s8_to.source_port ^ s8_to.destination_port ^ s8_to.source_address[15:0] ^
                                    s8_to.destination_address[15:0]) & 16'h3fff);
      if (forward) begin
        out_egress <= s8_next_hop.egress;
        out_verdict <= card_pkg::VERDICT_FORWARD[1:0];
        out_reason <= card_pkg::REASON_NONE;
      end else if (congestion && !cannot_enter) begin
        out_verdict <= card_pkg::VERDICT_DROP[1:0];
        out_reason <= card_pkg::REASON_TUNNEL_CONGESTION;
      end else if (s8_translate) begin
        out_verdict <= card_pkg::VERDICT_PUNT[1:0];
        out_reason <= bad ? card_pkg::REASON_TABLE_PARITY
                    : cannot_enter ? card_pkg::REASON_TOO_BIG : card_pkg::REASON_NO_NEXT_HOP;
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
  always_ff @(posedge clk) if (!rst && s8_translate) assert (s8_valid && s8_first);
`endif
endmodule

`default_nettype wire
