// In place of hw/rtl/ram_1r1w.sv where memories are counted, not built: the same ports and timing, the array of a block
// or ultra memory as one cell `counted_memory`. memory_blocks.py says how many blocks such a cell is.
`default_nettype none

(* blackbox *)
module counted_memory #(
    parameter int WIDTH = 8,
    parameter int DEPTH_LOG2 = 8,
    parameter RAM_STYLE = "block"
) (
    input wire logic clk,
    input wire logic write_enable,
    input wire logic [DEPTH_LOG2-1:0] write_address,
    input wire logic [WIDTH-1:0] write_data,
    input wire logic read_enable,
    input wire logic [DEPTH_LOG2-1:0] read_address,
    output logic [WIDTH-1:0] read_data
);
endmodule

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
  wire [WIDTH-1:0] array_data;

  generate
    if (RAM_STYLE == "block" || RAM_STYLE == "ultra") begin : counted
      counted_memory #(
          .WIDTH(WIDTH),
          .DEPTH_LOG2(DEPTH_LOG2),
          .RAM_STYLE(RAM_STYLE)
      ) array (
          .clk(clk),
          .write_enable(write_enable),
          .write_address(write_address),
          .write_data(write_data),
          .read_enable(read_enable),
          .read_address(read_address),
          .read_data(array_data)
      );
    end else begin : built
      (* ram_style = RAM_STYLE *)
      logic [WIDTH-1:0] memory[2**DEPTH_LOG2];
      logic [WIDTH-1:0] row;
      always_ff @(posedge clk) begin
        if (write_enable) memory[write_address] <= write_data;
        if (read_enable) row <= memory[read_address];
      end
      assign array_data = row;
    end
    if (LATENCY == 1) begin : one_clock
      assign read_data = array_data;
    end else begin : two_clocks
      logic array_fresh;
      logic [WIDTH-1:0] held;
      always_ff @(posedge clk) begin
        array_fresh <= read_enable;
        if (array_fresh) held <= array_data;
      end
      assign read_data = held;
    end
  endgenerate
endmodule

`default_nettype wire
