// Hands packets to the host: for each one a punt line, then the frame, into the punt ring. What waits here is bounded by
// egress and inject_credits; a ring without room holds it back.
//
// Latency: 4 clocks from a packet's first beat to its burst's request. Throughput: a line every clock.
`default_nettype none
module punt_writer #(
    parameter DEPTH_LOG2 = 10
) (
    input wire clk,
    input wire rst,  // also while the rings stand still: everything waiting is gone
    input wire run,

    input wire [31:0] vxlan_address,
    input wire [15:0] vxlan_port,
    input wire [23:0] vxlan_vni,
    input wire header_write,  // of a wrapped frame that is captured, soon after its first beat
    input wire [183:0] header,

    input wire write,
    input wire write_injected,
    input wire write_wrapped,
    input wire write_last,
    input wire [5:0] write_bytes,
    input wire [511:0] write_data,
    input wire record_write,
    input card_pkg::punt_line_t record,

    output logic freed,
    output logic freed_injected,

    input wire [63:0] base,
    input wire [4:0] lines_log2,
    input wire [31:0] head,
    output logic [31:0] tail,

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,
    output logic line_valid,
    output logic [511:0] line,
    input wire beat_taken,
    input wire beat_last,
    input wire done,
    input wire failed
);
  localparam RECORD_BITS = 256 - 32;  // the fields that are not reserved, without the sequence number

  logic record_valid, beat_valid, beat_injected, beat_wrapped, beat_last_of_frame, beat_take, data_valid, data_last;
  logic next_valid, next_ready, next_taken, line_end;
  logic [5:0] beat_bytes;
  logic [511:0] beat_data;
  logic [RECORD_BITS-1:0] record_fields;
  logic [511:0] data;
  logic in_frame;
  logic [511:0] record_bits;
  assign record_bits = record;
  logic [31:0] sequence_number;

  fifo #(
      .WIDTH(RECORD_BITS),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) records (
      .clk, .rst,
      .write(record_write),
      .write_data(record_bits[255:32]),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(record_valid),
      .read_data(record_fields),
      .read(next_taken && !in_frame)
  );

  fifo #(
      .WIDTH(521),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) frames (
      .clk, .rst,
      .write,
      .write_data({write_injected, write_wrapped, write_last, write_bytes, write_data}),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(beat_valid),
      .read_data({beat_injected, beat_wrapped, beat_last_of_frame, beat_bytes, beat_data}),
      .read(beat_take)
  );

  tunnel_wrap #(
      .DEPTH_LOG2(DEPTH_LOG2)
  ) wrap (
      .clk, .rst, .vxlan_address, .vxlan_port, .vxlan_vni, .header_write, .header,
      .in_valid(beat_valid),
      .in_wrapped(beat_wrapped),
      .in_last(beat_last_of_frame),
      .in_bytes(beat_bytes),
      .in_data(beat_data),
      .in_take(beat_take),
      .out_valid(data_valid),
      .out_last(data_last),
      .out_bytes(),
      .out_data(data),
      .out_take(next_taken && in_frame)
  );

  assign next_valid = in_frame ? data_valid : record_valid;
  assign next_taken = next_valid && next_ready;

  // What the bus takes is not felt in the FIFOs in the same clock.
  skid_buffer #(
      .WIDTH(513)
  ) lines (
      .clk, .rst,
      .in_valid(next_valid),
      .in_ready(next_ready),
      .in_data({in_frame && data_last, in_frame ? data : {256'd0, record_fields, sequence_number}}),
      .out_valid(line_valid),
      .out_ready(beat_taken),
      .out_data({line_end, line})
  );

  logic [7:0] added;
  always_ff @(posedge clk) begin
    added <= record_write ? record.length[13:6] + 8'(record.length[5:0] != 6'd0) + 8'd1 : '0;
    if (next_taken) in_frame <= !(in_frame && data_last);
    if (next_taken && !in_frame) sequence_number <= sequence_number + 32'd1;
    freed <= beat_take && !beat_injected;
    freed_injected <= beat_take && beat_injected;
    if (rst) begin
      added <= '0;
      in_frame <= 1'b0;
      sequence_number <= '0;
      freed <= 1'b0;
      freed_injected <= 1'b0;
    end
  end

  ring_writer ring (
      .clk, .rst, .run, .base, .lines_log2, .head, .tail, .added, .line_end, .request_valid, .request_ready,
      .request_address, .request_beats, .beat_taken, .beat_last, .done, .failed
  );
endmodule
`default_nettype wire
