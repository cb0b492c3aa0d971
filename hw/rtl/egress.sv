// Decides where each packet from the datapath goes: a transmit port, the punt ring, or nowhere. All beats of a packet
// come in consecutive clocks, so a packet that has room at its first beat has room to its last.
//
// Room is counted in lines promised, per destination, in two halves: packets from the ports use one and are dropped whole
// where it is short; injected packets own the other, which inject_credits hands out before they enter the datapath.
//
// | stage | what |
// |---|---|
// | s1 | destination, lines, whether they fit |
// | s2 | accepted or dropped, counted |
//
// Latency: 2 clocks. Throughput: a beat every clock.
`default_nettype none
module egress #(
    parameter DEPTH_LOG2 = 10  // lines of the FIFO behind each destination; ports may use half of them
) (
    input wire clk,
    input wire rst,
    input wire capture,
    input wire punt_enable,  // 0: the rings do not run, nothing can be punted
    input wire punt_reset,   // the punt FIFO is being emptied
    input wire [63:0] cycle,

    input wire in_valid,
    input wire in_first,
    input wire in_last,
    input wire [511:0] in_data,
    input wire [15:0] in_length,
    input wire in_ingress,
    input wire in_injected,
    input wire [3:0] in_attempt,
    input wire [31:0] in_tag,
    input wire [1:0] in_verdict,
    input wire [7:0] in_reason,
    input wire in_egress,
    input wire [15:0] in_frontend_counter,
    input wire [19:0] in_endpoint,
    input wire in_learned,
    input wire [5:0] in_strip_bytes,  // the packet came with so many more
    input wire in_wrapped,
    input wire [31:0] in_vxlan_address,
    input wire [95:0] in_outer_macs,
    input wire [7:0] in_tos,
    input wire [15:0] in_flow_port,

    // Destinations 0 uplink, 1 node, 2 punt: one beat for those whose `write` is set. `injected` and `last` go with it.
    output logic [2:0] write,
    output logic write_injected,
    output logic write_wrapped,  // the frame goes into the tunnel
    output logic write_last,
    output logic [5:0] write_bytes,  // of the packet's last beat, 0 is 64
    output logic [511:0] write_data,

    // With the first beat of a wrapped frame, by destination; what tunnel_header makes a header of.
    output logic [2:0] wrap_write,
    output logic [15:0] wrap_length,
    output logic [31:0] wrap_address,
    output logic [95:0] wrap_macs,
    output logic [7:0] wrap_tos,
    output logic [15:0] wrap_flow_port,

    // With the first beat of a punted packet; fields the reserved ones and the sequence number apart.
    output logic record_write,
    output card_pkg::punt_line_t record,

    // Lines that left each destination's FIFO: of port packets, and what injected packets give back at once.
    input wire [2:0] freed,
    output logic injected_exit,
    output logic [2:0] injected_release,  // all of the packet's lines
    output logic [2:0] injected_shrunk,   // one line, which the packet does not need any more
    output logic [7:0] injected_lines,

    // For a clock a packet, for the statistics.
    output logic counted,
    output logic [1:0] counted_verdict,
    output logic counted_punted,
    output logic counted_captured,
    output logic counted_dropped,
    output logic [7:0] counted_reason
);
  localparam logic [DEPTH_LOG2:0] PortLines = 1 << (DEPTH_LOG2 - 1);
  localparam logic [DEPTH_LOG2:0] Margin = 5;  // packets accepted since `room` was compared: one beat each

  localparam logic [1:0] Pass = card_pkg::VERDICT_PASS[1:0];
  localparam logic [1:0] Forward = card_pkg::VERDICT_FORWARD[1:0];
  localparam logic [1:0] Punt = card_pkg::VERDICT_PUNT[1:0];
  localparam logic [1:0] Drop = card_pkg::VERDICT_DROP[1:0];

  // s1
  logic s1_valid, s1_first, s1_last, s1_ingress, s1_injected, s1_egress, s1_learned, s1_wrapped;
  logic [31:0] s1_vxlan_address;
  logic [95:0] s1_outer_macs;
  logic [7:0] s1_tos;
  logic [15:0] s1_flow_port;
  logic [511:0] s1_data;
  logic [15:0] s1_length, s1_frontend_counter;
  logic [3:0] s1_attempt;
  logic [31:0] s1_tag;
  logic [1:0] s1_verdict;
  logic [7:0] s1_reason;
  logic [19:0] s1_endpoint;
  logic [2:0] s1_target;  // one-hot, none for a drop
  logic [7:0] s1_lines, s1_came_lines;
  logic [2:0] s1_fits;

  logic [DEPTH_LOG2:0] room_uplink, room_node, room_punt;
  logic [7:0] in_lines, in_came_lines;
  logic [15:0] in_came_length;
  logic to_port;

  assign in_lines = in_length[13:6] + 8'(in_length[5:0] != 6'd0);
  assign in_came_length = in_length + 16'(in_strip_bytes);
  assign in_came_lines = in_came_length[13:6] + 8'(in_came_length[5:0] != 6'd0);
  assign to_port = !capture && (in_verdict == Pass || in_verdict == Forward);

  always_ff @(posedge clk) begin
    s1_valid <= in_valid && !rst;
    s1_first <= in_first;
    s1_last <= in_last;
    s1_data <= in_data;
    s1_length <= in_length;
    s1_ingress <= in_ingress;
    s1_injected <= in_injected;
    s1_attempt <= in_attempt;
    s1_tag <= in_tag;
    s1_verdict <= in_verdict;
    s1_reason <= in_reason;
    s1_egress <= in_egress;
    s1_frontend_counter <= in_frontend_counter;
    s1_endpoint <= in_endpoint;
    s1_learned <= in_learned;
    s1_wrapped <= in_wrapped;
    s1_vxlan_address <= in_vxlan_address;
    s1_outer_macs <= in_outer_macs;
    s1_tos <= in_tos;
    s1_flow_port <= in_flow_port;
    s1_target <= {capture || in_verdict == Punt, to_port && in_egress, to_port && !in_egress};
    s1_lines <= in_lines;
    s1_came_lines <= in_came_lines;
    s1_fits <= {room_punt >= (DEPTH_LOG2+1)'(in_lines) + Margin,
                room_node >= (DEPTH_LOG2+1)'(in_lines) + Margin,
                room_uplink >= (DEPTH_LOG2+1)'(in_lines) + Margin};
  end

  // s2
  logic begins, accepted, going, unwanted;
  logic [2:0] charged;  // a clock later
  logic [7:0] charged_lines;

  assign begins = s1_valid && s1_first;
  assign accepted = (s1_injected || (s1_target & s1_fits) != '0) && (!s1_target[2] || punt_enable);
  assign unwanted = s1_target == '0;

  function automatic logic [DEPTH_LOG2:0] moved(input logic [DEPTH_LOG2:0] room, input logic charge,
                                                input logic [7:0] lines, input logic free);
    moved = room - (charge ? (DEPTH_LOG2 + 1)'(lines) : '0) + (DEPTH_LOG2 + 1)'(free);
  endfunction

  always_ff @(posedge clk) begin
    charged <= s1_target & {3{begins && accepted && !s1_injected}};
    charged_lines <= s1_lines;
    room_uplink <= moved(room_uplink, charged[0], charged_lines, freed[0]);
    room_node <= moved(room_node, charged[1], charged_lines, freed[1]);
    room_punt <= moved(room_punt, charged[2], charged_lines, freed[2]);
    if (s1_valid) going <= s1_first ? accepted : going;
    if (punt_reset) room_punt <= PortLines;
    if (punt_reset && s1_target[2]) going <= 1'b0;
    if (rst) begin
      charged <= '0;
      room_uplink <= PortLines;
      room_node <= PortLines;
      going <= 1'b0;
    end
  end

  always_ff @(posedge clk) begin
    write <= s1_target & {3{s1_valid && (s1_first ? accepted : going)}};
    record_write <= begins && accepted && s1_target[2];
    wrap_write <= s1_target & {3{begins && accepted && s1_wrapped}};
    injected_exit <= begins && s1_injected;
    injected_shrunk <= s1_target & {3{begins && s1_injected && accepted && s1_lines != s1_came_lines}};
    injected_release <= (accepted ? ~s1_target : 3'b111) & {3{begins && s1_injected}};
    counted <= begins;
    counted_punted <= begins && accepted && s1_target[2] && s1_verdict == Punt;
    counted_captured <= begins && accepted && s1_target[2] && s1_verdict != Punt;
    counted_dropped <= begins && (unwanted || !accepted || s1_verdict == Drop);
    if (rst) begin
      write <= '0;
      record_write <= 1'b0;
      wrap_write <= '0;
      injected_exit <= 1'b0;
      injected_release <= '0;
      injected_shrunk <= '0;
      counted <= 1'b0;
      counted_punted <= 1'b0;
      counted_captured <= 1'b0;
      counted_dropped <= 1'b0;
    end
  end

  always_ff @(posedge clk) begin
    write_injected <= s1_injected;
    write_wrapped <= s1_wrapped;
    wrap_length <= s1_length;
    wrap_address <= s1_vxlan_address;
    wrap_macs <= s1_outer_macs;
    wrap_tos <= s1_tos;
    wrap_flow_port <= s1_flow_port;
    write_last <= s1_last;
    write_bytes <= s1_length[5:0];
    write_data <= s1_data;
    injected_lines <= s1_came_lines;
    counted_verdict <= s1_verdict;
    if (unwanted || accepted) counted_reason <= s1_reason;
    else counted_reason <= s1_target[2] ? card_pkg::REASON_PUNT_RING_FULL : card_pkg::REASON_TRANSMIT_OVERFLOW;
  end

  card_pkg::punt_line_t described;
  always_comb begin
    described = '0;
    described.length = s1_wrapped ? s1_length + 16'(card_pkg::TUNNEL_BYTES) : s1_length;
    described.verdict = 8'(s1_verdict);
    described.reason = s1_reason;
    described.ingress = 8'(s1_ingress);
    described.egress = 8'(s1_egress);
    described.attempt = 8'(s1_attempt);
    described.injected = 8'(s1_injected);
    described.tag = s1_tag;
    described.frontend_counter = s1_frontend_counter;
    described.learned = 16'(s1_learned);
    described.endpoint = 32'(s1_endpoint);
    described.cycle = cycle;
  end
  always_ff @(posedge clk) record <= described;

`ifndef SYNTHESIS
  logic in_packet;
  always_ff @(posedge clk) begin
    if (in_valid) in_packet <= !in_last;
    if (rst) in_packet <= 1'b0;
    else assert (!in_packet || in_valid);
  end
`endif
endmodule
`default_nettype wire
