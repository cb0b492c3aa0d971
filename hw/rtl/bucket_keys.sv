// The keys of one connection table, read for one lookup: two buckets of four ways, compared with the whole key.
// A table that is looked up by two keys at once has two of these.
//
// Latency: 3 clocks from the buckets (1, 2: memory; 3: comparison). Throughput: one lookup and one write a clock. A
// lookup sees the writes of earlier clocks.
`default_nettype none

module bucket_keys #(
    parameter int BUCKETS_LOG2 = card_pkg::ORIGINALS_BUCKETS_LOG2
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [BUCKETS_LOG2-1:0] first,   // bucket in bank 0
    input wire logic [BUCKETS_LOG2-1:0] second,  // bucket in bank 1
    input wire logic [card_pkg::TUPLE_BITS-1:0] s2_key,  // two clocks after the buckets
    output logic [7:0] hit,   // bit = bank * 4 + way
    output logic [7:0] used,

    input wire logic write_enable,
    input wire logic [BUCKETS_LOG2+2:0] write_index,  // {bank, bucket, way}
    input wire logic [card_pkg::TUPLE_BITS:0] write_row   // {key, valid}
);
  localparam int ROW_BITS = card_pkg::TUPLE_BITS + 1;
  localparam int WAYS = 8;

  logic s1_valid, s2_valid;
  always_ff @(posedge clk) begin
    s1_valid <= valid;
    s2_valid <= s1_valid;
  end

  genvar g;
  generate
    for (g = 0; g < WAYS; g++) begin : way
      wire [BUCKETS_LOG2-1:0] bucket = g < WAYS / 2 ? first : second;
      wire [ROW_BITS-1:0] read_row;
      ram_1r1w #(
          .WIDTH(ROW_BITS),
          .DEPTH_LOG2(BUCKETS_LOG2),
          .RAM_STYLE("ultra")
      ) keys (
          .clk(clk),
          .write_enable(write_enable && write_index[1:0] == 2'(g) && write_index[BUCKETS_LOG2+2] == (g >= WAYS / 2)),
          .write_address(write_index[BUCKETS_LOG2+1:2]),
          .write_data(write_row),
          .read_enable(valid),
          .read_address(bucket),
          .read_data(read_row)
      );
      always_ff @(posedge clk) begin
        if (s2_valid) begin
          hit[g] <= read_row[0] && read_row[ROW_BITS-1:1] == s2_key;
          used[g] <= read_row[0];
        end
      end
    end
  endgenerate

`ifndef SYNTHESIS
  logic s3_valid;
  always_ff @(posedge clk) begin
    s3_valid <= s2_valid;
    if (s3_valid) assert ($onehot0(hit));
  end
`endif
endmodule

`default_nettype wire
