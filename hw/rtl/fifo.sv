// One-clock FIFO over a memory. The first word falls through: read_valid says that read_data is the oldest word, `read`
// takes it. Words become readable when they are committed; a rollback forgets those that are not. A FIFO without such
// transactions ties commit to 1 and rollback to 0.
//
// Latency: 3 clocks from write to read_valid (pointer, memory, output register). Throughput: a word in and a word out
// every clock. A word may be written in every clock in which `room` is not 0; a word that leaves is in it 3 clocks later.
// What `read` takes is not felt in the memory in the same clock.
`default_nettype none
module fifo #(
    parameter WIDTH = 8,
    parameter DEPTH_LOG2 = 4,
    parameter STYLE = "block"
) (
    input wire clk,
    input wire rst,

    input wire write,
    input wire [WIDTH-1:0] write_data,
    input wire commit,
    input wire rollback,
    output logic [DEPTH_LOG2:0] room,

    output logic read_valid,
    output logic [WIDTH-1:0] read_data,
    input wire read
);
  localparam logic [DEPTH_LOG2:0] Depth = 1 << DEPTH_LOG2;

  (* ram_style = STYLE *) logic [WIDTH-1:0] memory[1 << DEPTH_LOG2];

  logic [DEPTH_LOG2:0] write_pointer, committed_pointer, read_pointer;
  logic [DEPTH_LOG2:0] next_write_pointer, next_read_pointer;
  logic fetched_valid;
  logic [WIDTH-1:0] fetched_data;
  logic fetch, advance, fetching;

  assign fetch = !fetched_valid || advance;
  assign fetching = fetch && committed_pointer != read_pointer;
  assign next_read_pointer = fetching ? read_pointer + 1'b1 : read_pointer;
  assign next_write_pointer = rollback ? committed_pointer : write ? write_pointer + 1'b1 : write_pointer;

  always_ff @(posedge clk) begin
    if (write) memory[write_pointer[DEPTH_LOG2-1:0]] <= write_data;
    if (fetch) fetched_data <= memory[read_pointer[DEPTH_LOG2-1:0]];
  end

  always_ff @(posedge clk) begin
    write_pointer <= next_write_pointer;
    if (commit) committed_pointer <= next_write_pointer;
    read_pointer <= next_read_pointer;
    if (fetch) fetched_valid <= fetching;
    room <= Depth - (next_write_pointer - read_pointer);
    if (rst) begin
      write_pointer <= '0;
      committed_pointer <= '0;
      read_pointer <= '0;
      fetched_valid <= 1'b0;
      room <= Depth;
    end
  end

  skid_buffer #(
      .WIDTH(WIDTH)
  ) output_register (
      .clk, .rst,
      .in_valid(fetched_valid),
      .in_ready(advance),
      .in_data(fetched_data),
      .out_valid(read_valid),
      .out_ready(read),
      .out_data(read_data)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) assert (!write || room != '0);
  end
`endif
endmodule
`default_nettype wire
