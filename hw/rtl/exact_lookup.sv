// Exact match in two banks of four ways: the value that a key has in a table that the host fills. A row is
// {value, key, valid}.
//
// Latency: 5 clocks. Throughput: one key a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | both buckets |
// | 2, 3  | eight rows (memory) |
// | 4     | eight comparisons, of both halves of the key |
// | 5     | the row's value |
//
// A host read is made in place of stage 1's address, its row follows 3 clocks later (at stage 4).
`default_nettype none

module exact_lookup #(
    parameter int KEY_BITS = 152,
    parameter int VALUE_BITS = 110,
    parameter int BUCKETS_LOG2 = 9,
    parameter RAM_STYLE = "block"
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [KEY_BITS-1:0] key,
    input wire logic [BUCKETS_LOG2-1:0] first,   // the key's bucket in bank 0
    input wire logic [BUCKETS_LOG2-1:0] second,  // in bank 1

    // Held until the next key's.
    output logic hit,
    output logic bad,  // a row has lost its content: without a hit nothing is known
    output logic [VALUE_BITS-1:0] value,  // 0 without a hit
    output logic report,  // a clock after `hit`, for parity_reports
    output logic [19:0] report_index,

    input wire logic host_read,  // only while stage 1 holds no key
    input wire logic host_write,
    input wire logic host_flip,
    input wire logic [BUCKETS_LOG2+2:0] host_index,
    input wire logic [VALUE_BITS+KEY_BITS:0] host_data,
    output logic [VALUE_BITS+KEY_BITS:0] host_row
);
  localparam int ROW_BITS = VALUE_BITS + KEY_BITS + 1;
  localparam int WAYS = 8;  // of both banks

  logic s1_valid, s2_valid, s3_valid, s4_valid;
  logic [BUCKETS_LOG2-1:0] s1_first, s1_second;
  logic [KEY_BITS-1:0] s3_key;
  logic s2_host, s3_host;
  logic [2:0] s2_host_way, s3_host_way;

  delay #(.WIDTH(KEY_BITS), .CLOCKS(3)) key_delay (.clk(clk), .in(key), .out(s3_key));

  always_ff @(posedge clk) begin
    s1_valid <= valid;
    s2_valid <= s1_valid;
    s3_valid <= s2_valid;
    s4_valid <= s3_valid;
    s2_host <= host_read;
    s3_host <= s2_host;
    s2_host_way <= {host_index[BUCKETS_LOG2+2], host_index[1:0]};
    s3_host_way <= s2_host_way;
    s1_first <= first;
    s1_second <= second;
  end

  wire [BUCKETS_LOG2-1:0] host_bucket = host_index[BUCKETS_LOG2+1:2];
  logic [ROW_BITS-1:0] row[WAYS];
  localparam int HALF = KEY_BITS / 2;
  logic [WAYS-1:0] s4_lower_equal, s4_upper_equal;
  logic [VALUE_BITS-1:0] s4_value[WAYS];

  wire host_parity;
  xor_tree #(.WIDTH(ROW_BITS + 1)) parity (.in({host_flip, host_data}), .out(host_parity));

  wire [WAYS-1:0] s4_bad;
  wire [WAYS-1:0] s4_hit = s4_lower_equal & s4_upper_equal & ~s4_bad;
  genvar g;
  generate
    for (g = 0; g < WAYS; g++) begin : way
      wire [BUCKETS_LOG2-1:0] bucket = g < WAYS / 2 ? s1_first : s1_second;
      wire [ROW_BITS-1:0] read_row;
      parity_ram #(
          .WIDTH(ROW_BITS),
          .DEPTH_LOG2(BUCKETS_LOG2),
          .RAM_STYLE(RAM_STYLE)
      ) rows (
          .clk(clk),
          .write_enable(host_write && host_index[1:0] == 2'(g) && host_index[BUCKETS_LOG2+2] == (g >= WAYS / 2)),
          .write_address(host_bucket),
          .write_data(host_data),
          .write_parity(host_parity),
          .read_enable(s1_valid || host_read),
          .read_address(host_read ? host_bucket : bucket),
          .read_data(read_row),
          .read_bad(s4_bad[g])
      );
      assign row[g] = read_row;
      always_ff @(posedge clk) begin
        if (s3_valid) begin
          s4_lower_equal[g] <= read_row[0] && read_row[HALF:1] == s3_key[HALF-1:0];
          s4_upper_equal[g] <= read_row[KEY_BITS:HALF+1] == s3_key[KEY_BITS-1:HALF];
          s4_value[g] <= read_row[ROW_BITS-1-:VALUE_BITS];
        end
      end
    end
  endgenerate

  logic [VALUE_BITS-1:0] s4_found;
  always_comb begin
    s4_found = '0;
    for (int i = 0; i < WAYS; i++) if (s4_hit[i]) s4_found = s4_found | s4_value[i];
  end

  always_ff @(posedge clk) begin
    if (s4_valid) begin
      hit <= |s4_hit;
      bad <= |s4_bad;
      value <= s4_found;
    end
    if (s3_host) host_row <= row[s3_host_way];
  end

  wire [BUCKETS_LOG2-1:0] s4_first, s4_second;
  delay #(.WIDTH(2 * BUCKETS_LOG2), .CLOCKS(3)) buckets_delay (
      .clk(clk),
      .in({s1_first, s1_second}),
      .out({s4_first, s4_second})
  );
  bad_way #(.BUCKETS_LOG2(BUCKETS_LOG2)) reports (
      .clk(clk),
      .valid(s4_valid),
      .bad(s4_bad),
      .first(s4_first),
      .second(s4_second),
      .report(report),
      .index(report_index)
  );

`ifndef SYNTHESIS
  // While the host moves a row its key stands in two rows, with one value.
  always_ff @(posedge clk) begin
    if (s4_valid) begin
      for (int i = 0; i < WAYS; i++) assert (!s4_hit[i] || s4_value[i] == s4_found);
    end
  end
`endif
endmodule

`default_nettype wire
