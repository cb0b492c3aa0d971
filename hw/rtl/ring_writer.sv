// Writes the card's lines into a ring in the host's memory, in bursts of what is there, and says how far they arrived:
// `tail` moves when the bus has answered, and only over whole records (line_end), so a host never sees part of one.
//
// Throughput: a line every clock where the bus allows it. Four bursts may be open; while they are, the next one grows.
`default_nettype none
module ring_writer #(
    parameter LIMITED = 1  // 0: the ring has no head, the reader is known to have room
) (
    input wire clk,
    input wire rst,  // all indices return to 0
    input wire run,

    input wire [63:0] base,
    input wire [4:0] lines_log2,
    input wire [31:0] head,    // lines the host has consumed, ever
    output logic [31:0] tail,  // lines of whole records written, ever

    // Lines ready to be written: how many more in this clock; and whether the next one ends a record.
    input wire [7:0] added,
    input wire line_end,

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,
    input wire beat_taken,  // the bus took the line
    input wire beat_last,   // ... and it was the burst's last
    input wire done,        // the oldest burst is written
    input wire failed       // ... or is not, with `done`
);
  logic [31:0] index, free, lines, streamed, end_index;
  logic [11:0] waiting;
  logic [2:0] open;
  logic [1:0] end_write, end_read;
  logic [31:0] ends[4];  // where the last record of each open burst ends
  logic [6:0] available, free_limit;
  logic issued;

  always_ff @(posedge clk) begin
    lines <= 32'd1 << lines_log2;
    free <= lines - (index - head);
    free_limit <= LIMITED == 0 || free[31:6] != '0 ? 7'd64 : free[6:0];
    available <= waiting[11:6] != '0 ? 7'd64 : waiting[6:0];
    waiting <= waiting + 12'(added) - (issued ? 12'(request_beats) : '0);
    open <= open + 3'(issued) - 3'(done);
    if (beat_taken) streamed <= streamed + 32'd1;
    if (beat_taken && line_end) end_index <= streamed + 32'd1;
    if (beat_taken && beat_last) end_write <= end_write + 2'd1;
    if (done) begin
      end_read <= end_read + 2'd1;
      if (!failed) tail <= ends[end_read];
    end
    if (rst) begin
      available <= '0;
      waiting <= '0;
      open <= '0;
      streamed <= '0;
      end_index <= '0;
      end_write <= '0;
      end_read <= '0;
      tail <= '0;
    end
  end

  always_ff @(posedge clk) begin
    if (beat_taken && beat_last) ends[end_write] <= line_end ? streamed + 32'd1 : end_index;
  end

  ring_bursts bursts (
      .clk, .rst,
      .run(run && !open[2]),
      .base, .lines_log2, .available,
      .room(free_limit),
      .request_valid, .request_ready, .request_address, .request_beats, .issued, .index
  );
endmodule
`default_nettype wire
