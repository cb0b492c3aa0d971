// The row number of the lowest bad way of a lookup in two buckets.
//
// Latency: 2 clocks (bucket; way). Throughput: one lookup a clock.
`default_nettype none

module bad_way #(
    parameter int BUCKETS_LOG2 = 12,
    parameter int WAYS_LOG2 = 2,  // of a bucket
    parameter int WAYS = 2 ** WAYS_LOG2
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [2*WAYS-1:0] bad,  // bit = bank * ways + way
    input wire logic [BUCKETS_LOG2-1:0] first,   // bucket in bank 0
    input wire logic [BUCKETS_LOG2-1:0] second,  // bucket in bank 1
    output logic report,
    output logic [19:0] index
);
  wire in_first = |bad[WAYS-1:0];
  logic s1_bad, s1_in_first;
  logic [WAYS-1:0] s1_ways;
  logic [BUCKETS_LOG2-1:0] s1_bucket;
  logic [WAYS_LOG2-1:0] lowest;
  always_comb begin
    lowest = '0;
    for (int i = WAYS - 1; i >= 0; i--) if (s1_ways[i]) lowest = WAYS_LOG2'(i);
  end
  always_ff @(posedge clk) begin
    s1_bad <= valid && |bad;
    s1_in_first <= in_first;
    s1_ways <= in_first ? bad[WAYS-1:0] : bad[2*WAYS-1:WAYS];
    s1_bucket <= in_first ? first : second;
    report <= s1_bad;
    index <= 20'({!s1_in_first, s1_bucket, lowest});
  end
endmodule

`default_nettype wire
