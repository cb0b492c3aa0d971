// Which endpoint does a client of a group meet again (docs/card.md, step 4)?
//
// Latency: 5 clocks. Throughput: one client a clock. Host reads: see exact_lookup. A row that has lost its content is as
// good as none: the host knows what stood there.
`default_nettype none

module affinity_lookup #(
    parameter int BUCKETS_LOG2 = card_pkg::AFFINITY_BUCKETS_LOG2
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [31:0] group,
    input wire logic [127:0] client_address,

    output logic hit,
    output logic [19:0] slot,
    output logic [19:0] endpoint,
    output logic report,  // a clock after `hit`, for parity_reports
    output logic [19:0] report_index,

    input wire logic host_read,  // only while stage 1 holds no key
    input wire logic host_write,
    input wire logic host_flip,
    input wire logic [BUCKETS_LOG2+2:0] host_index,
    input wire logic [card_pkg::AFFINITY_ROW_BITS-1:0] host_data,
    output logic [card_pkg::AFFINITY_ROW_BITS-1:0] host_row
);
  localparam int KEY_BITS = 160;

  wire [KEY_BITS-1:0] key = {client_address, group};
  wire [31:0] first_hash = card_pkg::affinity_first_hash(key);
  wire [31:0] second_hash = card_pkg::affinity_second_hash(key);

  exact_lookup #(
      .KEY_BITS(KEY_BITS),
      .VALUE_BITS(card_pkg::AFFINITY_ROW_BITS - KEY_BITS - 1),
      .BUCKETS_LOG2(BUCKETS_LOG2),
      .RAM_STYLE("ultra")
  ) rows (
      .clk(clk),
      .valid(valid),
      .key(key),
      .first(first_hash[BUCKETS_LOG2-1:0]),
      .second(second_hash[BUCKETS_LOG2-1:0]),
      .hit(hit),
      .bad(),
      .value({endpoint, slot}),
      .report(report),
      .report_index(report_index),
      .host_read(host_read),
      .host_write(host_write),
      .host_flip(host_flip),
      .host_index(host_index),
      .host_data(host_data),
      .host_row(host_row)
  );
endmodule

`default_nettype wire
