// Placement hash of the connection tables: tabulation over the tuple's bytes, two hashes at once. The random rows
// come from the host; only the bits that choose a bucket are kept here.
//
// Latency: 2 clocks (rows read; XOR). Throughput: one key a clock. The row of byte i with value v is number i * 256 + v.
`default_nettype none

module tabulation_hash #(
    parameter int KEY_BITS = card_pkg::TUPLE_BITS,
    parameter int BUCKETS_LOG2 = card_pkg::ORIGINALS_BUCKETS_LOG2
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [KEY_BITS-1:0] key,
    output logic [BUCKETS_LOG2-1:0] first,
    output logic [BUCKETS_LOG2-1:0] second,
    output logic bad,  // with the hashes: a row has lost its content
    output logic report,  // two clocks later, for parity_reports
    output logic [19:0] report_index,

    input wire logic write_flip,
    input wire logic write_enable,
    input wire logic [13:0] write_row,
    input wire logic [BUCKETS_LOG2-1:0] write_first,
    input wire logic [BUCKETS_LOG2-1:0] write_second
);
  localparam int BYTES = KEY_BITS / 8;

  logic [2*BUCKETS_LOG2-1:0] row[BYTES];
  logic s1_valid, s2_valid;
  always_ff @(posedge clk) {s1_valid, s2_valid} <= {valid, s1_valid};
  wire [BYTES-1:0] bad_byte;
  assign bad = s2_valid && |bad_byte;

  wire write_parity;
  xor_tree #(.WIDTH(2 * BUCKETS_LOG2 + 1)) parity (.in({write_flip, write_second, write_first}), .out(write_parity));

  genvar g;
  generate
    for (g = 0; g < BYTES; g++) begin : table_of_byte
      wire [2*BUCKETS_LOG2-1:0] read_row;
      parity_ram #(
          .WIDTH(2 * BUCKETS_LOG2),
          .DEPTH_LOG2(8),
          .LATENCY(1),
          .RAM_STYLE("distributed")
      ) rows (
          .clk(clk),
          .write_enable(write_enable && write_row[13:8] == 6'(g)),
          .write_address(write_row[7:0]),
          .write_data({write_second, write_first}),
          .write_parity(write_parity),
          .read_enable(valid),
          .read_address(key[g*8+:8]),
          .read_data(read_row),
          .read_bad(bad_byte[g])
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

  wire [KEY_BITS-1:0] s2_key;
  delay #(.WIDTH(KEY_BITS), .CLOCKS(2)) key_delay (.clk(clk), .in(key), .out(s2_key));
  // Which row: the lowest of each six bytes, then the lowest of those.
  localparam int SIXES = (BYTES + 5) / 6;
  logic s3_bad;
  logic [SIXES-1:0] six_bad;
  logic [13:0] six_row[SIXES];
  always_ff @(posedge clk) begin
    s3_bad <= bad;
    for (int i = 0; i < SIXES; i++) begin
      six_bad[i] <= 1'b0;
      for (int j = 5; j >= 0; j--) begin
        if (i * 6 + j < BYTES && bad_byte[(i*6+j)%BYTES]) begin
          six_bad[i] <= 1'b1;
          six_row[i] <= {6'(i * 6 + j), s2_key[((i*6+j)%BYTES)*8+:8]};
        end
      end
    end
    report <= s3_bad;
    for (int i = SIXES - 1; i >= 0; i--) if (six_bad[i]) report_index <= 20'(six_row[i]);
  end
endmodule

`default_nettype wire
