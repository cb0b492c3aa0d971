// A transmit port: a FIFO of beats, the tunnel's headers, and the byte mask of each last beat. A frame's beats come in consecutive clocks, so a
// frame once begun has no gap that the receiver did not ask for.
//
// Latency: 4 clocks. Throughput: a beat every clock. The FIFO never overflows: egress counts its room.
`default_nettype none
module transmit_port #(
    parameter DEPTH_LOG2 = 10
) (
    input wire clk,
    input wire rst,

    input wire [31:0] vxlan_address,
    input wire [15:0] vxlan_port,
    input wire [23:0] vxlan_vni,
    input wire header_write,  // of a wrapped frame, soon after its first beat
    input wire [183:0] header,

    input wire write,
    input wire write_injected,
    input wire write_wrapped,
    input wire write_last,
    input wire [5:0] write_bytes,
    input wire [511:0] write_data,

    output logic freed,           // a beat of a port's frame left the FIFO
    output logic freed_injected,  // a beat of an injected frame did
    output logic sent,            // a whole frame left the card

    output logic [511:0] m_axis_tdata,
    output logic [63:0] m_axis_tkeep,
    output logic m_axis_tlast,
    output logic m_axis_tvalid,
    input wire m_axis_tready
);
  logic beat_valid, beat_injected, beat_wrapped, beat_last, beat_take, leaving_valid, leaving_last, leaving_take;
  logic [5:0] beat_bytes, leaving_bytes;
  logic [511:0] beat_data, leaving_data;
  logic [63:0] last_keep;

  fifo #(
      .WIDTH(521),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) beats (
      .clk, .rst,
      .write,
      .write_data({write_injected, write_wrapped, write_last, write_bytes, write_data}),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(beat_valid),
      .read_data({beat_injected, beat_wrapped, beat_last, beat_bytes, beat_data}),
      .read(beat_take)
  );

  tunnel_wrap #(
      .DEPTH_LOG2(DEPTH_LOG2)
  ) wrap (
      .clk, .rst, .vxlan_address, .vxlan_port, .vxlan_vni, .header_write, .header,
      .in_valid(beat_valid),
      .in_wrapped(beat_wrapped),
      .in_last(beat_last),
      .in_bytes(beat_bytes),
      .in_data(beat_data),
      .in_take(beat_take),
      .out_valid(leaving_valid),
      .out_last(leaving_last),
      .out_bytes(leaving_bytes),
      .out_data(leaving_data),
      .out_take(leaving_take)
  );

  byte_mask last_mask (
      .bytes(leaving_bytes),
      .mask (last_keep)
  );

  skid_buffer #(
      .WIDTH(577)
  ) output_register (
      .clk, .rst,
      .in_valid(leaving_valid),
      .in_ready(leaving_take),
      .in_data({leaving_last, leaving_last ? last_keep : 64'hffff_ffff_ffff_ffff, leaving_data}),
      .out_valid(m_axis_tvalid),
      .out_ready(m_axis_tready),
      .out_data({m_axis_tlast, m_axis_tkeep, m_axis_tdata})
  );

  always_ff @(posedge clk) begin
    freed <= beat_take && !beat_injected && !rst;
    freed_injected <= beat_take && beat_injected && !rst;
    sent <= m_axis_tvalid && m_axis_tready && m_axis_tlast && !rst;
  end
endmodule
`default_nettype wire
