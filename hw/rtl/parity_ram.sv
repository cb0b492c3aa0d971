// A table's memory with a parity bit a row: ram_1r1w, and whether what was read is what was written. The parity comes with
// the row (xor_tree): one that is written to many memories has it worked out once.
//
// Latency: as ram_1r1w; `read_bad` one clock behind read_data. Throughput: one read and one write a clock.
`default_nettype none

module parity_ram #(
    parameter int WIDTH = 8,
    parameter int DEPTH_LOG2 = 8,
    parameter int LATENCY = 2,
    parameter RAM_STYLE = "auto"
) (
    input wire logic clk,
    input wire logic write_enable,
    input wire logic [DEPTH_LOG2-1:0] write_address,
    input wire logic [WIDTH-1:0] write_data,
    input wire logic write_parity,
    input wire logic read_enable,
    input wire logic [DEPTH_LOG2-1:0] read_address,
    output logic [WIDTH-1:0] read_data,
    output logic read_bad
);
  wire read_parity, read_odd;
  xor_tree #(.WIDTH(WIDTH + 1)) of_read (.in({read_parity, read_data}), .out(read_odd));
  ram_1r1w #(
      .WIDTH(WIDTH + 1),
      .DEPTH_LOG2(DEPTH_LOG2),
      .LATENCY(LATENCY),
      .RAM_STYLE(RAM_STYLE)
  ) rows (
      .clk(clk),
      .write_enable(write_enable),
      .write_address(write_address),
      .write_data({write_parity, write_data}),
      .read_enable(read_enable),
      .read_address(read_address),
      .read_data({read_parity, read_data})
  );
  always_ff @(posedge clk) read_bad <= read_odd;
endmodule

`default_nettype wire
