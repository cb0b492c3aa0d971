// A stand-in for the datapath with its ports: every packet comes out unchanged LATENCY clocks later, and the first frame
// byte says what became of it: bits 1..0 verdict, 2 back to where it came from, 3 an event, 7..4 the reason: none or 10
// to 24. Rows live in a memory of 256 rows a table; row_ready is 0 every eighth clock.
`default_nettype none
module datapath #(
    parameter LATENCY = 24
) (
    input wire clk,
    input wire rst,
    input wire [1:0] mode,
    input wire [31:0] slot_hash_seed,
    input wire [31:0] masquerade_address,
    input wire [15:0] masquerade_port_base,
    input wire [15:0] masquerade_port_mask,
    input wire [127:0] masquerade_ipv6_address,
    input wire host_sctp,
    input wire host_tcp,
    input wire host_udp,
    input wire [31:0] vxlan_address,
    input wire [15:0] vxlan_port,
    input wire [23:0] vxlan_vni,
    input wire [47:0] vxlan_mac,
    input wire [15:0] vxlan_mtu,
    input wire [2047:0] service_ranges,
    input wire [19:0] tick,
    input wire [139:0] timeouts,
    input wire [19:0] unconfirmed_quota,
    output logic [31:0] sweeps,

    input wire in_valid,
    input wire in_first,
    input wire in_last,
    input wire [511:0] in_data,
    input wire [63:0] in_keep,
    input wire [15:0] in_length,
    input wire in_ingress,
    input wire in_injected,
    input wire in_transmit,
    input wire in_egress,
    input wire [3:0] in_attempt,
    input wire in_directed,
    input wire [19:0] in_endpoint,
    input wire [31:0] in_tag,

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
    output logic [5:0] out_strip_bytes,
    output logic out_wrapped,
    output logic [31:0] out_vxlan_address,
    output logic [95:0] out_outer_macs,
    output logic [7:0] out_tos,
    output logic [15:0] out_flow_port,

    input wire row_valid,
    output logic row_ready,
    input wire row_write,
    input wire [1:0] row_flip,
    input wire [7:0] row_table,
    input wire [31:0] row_index,
    input wire [415:0] row_data,
    output logic row_read_valid,
    output logic [415:0] row_read_data,
    output logic want_gap,

    output logic event_valid,
    output logic [511:0] event_line
);
  localparam BITS = 1 + 1 + 512 + 64 + 16 + 1 + 1 + 1 + 1 + 4 + 32 + 8;

  logic [7:0] first_byte, program_byte;
  assign program_byte = in_first ? in_data[7:0] : first_byte;
  always_ff @(posedge clk) if (in_valid && in_first) first_byte <= in_data[7:0];

  logic [LATENCY-1:0] valid;
  logic [BITS-1:0] delayed[LATENCY];
  always_ff @(posedge clk) begin
    valid <= rst ? '0 : {valid[LATENCY-2:0], in_valid};
    delayed[0] <= {in_first, in_last, in_data, in_keep, in_length, in_ingress, in_injected, in_transmit, in_egress,
                   in_attempt, in_tag, program_byte};
    for (int i = 1; i < LATENCY; i++) delayed[i] <= delayed[i-1];
  end

  logic transmit, egress;
  logic [7:0] how;
  assign {out_first, out_last, out_data, out_keep, out_length, out_ingress, out_injected, transmit, egress,
          out_attempt, out_tag, how} = delayed[LATENCY-1];
  assign out_valid = valid[LATENCY-1];
  assign out_verdict = transmit || mode == 2'd0 ? 2'd0 : how[1:0];
  assign out_reason = out_verdict == 2'd0 || how[7:4] == 4'd0 ? 8'd0 : 8'(how[7:4]) + 8'd9;
  assign out_egress = transmit ? egress : mode == 2'd0 ? !out_ingress : !out_ingress ^ how[2];
  assign out_frontend_counter = out_tag[15:0];
  assign out_endpoint = out_tag[19:0];
  assign out_learned = how[3];
  assign out_strip_bytes = '0;
  assign out_wrapped = 1'b0;
  assign {out_vxlan_address, out_outer_macs, out_tos, out_flow_port} = '0;

  logic [31:0] events;
  assign event_valid = out_valid && out_first && how[3] && mode != 2'd0;
  assign want_gap = 1'b0;
  assign sweeps = 32'(tick) ^ 32'(timeouts[139:120]) ^ 32'(unconfirmed_quota);
  // All bits that a line of either family uses.
  assign event_line = {48'd0, {424{1'b1}}, events, 8'd0} | 512'(card_pkg::EVENT_KIND_LEARN);
  always_ff @(posedge clk) events <= rst ? '0 : events + 32'(event_valid);

  (* ram_style = "block" *) logic [415:0] rows[16 * 256];
  logic [2:0] count;
  always_ff @(posedge clk) begin
    count <= rst ? '0 : count + 3'd1;
    row_read_valid <= row_valid && row_ready && !row_write && !rst;
    row_read_data <= rows[{row_table[3:0], row_index[7:0]}];
    if (row_valid && row_ready && row_write) rows[{row_table[3:0], row_index[7:0]}] <= row_data;
  end
  assign row_ready = count != '1;
endmodule
`default_nettype wire
