// The row number of the lowest bad way of a lookup in two buckets.
//
// Latency: 1 clock. Throughput: one lookup a clock.
`default_nettype none

module bad_way #(
    parameter int BUCKETS_LOG2 = 12
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [7:0] bad,  // bit = bank * 4 + way
    input wire logic [BUCKETS_LOG2-1:0] first,   // bucket in bank 0
    input wire logic [BUCKETS_LOG2-1:0] second,  // bucket in bank 1
    output logic report,
    output logic [19:0] index
);
  function automatic logic [1:0] lowest(input logic [3:0] bits);
    lowest = bits[0] ? 2'd0 : bits[1] ? 2'd1 : bits[2] ? 2'd2 : 2'd3;
  endfunction

  wire in_first = |bad[3:0];
  always_ff @(posedge clk) begin
    report <= valid && |bad;
    index <= 20'({!in_first, in_first ? first : second, in_first ? lowest(bad[3:0]) : lowest(bad[7:4])});
  end
endmodule

`default_nettype wire
