// A transmit port: a FIFO of beats and the byte mask of each last one. A frame's beats come in consecutive clocks, so a
// frame once begun has no gap that the receiver did not ask for.
//
// Latency: 4 clocks. Throughput: a beat every clock. The FIFO never overflows: egress counts its room.
`default_nettype none
module transmit_port #(
    parameter DEPTH_LOG2 = 10
) (
    input wire clk,
    input wire rst,

    input wire write,
    input wire write_injected,
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
  logic beat_valid, beat_injected, beat_last, beat_take;
  logic [5:0] beat_bytes;
  logic [511:0] beat_data;
  logic [63:0] last_keep;

  fifo #(
      .WIDTH(520),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) beats (
      .clk, .rst,
      .write,
      .write_data({write_injected, write_last, write_bytes, write_data}),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(beat_valid),
      .read_data({beat_injected, beat_last, beat_bytes, beat_data}),
      .read(beat_valid && beat_take)
  );

  byte_mask last_mask (
      .bytes(beat_bytes),
      .mask (last_keep)
  );

  skid_buffer #(
      .WIDTH(577)
  ) output_register (
      .clk, .rst,
      .in_valid(beat_valid),
      .in_ready(beat_take),
      .in_data({beat_last, beat_last ? last_keep : 64'hffff_ffff_ffff_ffff, beat_data}),
      .out_valid(m_axis_tvalid),
      .out_ready(m_axis_tready),
      .out_data({m_axis_tlast, m_axis_tkeep, m_axis_tdata})
  );

  always_ff @(posedge clk) begin
    freed <= beat_valid && beat_take && !beat_injected && !rst;
    freed_injected <= beat_valid && beat_take && beat_injected && !rst;
    sent <= m_axis_tvalid && m_axis_tready && m_axis_tlast && !rst;
  end
endmodule
`default_nettype wire
