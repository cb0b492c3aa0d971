// Reads a ring that the host fills, ahead of its use: asks for lines as long as the user has room for them, in bursts
// that overlap. Lines come in order, without back-pressure: the user gives each line's room back with `released`.
//
// Throughput: a line every clock where the bus allows it.
`default_nettype none
module ring_reader #(
    parameter CAPACITY_LOG2 = 9  // lines that the user has room for
) (
    input wire clk,
    input wire rst,  // all indices return to 0
    input wire run,

    input wire [63:0] base,
    input wire [4:0] lines_log2,
    input wire [31:0] tail,    // lines the host has written, ever
    output logic [31:0] head,  // lines that arrived, ever

    input wire [1:0] released,  // lines' worth of room given back in this clock

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,
    input wire arrived  // a line of this ring came in this clock
);
  logic [31:0] index, pending;
  logic [CAPACITY_LOG2:0] room;
  logic [6:0] available, room_limit;
  logic issued;

  always_ff @(posedge clk) begin
    pending <= tail - index;
    available <= pending[31:6] != '0 ? 7'd64 : pending[6:0];
    room_limit <= room[CAPACITY_LOG2:6] != '0 ? 7'd64 : room[6:0];
    room <= room - (issued ? (CAPACITY_LOG2 + 1)'(request_beats) : '0) + (CAPACITY_LOG2 + 1)'(released);
    head <= head + 32'(arrived);
    if (rst) begin
      pending <= '0;
      available <= '0;
      room_limit <= '0;
      room <= (CAPACITY_LOG2 + 1)'(1 << CAPACITY_LOG2);
      head <= '0;
    end
  end

  ring_bursts bursts (
      .clk, .rst, .run, .base, .lines_log2, .available,
      .room(room_limit),
      .request_valid, .request_ready, .request_address, .request_beats, .issued, .index
  );
endmodule
`default_nettype wire
