// The same value, CLOCKS clocks later, in a circular memory: for what is wide (beats) or waits long.
//
// Latency: CLOCKS (at least 4). Throughput: one value a clock. Only the valid bits are reset.
`default_nettype none

module ring_delay #(
    parameter int WIDTH = 512,
    parameter int CLOCKS = 38,
    parameter RAM_STYLE = "block"
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic in_valid,
    input wire logic [WIDTH-1:0] in,
    output logic out_valid,
    output logic [WIDTH-1:0] out
);
  localparam int DEPTH_LOG2 = $clog2(CLOCKS);

  logic [CLOCKS-1:0] valid;
  logic [DEPTH_LOG2-1:0] write_address;
  logic [DEPTH_LOG2-1:0] read_address;

  // The memory's read takes two clocks: what is read is CLOCKS - 2 old.
  always_ff @(posedge clk) begin
    valid <= {valid[CLOCKS-2:0], in_valid};
    write_address <= write_address + 1'b1;
    read_address <= read_address + 1'b1;
    if (rst) begin
      valid <= '0;
      write_address <= DEPTH_LOG2'(CLOCKS - 2);
      read_address <= '0;
    end
  end

  ram_1r1w #(
      .WIDTH(WIDTH),
      .DEPTH_LOG2(DEPTH_LOG2),
      .RAM_STYLE(RAM_STYLE)
  ) ring (
      .clk(clk),
      .write_enable(in_valid),
      .write_address(write_address),
      .write_data(in),
      .read_enable(valid[CLOCKS-3]),
      .read_address(read_address),
      .read_data(out)
  );
  assign out_valid = valid[CLOCKS-1];
endmodule

`default_nettype wire
