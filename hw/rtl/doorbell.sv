// An index of lines that the host rings up. One that goes further than `limit` lets it is ignored and raises `error`
// for a clock.
//
// Latency: 2 clocks from write to index. Writes are at least 3 clocks apart.
`default_nettype none
module doorbell (
    input wire clk,
    input wire rst,  // the index returns to 0
    input wire write,
    input wire [31:0] value,
    input wire [31:0] limit,  // how far the index may go now
    output logic [31:0] index,
    output logic error
);
  logic check;
  logic [31:0] rung, advance, room;

  always_ff @(posedge clk) begin
    rung <= value;
    advance <= value - index;
    room <= limit - index;
  end

  always_ff @(posedge clk) begin
    check <= write;
    error <= check && advance > room;
    if (check && advance <= room) index <= rung;
    if (rst) begin
      check <= 1'b0;
      error <= 1'b0;
      index <= '0;
    end
  end
endmodule
`default_nettype wire
