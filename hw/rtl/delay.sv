// The same value, CLOCKS clocks later. Not reset: delay what a delayed valid bit guards.
//
// Latency: CLOCKS. Throughput: one value a clock. From 4 clocks on the values lie in a small circular memory, which
// costs a simulator the same for any delay, and an FPGA less than a shift register.
`default_nettype none

module delay #(
    parameter int WIDTH = 8,
    parameter int CLOCKS = 1
) (
    input wire logic clk,
    input wire logic [WIDTH-1:0] in,
    output logic [WIDTH-1:0] out
);
  generate
    if (CLOCKS == 1) begin : one
      always_ff @(posedge clk) out <= in;
    end else if (CLOCKS < 4) begin : shift
      logic [WIDTH-1:0] stage[CLOCKS-1];
      always_ff @(posedge clk) begin
        stage[0] <= in;
        for (int i = 1; i < CLOCKS - 1; i++) stage[i] <= stage[i-1];
        out <= stage[CLOCKS-2];
      end
    end else begin : ring
      localparam int LAST = CLOCKS - 2;
      localparam int AT_BITS = $clog2(CLOCKS - 1);
      (* ram_style = "distributed" *)
      logic [WIDTH-1:0] stage[2**AT_BITS];
      logic [AT_BITS-1:0] at = '0;
      always_ff @(posedge clk) begin
        at <= at == AT_BITS'(LAST) ? '0 : at + 1'b1;
        out <= stage[at];
        stage[at] <= in;
      end
    end
  endgenerate
endmodule

`default_nettype wire
