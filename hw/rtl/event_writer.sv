// Hands events to the host. They come without back-pressure: what finds no room is lost and counted.
//
// Throughput: an event every clock.
`default_nettype none
module event_writer (
    input wire clk,
    input wire rst,  // also while the rings stand still
    input wire run,

    input wire event_valid,
    input wire [511:0] event_line,
    output logic lost,          // an event is lost in this clock, or the rings stand still
    output logic [31:0] losses, // since the rings were started

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
  localparam EVENT_BITS = card_pkg::EVENT_LINE_BITS - 48;  // without the bits that event-ipv6, too, has reserved

  logic came, kept;
  logic [EVENT_BITS-1:0] waiting, oldest;
  logic [9:0] room;

  assign kept = came && room != '0 && !rst;

  always_ff @(posedge clk) waiting <= event_line[EVENT_BITS-1:0];
  always_ff @(posedge clk) begin
    came <= event_valid;
    lost <= came && !kept;
    if (lost) losses <= losses + 32'd1;
    if (rst) losses <= '0;
  end

  fifo #(
      .WIDTH(EVENT_BITS),
      .DEPTH_LOG2(9)
  ) events (
      .clk, .rst,
      .write(kept),
      .write_data(waiting),
      .commit(1'b1),
      .rollback(1'b0),
      .room,
      .read_valid(line_valid),
      .read_data(oldest),
      .read(beat_taken)
  );
  assign line = 512'(oldest);

  ring_writer ring (
      .clk, .rst, .run, .base, .lines_log2, .head, .tail,
      .added(8'(kept)),
      .line_end(1'b1),
      .request_valid, .request_ready, .request_address, .request_beats, .beat_taken, .beat_last, .done, .failed
  );
endmodule
`default_nettype wire
