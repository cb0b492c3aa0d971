// A receive port: stores whole frames, knows their length, and hands them to the packet arbiter. There is no
// back-pressure: a frame that finds no room is dropped whole (`overflow` for a clock), as is one that the MAC marks bad
// or that is longer than frame-bytes-max (`error` for a clock).
//
// | stage | what |
// |---|---|
// | s1 | the beat as it came |
// | s2 | bytes of the last beat counted; written in the clock after |
//
// Latency: 5 clocks from a frame's last beat to frame_valid. Throughput: a beat in and a beat out every clock.
`default_nettype none
module receive_port #(
    parameter DEPTH_LOG2 = 9
) (
    input wire clk,
    input wire rst,

    input wire [511:0] s_axis_tdata,
    input wire [63:0] s_axis_tkeep,
    input wire s_axis_tlast,
    input wire s_axis_tuser,
    input wire s_axis_tvalid,

    // frame_last goes with each beat, frame_length is the whole frame's. frame_take moves on to the next beat.
    output logic frame_valid,
    output logic frame_last,
    output logic [511:0] frame_data,
    output logic [15:0] frame_length,
    input wire frame_take,

    output logic overflow,
    output logic error
);
  localparam logic [9:0] BeatsMax = 10'((card_pkg::FRAME_BYTES_MAX + 63) / 64);
  localparam logic [15:0] BytesMax = 16'(card_pkg::FRAME_BYTES_MAX);

  // tkeep is ones from bit 0 up; the count is the place of the highest one, counted from 1. Its bit b is set if that place
  // is among the upper half of some 2^(b+1).
  function automatic logic [6:0] bytes_kept(input logic [63:0] keep);
    bytes_kept = 7'd0;
    for (int b = 0; b < 7; b++) begin
      for (int i = 2 ** b - 1; i < 64; i = i + 2 ** (b + 1)) begin
        bytes_kept[b] = bytes_kept[b] | (keep[i] & ~(i + 2 ** b < 64 && keep[(i+2**b)%64]));
      end
    end
  endfunction

  logic s1_valid, s1_last, s1_bad, s2_valid, s2_last, s2_bad;
  logic [511:0] s1_data, s2_data;
  logic [63:0] s1_keep;
  logic [6:0] s2_bytes;

  always_ff @(posedge clk) begin
    s1_data <= s_axis_tdata;
    s1_keep <= s_axis_tkeep;
    s1_last <= s_axis_tlast;
    s1_bad <= s_axis_tuser;
    s2_data <= s1_data;
    s2_bytes <= bytes_kept(s1_keep);
    s2_last <= s1_last;
    s2_bad <= s1_bad;
    s1_valid <= s_axis_tvalid && !rst;
    s2_valid <= s1_valid && !rst;
  end

  logic [DEPTH_LOG2:0] room;
  logic [9:0] beats;  // of this frame, before the beat in s2; stops at BeatsMax
  logic lost, bad;    // found earlier in this frame: no room, a reason to drop it
  logic [15:0] length;
  logic no_room, too_long, drop, keep_beat;

  assign length = {beats, 6'd0} + 16'(s2_bytes);
  assign no_room = lost || room == '0;
  assign too_long = beats == BeatsMax || length > BytesMax;
  assign drop = no_room || too_long || bad || s2_bad;
  assign keep_beat = s2_valid && !no_room && beats != BeatsMax;

  always_ff @(posedge clk) begin
    overflow <= s2_valid && s2_last && no_room;
    error <= s2_valid && s2_last && drop && !no_room;
    if (s2_valid) begin
      lost <= no_room && !s2_last;
      bad <= (bad || s2_bad || beats == BeatsMax) && !s2_last;
      if (s2_last) beats <= '0;
      else if (beats != BeatsMax) beats <= beats + 1'b1;
    end
    if (rst) begin
      overflow <= 1'b0;
      error <= 1'b0;
      lost <= 1'b0;
      bad <= 1'b0;
      beats <= '0;
    end
  end

  logic length_valid;

  fifo #(
      .WIDTH(513),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) frames (
      .clk, .rst,
      .write(keep_beat),
      .write_data({s2_last, s2_data}),
      .commit(s2_valid && s2_last && !drop),
      .rollback(s2_valid && s2_last && drop),
      .room,
      .read_valid(frame_valid),
      .read_data({frame_last, frame_data}),
      .read(frame_take)
  );

  // A frame has at least one beat, so there is room for its length where there is room for its beats.
  fifo #(
      .WIDTH(16),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) lengths (
      .clk, .rst,
      .write(s2_valid && s2_last && !drop),
      .write_data(length),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(length_valid),
      .read_data(frame_length),
      .read(frame_take && frame_last)
  );

`ifndef SYNTHESIS
  // Both were committed in one clock, and no more words than lengths wait before them.
  always_ff @(posedge clk) if (!rst) assert (!frame_valid || length_valid);
`endif
endmodule
`default_nettype wire
