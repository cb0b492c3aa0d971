// The keys of one connection table, read for one lookup: two buckets, compared with the whole key.
// A table that is looked up by two keys at once has two of these.
//
// Latency: 3 clocks from the buckets (1, 2: memory; 3: comparison). Throughput: one lookup and one write a clock. A
// lookup sees the writes of earlier clocks.
`default_nettype none

module bucket_keys #(
    parameter int KEY_BITS = card_pkg::TUPLE_BITS,
    parameter int BUCKETS_LOG2 = card_pkg::ORIGINALS_BUCKETS_LOG2,
    parameter int WAYS_LOG2 = $clog2(card_pkg::ORIGINALS_WAYS),  // of a bucket
    parameter int WAYS = 2 ** (WAYS_LOG2 + 1)  // of both
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [BUCKETS_LOG2-1:0] first,   // bucket in bank 0
    input wire logic [BUCKETS_LOG2-1:0] second,  // bucket in bank 1
    input wire logic [KEY_BITS-1:0] s2_key,  // two clocks after the buckets
    output logic [WAYS-1:0] equal,   // bit = bank * ways + way
    output logic [WAYS-1:0] used,
    output logic [WAYS-1:0] bad,  // has lost its content: `equal` and not `equal` say nothing
    output logic report,  // two clocks later, for parity_reports
    output logic [19:0] report_index,

    input wire logic write_enable,
    input wire logic write_flip,  // store a wrong parity bit, as a test
    input wire logic [BUCKETS_LOG2+WAYS_LOG2:0] write_index,  // {bank, bucket, way}
    input wire logic [KEY_BITS:0] write_row   // {key, valid}
);
  localparam int ROW_BITS = KEY_BITS + 1;
  // A block of ultra RAM is 4096 rows deep.
  localparam RAM_STYLE = BUCKETS_LOG2 < 12 ? "block" : "ultra";

  logic s1_valid, s2_valid, s3_valid;
  always_ff @(posedge clk) begin
    s1_valid <= valid;
    s2_valid <= s1_valid;
    s3_valid <= s2_valid;
  end

  wire write_parity;
  xor_tree #(.WIDTH(ROW_BITS + 1)) parity (.in({write_flip, write_row}), .out(write_parity));

  genvar g;
  generate
    for (g = 0; g < WAYS; g++) begin : way
      wire [BUCKETS_LOG2-1:0] bucket = g < WAYS / 2 ? first : second;
      wire [ROW_BITS-1:0] read_row;
      parity_ram #(
          .WIDTH(ROW_BITS),
          .DEPTH_LOG2(BUCKETS_LOG2),
          .RAM_STYLE(RAM_STYLE)
      ) keys (
          .clk(clk),
          .write_enable(write_enable && {write_index[BUCKETS_LOG2+WAYS_LOG2], write_index[WAYS_LOG2-1:0]} == (WAYS_LOG2 + 1)'(g)),
          .write_address(write_index[WAYS_LOG2+:BUCKETS_LOG2]),
          .write_data(write_row),
          .write_parity(write_parity),
          .read_enable(valid),
          .read_address(bucket),
          .read_data(read_row),
          .read_bad(bad[g])
      );
      always_ff @(posedge clk) begin
        if (s2_valid) begin
          equal[g] <= read_row[0] && read_row[ROW_BITS-1:1] == s2_key;
          used[g] <= read_row[0];
        end
      end
    end
  endgenerate

  wire [BUCKETS_LOG2-1:0] s3_first, s3_second;
  delay #(.WIDTH(2 * BUCKETS_LOG2), .CLOCKS(3)) buckets_delay (
      .clk(clk),
      .in({first, second}),
      .out({s3_first, s3_second})
  );
  bad_way #(.BUCKETS_LOG2(BUCKETS_LOG2), .WAYS_LOG2(WAYS_LOG2)) reports (
      .clk(clk),
      .valid(s3_valid),
      .bad(bad),
      .first(s3_first),
      .second(s3_second),
      .report(report),
      .index(report_index)
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) if (s3_valid) assert ($onehot0(equal & ~bad));
`endif
endmodule

`default_nettype wire
