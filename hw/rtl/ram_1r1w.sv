// A memory with one write port and one read port: the only way a table of the card is stored.
//
// Latency: LATENCY clocks from read_enable to read_data (1: distributed memory; 2: block and ultra memory with their
// output register). Throughput: one read and one write a clock. A read in the clock of a write to the same row gives
// the row before the write. read_data holds its value while nothing is read. Contents are not reset.
`default_nettype none

module ram_1r1w #(
    parameter int WIDTH = 8,
    parameter int DEPTH_LOG2 = 8,
    parameter int LATENCY = 2,
    parameter RAM_STYLE = "auto"
) (
    input wire logic clk,
    input wire logic write_enable,
    input wire logic [DEPTH_LOG2-1:0] write_address,
    input wire logic [WIDTH-1:0] write_data,
    input wire logic read_enable,
    input wire logic [DEPTH_LOG2-1:0] read_address,
    output logic [WIDTH-1:0] read_data
);
  (* ram_style = RAM_STYLE *)
  logic [WIDTH-1:0] memory[2**DEPTH_LOG2];
  logic [WIDTH-1:0] array_data;

  always_ff @(posedge clk) begin
    if (write_enable) memory[write_address] <= write_data;
    if (read_enable) array_data <= memory[read_address];
  end

  generate
    if (LATENCY == 1) begin : one_clock
      assign read_data = array_data;
    end else begin : two_clocks
      logic array_fresh;
      always_ff @(posedge clk) begin
        array_fresh <= read_enable;
        if (array_fresh) read_data <= array_data;
      end
    end
  endgenerate
endmodule

`default_nettype wire
