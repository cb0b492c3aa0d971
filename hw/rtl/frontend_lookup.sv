// Is the destination of a packet a Service (docs/card.md, step 3)?
//
// Latency: 5 clocks. Throughput: one key a clock. Host reads: see exact_lookup.
`default_nettype none

module frontend_lookup #(
    parameter int BUCKETS_LOG2 = card_pkg::FRONTENDS_BUCKETS_LOG2
) (
    input wire logic clk,
    input wire logic valid,
    input wire card_pkg::tuple_ipv6_t tuple,

    output logic hit,
    output logic bad,  // a row has lost its content: without a hit nothing is known
    output logic report,  // a clock after `hit`, for parity_reports
    output logic [19:0] report_index,
    output logic [15:0] counter,
    output logic [27:0] outside,  // {slots base, slots log2, masquerade, action}
    output logic [27:0] inside_,
    output logic [5:0] range_set,
    output logic [31:0] affinity_group,

    input wire logic host_read,  // only while stage 1 holds no key
    input wire logic host_write,
    input wire logic host_flip,
    input wire logic [BUCKETS_LOG2+2:0] host_index,
    input wire logic [card_pkg::FRONTEND_ROW_BITS-1:0] host_data,
    output logic [card_pkg::FRONTEND_ROW_BITS-1:0] host_row
);
  localparam int KEY_BITS = 152;

  wire [KEY_BITS-1:0] key = {tuple.protocol, tuple.destination_port, tuple.destination_address};
  wire [31:0] first_hash = card_pkg::frontend_first_hash(key);
  wire [31:0] second_hash = card_pkg::frontend_second_hash(key);

  exact_lookup #(
      .KEY_BITS(KEY_BITS),
      .VALUE_BITS(card_pkg::FRONTEND_ROW_BITS - KEY_BITS - 1),
      .BUCKETS_LOG2(BUCKETS_LOG2)
  ) rows (
      .clk(clk),
      .valid(valid),
      .key(key),
      .first(first_hash[BUCKETS_LOG2-1:0]),
      .second(second_hash[BUCKETS_LOG2-1:0]),
      .hit(hit),
      .bad(bad),
      .value({affinity_group, range_set, inside_, outside, counter}),
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
