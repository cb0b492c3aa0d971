// The same value, CLOCKS clocks later. Not reset: delay what a delayed valid bit guards.
//
// Latency: CLOCKS. Throughput: one value a clock.
`default_nettype none

module delay #(
    parameter int WIDTH = 8,
    parameter int CLOCKS = 1
) (
    input wire logic clk,
    input wire logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
  logic [WIDTH-1:0] stage[CLOCKS];

  always_ff @(posedge clk) begin
    stage[0] <= in;
    for (int i = 1; i < CLOCKS; i++) stage[i] <= stage[i-1];
  end
  assign out = stage[CLOCKS-1];
endmodule

`default_nettype wire
