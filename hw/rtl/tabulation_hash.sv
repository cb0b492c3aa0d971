// Placement hash of the connection tables: tabulation over the tuple's 13 bytes, two hashes at once. The random rows
// come from the host; only the bits that choose a bucket are kept here.
//
// Latency: 2 clocks (rows read; XOR). Throughput: one key a clock. The row of byte i with value v is number i * 256 + v.
`default_nettype none

module tabulation_hash #(
    parameter int BUCKETS_LOG2 = card_pkg::ORIGINALS_BUCKETS_LOG2
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [card_pkg::TUPLE_BITS-1:0] key,
    output logic [BUCKETS_LOG2-1:0] first,
    output logic [BUCKETS_LOG2-1:0] second,

    input wire logic write_enable,
    input wire logic [11:0] write_row,
    input wire logic [BUCKETS_LOG2-1:0] write_first,
    input wire logic [BUCKETS_LOG2-1:0] write_second
);
  localparam int BYTES = card_pkg::TUPLE_BITS / 8;

  logic [2*BUCKETS_LOG2-1:0] row[BYTES];
  logic s1_valid;
  always_ff @(posedge clk) s1_valid <= valid;

  genvar g;
  generate
    for (g = 0; g < BYTES; g++) begin : table_of_byte
      wire [2*BUCKETS_LOG2-1:0] read_row;
      ram_1r1w #(
          .WIDTH(2 * BUCKETS_LOG2),
          .DEPTH_LOG2(8),
          .LATENCY(1),
          .RAM_STYLE("distributed")
      ) rows (
          .clk(clk),
          .write_enable(write_enable && write_row[11:8] == 4'(g)),
          .write_address(write_row[7:0]),
          .write_data({write_second, write_first}),
          .read_enable(valid),
          .read_address(key[g*8+:8]),
          .read_data(read_row)
      );
      assign row[g] = read_row;
    end
  endgenerate

  logic [2*BUCKETS_LOG2-1:0] sum;
  always_comb begin
    sum = '0;
    for (int i = 0; i < BYTES; i++) sum = sum ^ row[i];
  end
  always_ff @(posedge clk) if (s1_valid) {second, first} <= sum;
endmodule

`default_nettype wire
