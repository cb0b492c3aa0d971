// What the card does with a packet (docs/card.md, "One packet"): beats in, the same beats out with a verdict, a
// translated packet's first beat rewritten.
//
// Latency: 43 clocks, always. Throughput: one beat and one header a clock for any mix of packets; nothing stalls but
// row_ready and there is no back-pressure.
//
// | stage  | module | what happens |
// |--------|--------|--------------|
// | 1..3   | packet_parser | fields, class, 5-tuple |
// | 4..12  | source_lookup | longest prefix of the source |
// | 8..12  | frontend_lookup | destination, exact match |
// | 13..20 | first_packet | slot, endpoint, translation of a new connection |
// | 13..15 | unconfirmed_quota | may the frontend have more unconfirmed connections? |
// | 21..34 | connection_tables | placement hashes, lookup, decision, recording, state, translation |
// | 35..43 | packet_finish | next hop, checksums, rewriting, counters |
//
// The beats wait in a ring meanwhile. sNN_ names a value registered in stage NN.
`default_nettype none

module datapath (
    input wire logic clk,
    input wire logic rst,
    input wire logic [1:0] mode,
    input wire logic [31:0] slot_hash_seed,
    input wire logic [31:0] masquerade_address,
    input wire logic [15:0] masquerade_port_base,
    input wire logic [15:0] masquerade_port_mask,
    input wire logic [127:0] masquerade_ipv6_address,
    input wire logic host_sctp,
    input wire logic [2047:0] service_ranges,  // {mask, address} eight times
    input wire logic [19:0] tick,
    input wire logic [139:0] timeouts,  // see connection_sweeper
    input wire logic [19:0] unconfirmed_quota,
    output logic [31:0] sweeps,

    // Whole packets' beats in order; the second group belongs to the first beat
    input wire logic in_valid,
    input wire logic in_first,
    input wire logic in_last,
    input wire logic [511:0] in_data,  // [7:0] is the frame's first byte
    input wire logic [63:0] in_keep,
    input wire logic [15:0] in_length,
    input wire logic in_ingress,
    input wire logic in_injected,
    input wire logic in_transmit,  // pass by in_egress, without lookups
    input wire logic in_egress,
    input wire logic [3:0] in_attempt,
    input wire logic in_directed,
    input wire logic [19:0] in_endpoint,
    input wire logic [31:0] in_tag,

    // The second group is held for all beats of a packet
    output logic out_valid,
    output logic out_first,
    output logic out_last,
    output logic [511:0] out_data,
    output logic [63:0] out_keep,
    output logic [15:0] out_length,
    output logic out_ingress,
    output logic out_injected,
    output logic [3:0] out_attempt,
    output logic [31:0] out_tag,
    output logic [1:0] out_verdict,
    output logic [7:0] out_reason,
    output logic out_egress,
    output logic [15:0] out_frontend_counter,
    output logic [19:0] out_endpoint,
    output logic out_learned,

    // Rows of the tables, see row_port
    input wire logic row_valid,
    output logic row_ready,
    input wire logic row_write,
    input wire logic [1:0] row_flip,  // as a test, write wrong parity: {value, key}
    input wire logic [7:0] row_table,
    input wire logic [31:0] row_index,
    input wire logic [415:0] row_data,
    output logic row_read_valid,
    output logic [415:0] row_read_data,
    output logic want_gap,  // once in 64 clocks in which the sweeper or a write to connections waits: begin no packet

    // What happens to connections, card_pkg::event_line_t
    output logic event_valid,
    output logic [511:0] event_line
);
  // By stage: a header that is looked up; any header.
  logic [42:4] lookup_at;
  logic [34:1] header_at;
  wire s3_lookup;
  always_ff @(posedge clk) begin
    lookup_at <= {lookup_at[41:4], s3_lookup && header_at[3]};
    header_at <= {header_at[33:1], in_valid && in_first};
    if (rst) begin
      lookup_at <= '0;
      header_at <= '0;
    end
  end

  // Host's rows
  wire [15:0] host_write, host_read;
  wire [19:0] host_index;
  wire [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] host_data;
  wire [card_pkg::SOURCE_ROW_BITS-1:0] source_row;
  wire [card_pkg::SLOT_ROW_BITS-1:0] slot_row;
  wire [card_pkg::ENDPOINT_ROW_BITS-1:0] endpoint_row;
  wire [card_pkg::NEXT_HOP_ROW_BITS-1:0] next_hop_row;
  wire [card_pkg::HASH_KEY_ROW_BITS-1:0] hash_key_row;
  wire [card_pkg::FRONTEND_ROW_BITS-1:0] frontend_row;
  wire [card_pkg::FRONTEND_COUNTER_ROW_BITS-1:0] frontend_counter_row;
  wire [card_pkg::ENDPOINT_COUNTER_ROW_BITS-1:0] endpoint_counter_row;
  wire [card_pkg::ORIGINAL_ROW_BITS-1:0] connection_row;
  wire [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] connection_ipv6_row;
  wire connection_free, connection_count_busy, s38_translate, s42_translate;
  wire [1:0] host_flip;
  wire host_flip_any = host_flip != '0;
  logic [15:0] write_busy, read_busy;
  always_comb begin
    write_busy = '0;
    write_busy[card_pkg::TABLE_ORIGINALS[3:0]] = !connection_free;
    write_busy[card_pkg::TABLE_REPLIES[3:0]] = !connection_free;
    write_busy[card_pkg::TABLE_ORIGINALS_IPV6[3:0]] = !connection_free;
    write_busy[card_pkg::TABLE_REPLIES_IPV6[3:0]] = !connection_free;
    write_busy[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]] = s42_translate || connection_count_busy;
    write_busy[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]] = s42_translate;
    read_busy = '0;
    read_busy[card_pkg::TABLE_FRONTENDS[3:0]] = lookup_at[7];
    read_busy[card_pkg::TABLE_SLOTS[3:0]] = lookup_at[13];
    read_busy[card_pkg::TABLE_ENDPOINTS[3:0]] = lookup_at[15];
    read_busy[card_pkg::TABLE_NEXT_HOPS[3:0]] = s38_translate;
    read_busy[card_pkg::TABLE_ORIGINALS[3:0]] = !connection_free;
    read_busy[card_pkg::TABLE_REPLIES[3:0]] = !connection_free;
    read_busy[card_pkg::TABLE_ORIGINALS_IPV6[3:0]] = !connection_free;
    read_busy[card_pkg::TABLE_REPLIES_IPV6[3:0]] = !connection_free;
    read_busy[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]] = s42_translate;
    read_busy[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]] = s42_translate;
  end

  wire waits, sweeper_waits;
  row_port rows (.*);

  // A packet in every clock would keep the host and the sweeper from the connections for ever.
  logic [5:0] waited_clocks;
  always_ff @(posedge clk) begin
    waited_clocks <= waits || sweeper_waits ? waited_clocks + 6'd1 : '0;
    want_gap <= waited_clocks == '1 && !rst;
    if (rst) waited_clocks <= '0;
  end

  ram_1r1w #(
      .WIDTH(card_pkg::HASH_KEY_ROW_BITS),
      .DEPTH_LOG2(card_pkg::HASH_KEYS_ROWS_LOG2),
      .RAM_STYLE("block")
  ) hash_keys_for_host (
      .clk(clk),
      .write_enable(host_write[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .write_address(host_index[card_pkg::HASH_KEYS_ROWS_LOG2-1:0]),
      .write_data(host_data[card_pkg::HASH_KEY_ROW_BITS-1:0]),
      .read_enable(host_read[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .read_address(host_index[card_pkg::HASH_KEYS_ROWS_LOG2-1:0]),
      .read_data(hash_key_row)
  );

  wire [17:0] report;
  wire [359:0] report_index;
  wire parity_event_valid;
  wire card_pkg::event_line_t parity_event_line;

  // The beats
  wire s42_valid, s42_first, s42_last, s42_ingress, s42_injected, s42_transmit, s42_egress;
  wire [511:0] s42_data;
  wire [63:0] s42_keep;
  wire [15:0] s42_length;
  wire [3:0] s42_attempt;
  wire [31:0] s42_tag;
  ring_delay #(.WIDTH(634), .CLOCKS(42)) beats (
      .clk(clk),
      .rst(rst),
      .in_valid(in_valid),
      .in({in_first, in_last, in_ingress, in_injected, in_transmit, in_egress, in_attempt, in_tag, in_length,
           in_keep, in_data}),
      .out_valid(s42_valid),
      .out({s42_first, s42_last, s42_ingress, s42_injected, s42_transmit, s42_egress, s42_attempt, s42_tag,
            s42_length, s42_keep, s42_data})
  );

  // Stages 1 to 3
  wire s3_punt, s3_ipv6, s3_ttl_expired;
  wire [4:0] s3_reason;
  wire card_pkg::tuple_ipv6_t s3_tuple;
  wire [3:0] s3_tcp_flags, s31_tcp_flags;
  delay #(.WIDTH(4), .CLOCKS(28)) flags_delay (.clk(clk), .in(s3_tcp_flags), .out(s31_tcp_flags));
  wire [15:0] s3_ip_checksum, s3_l4_checksum, s34_ip_checksum, s34_l4_checksum;
  wire s34_checksums_valid;
  packet_parser parser (
      .clk(clk),
      .mode(mode),
      .host_sctp(host_sctp),
      .data(in_data),
      .length(in_length),
      .transmit(in_transmit),
      .lookup(s3_lookup),
      .punt(s3_punt),
      .reason(s3_reason),
      .ipv6(s3_ipv6),
      .ttl_expired(s3_ttl_expired),
      .tuple(s3_tuple),
      .tcp_flags(s3_tcp_flags),
      .ip_checksum(s3_ip_checksum),
      .l4_checksum(s3_l4_checksum)
  );
  ring_delay #(.WIDTH(32), .CLOCKS(31), .RAM_STYLE("distributed")) checksums (
      .clk(clk),
      .rst(rst),
      .in_valid(header_at[3]),
      .in({s3_ip_checksum, s3_l4_checksum}),
      .out_valid(s34_checksums_valid),
      .out({s34_ip_checksum, s34_l4_checksum})
  );

  // Stages 4 to 12
  wire card_pkg::tuple_ipv6_t s7_tuple, s12_tuple;
  delay #(.WIDTH(card_pkg::TUPLE_IPV6_BITS), .CLOCKS(4)) tuple_delay_7 (.clk(clk), .in(s3_tuple), .out(s7_tuple));
  delay #(.WIDTH(card_pkg::TUPLE_IPV6_BITS), .CLOCKS(5)) tuple_delay_12 (.clk(clk), .in(s7_tuple), .out(s12_tuple));
  wire s12_ttl_expired, s12_ipv6;
  wire [3:0] s12_attempt;
  delay #(.WIDTH(2), .CLOCKS(9)) ttl_delay_12 (
      .clk(clk),
      .in({s3_ipv6, s3_ttl_expired}),
      .out({s12_ipv6, s12_ttl_expired})
  );
  wire s12_directed;
  wire [19:0] s12_directed_endpoint;
  delay #(.WIDTH(25), .CLOCKS(12)) inject_delay (
      .clk(clk),
      .in({in_attempt, in_directed, in_endpoint}),
      .out({s12_attempt, s12_directed, s12_directed_endpoint})
  );

  wire [1:0] s12_class;
  wire [11:0] s12_client_next_hop;
  wire [31:0] s12_range_sets;
  wire [5:0] s12_range_set;
  source_lookup sources (
      .clk(clk),
      .valid(s3_lookup && header_at[3]),
      .address(s3_tuple.source_address),
      .client_class(s12_class),
      .next_hop(s12_client_next_hop),
      .range_sets(s12_range_sets),
      .write_enable(host_write[card_pkg::TABLE_SOURCES[3:0]]),
      .write_address(host_index[card_pkg::SOURCES_ROWS_LOG2-1:0]),
      .write_row(host_data[card_pkg::SOURCE_ROW_BITS-1:0]),
      .host_read(host_read[card_pkg::TABLE_SOURCES[3:0]]),
      .host_index(host_index[card_pkg::SOURCES_ROWS_LOG2-1:0]),
      .host_row(source_row)
  );
  wire s12_frontend, s12_frontend_bad;
  wire [15:0] s12_frontend_counter;
  wire [27:0] s12_outside, s12_inside;
  frontend_lookup frontends (
      .clk(clk),
      .valid(lookup_at[7]),
      .tuple(s7_tuple),
      .hit(s12_frontend),
      .bad(s12_frontend_bad),
      .report(report[0]),
      .report_index(report_index[0+:20]),
      .counter(s12_frontend_counter),
      .outside(s12_outside),
      .inside_(s12_inside),
      .range_set(s12_range_set),
      .host_read(host_read[card_pkg::TABLE_FRONTENDS[3:0]]),
      .host_write(host_write[card_pkg::TABLE_FRONTENDS[3:0]]),
      .host_flip(host_flip_any),
      .host_index(host_index[card_pkg::FRONTENDS_ROWS_LOG2-1:0]),
      .host_data(host_data[card_pkg::FRONTEND_ROW_BITS-1:0]),
      .host_row(frontend_row)
  );

  // Stages 13 to 15
  wire s15_over_quota, quota_add, quota_subtract;
  wire [15:0] quota_counter;
  unconfirmed_quota quotas (
      .clk(clk),
      .rst(rst),
      .quota(unconfirmed_quota),
      .ask(lookup_at[12] && s12_frontend),
      .ask_index(s12_frontend_counter[card_pkg::FRONTEND_COUNTERS_ROWS_LOG2-1:0]),
      .over(s15_over_quota),
      .add(quota_add),
      .subtract(quota_subtract),
      .index(quota_counter[card_pkg::FRONTEND_COUNTERS_ROWS_LOG2-1:0]),
      .clear(host_write[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]]),
      .clear_index(host_index[card_pkg::FRONTEND_COUNTERS_ROWS_LOG2-1:0])
  );

  // Stages 13 to 20
  wire s20_candidate, s20_punt, s20_ipv6, s20_ttl_expired;
  wire [1:0] s20_verdict;
  wire [4:0] s20_reason, s20_early_reason;
  wire card_pkg::tuple_ipv6_t s20_tuple, s20_reply_key;
  wire [11:0] s20_endpoint_next_hop, s20_client_next_hop;
  wire [15:0] s20_frontend_counter;
  wire [19:0] s20_endpoint;
  first_packet first (
      .clk(clk),
      .slot_hash_seed(slot_hash_seed),
      .masquerade_address(masquerade_address),
      .masquerade_port_base(masquerade_port_base),
      .masquerade_port_mask(masquerade_port_mask),
      .masquerade_ipv6_address(masquerade_ipv6_address),
      .service_ranges(service_ranges),
      .valid(lookup_at[12]),
      .ipv6(s12_ipv6),
      .tuple(s12_tuple),
      .attempt(s12_attempt),
      .directed(s12_directed),
      .directed_endpoint(s12_directed_endpoint),
      .ttl_expired(s12_ttl_expired),
      .client_class(s12_class),
      .hit(s12_frontend),
      .frontend_bad(s12_frontend_bad),
      .outside(s12_outside),
      .inside_(s12_inside),
      .range_set(s12_range_set),
      .range_sets(s12_range_sets),
      .s3_over_quota(s15_over_quota),
      .candidate(s20_candidate),
      .verdict(s20_verdict),
      .reason(s20_reason),
      .out_tuple(s20_tuple),
      .reply_key(s20_reply_key),
      .next_hop(s20_endpoint_next_hop),
      .endpoint(s20_endpoint),
      .host_read_slots(host_read[card_pkg::TABLE_SLOTS[3:0]]),
      .host_read_endpoints(host_read[card_pkg::TABLE_ENDPOINTS[3:0]]),
      .host_write_slots(host_write[card_pkg::TABLE_SLOTS[3:0]]),
      .host_write_endpoints(host_write[card_pkg::TABLE_ENDPOINTS[3:0]]),
      .host_index(host_index),
      .host_data(host_data[card_pkg::ENDPOINT_ROW_BITS-1:0]),
      .host_slot(slot_row),
      .host_endpoint(endpoint_row),
      .host_flip(host_flip_any),
      .slot_report(report[1]),
      .slot_report_index(report_index[20+:20]),
      .endpoint_report(report[2]),
      .endpoint_report_index(report_index[40+:20])
  );
  delay #(.WIDTH(30), .CLOCKS(8)) chosen_delay (
      .clk(clk),
      .in({s12_ipv6, s12_ttl_expired, s12_client_next_hop, s12_frontend_counter}),
      .out({s20_ipv6, s20_ttl_expired, s20_client_next_hop, s20_frontend_counter})
  );
  delay #(.WIDTH(6), .CLOCKS(17)) early_delay (
      .clk(clk),
      .in({s3_punt, s3_reason}),
      .out({s20_punt, s20_early_reason})
  );
  wire [1:0] early_verdict = s20_punt ? card_pkg::VERDICT_PUNT[1:0] : card_pkg::VERDICT_PASS[1:0];

  // Stages 21 to 34
  wire s34_translate, s34_learned, s34_translation_bad;
  wire connection_event_valid;
  wire [511:0] connection_event_line;
  wire [1:0] s34_verdict;
  wire [4:0] s34_reason;
  wire s34_ipv6;
  wire card_pkg::tuple_ipv6_t s34_tuple, s34_other;
  wire [11:0] s34_next_hop;
  wire [15:0] s34_frontend_counter;
  wire [19:0] s34_endpoint;
  connection_tables connections (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .timeouts(timeouts),
      .sweeps(sweeps),
      .sweeper_waits(sweeper_waits),
      .lookup(lookup_at[20]),
      .ipv6(s20_ipv6),
      .candidate(s20_candidate),
      .ttl_expired(s20_ttl_expired),
      .verdict(lookup_at[20] ? s20_verdict : early_verdict),
      .reason(lookup_at[20] ? s20_reason : s20_early_reason),
      .tuple(s20_tuple),
      .reply_key(s20_reply_key),
      .endpoint_next_hop(s20_endpoint_next_hop),
      .client_next_hop(s20_client_next_hop),
      .frontend_counter(s20_frontend_counter),
      .endpoint(s20_endpoint),
      .s11_tcp_flags(s31_tcp_flags),
      .translate(s34_translate),
      .out_verdict(s34_verdict),
      .out_reason(s34_reason),
      .learned(s34_learned),
      .translation_bad(s34_translation_bad),
      .out_ipv6(s34_ipv6),
      .out_tuple(s34_tuple),
      .out_other(s34_other),
      .out_next_hop(s34_next_hop),
      .out_frontend_counter(s34_frontend_counter),
      .out_endpoint(s34_endpoint),
      .event_valid(connection_event_valid),
      .event_line(connection_event_line),
      .s13_busy(connection_count_busy),
      .quota_add(quota_add),
      .quota_subtract(quota_subtract),
      .quota_counter(quota_counter),
      .host_write(host_write),
      .host_read(host_read),
      .host_free(connection_free),
      .host_index(host_index),
      .host_data(host_data),
      .host_row(connection_row),
      .host_row_ipv6(connection_ipv6_row),
      .host_flip_key(host_flip[0]),
      .host_flip_value(host_flip[1]),
      .report(report[16:3]),
      .report_index(report_index[339:60])
  );

  // Stages 35 to 43
  packet_finish finish (
      .clk(clk),
      .rst(rst),
      .valid(header_at[34]),
      .translate(s34_translate),
      .translation_bad(s34_translation_bad),
      .verdict(s34_verdict),
      .reason(s34_reason),
      .learned(s34_learned),
      .ipv6(s34_ipv6),
      .tuple(s34_tuple),
      .other(s34_other),
      .next_hop(s34_next_hop),
      .frontend_counter(s34_frontend_counter),
      .endpoint(s34_endpoint),
      .ip_checksum(s34_ip_checksum),
      .l4_checksum(s34_l4_checksum),
      .s4_translate(s38_translate),
      .s8_translate(s42_translate),
      .s8_valid(s42_valid),
      .s8_first(s42_first),
      .s8_last(s42_last),
      .s8_data(s42_data),
      .s8_keep(s42_keep),
      .s8_length(s42_length),
      .s8_ingress(s42_ingress),
      .s8_injected(s42_injected),
      .s8_transmit(s42_transmit),
      .s8_egress(s42_egress),
      .s8_attempt(s42_attempt),
      .s8_tag(s42_tag),
      .host_flip(host_flip_any),
      .report(report[17]),
      .report_index(report_index[359:340]),
      .host_write(host_write),
      .host_read(host_read),
      .host_index(host_index),
      .host_data(host_data[card_pkg::NEXT_HOP_ROW_BITS-1:0]),
      .host_next_hop(next_hop_row),
      .host_frontend_counter(frontend_counter_row),
      .host_endpoint_counter(endpoint_counter_row),
      .*
  );

  // Rows that have lost their content
  parity_reports #(
      .SOURCES(18),
      .TABLES({card_pkg::TABLE_NEXT_HOPS, card_pkg::TABLE_REPLIES_IPV6, card_pkg::TABLE_ORIGINALS_IPV6,
               card_pkg::TABLE_REPLIES_IPV6, card_pkg::TABLE_REPLIES_IPV6, card_pkg::TABLE_ORIGINALS_IPV6,
               card_pkg::TABLE_HASH_KEYS, card_pkg::TABLE_HASH_KEYS, card_pkg::TABLE_REPLIES, card_pkg::TABLE_ORIGINALS,
               card_pkg::TABLE_REPLIES, card_pkg::TABLE_REPLIES, card_pkg::TABLE_ORIGINALS,
               card_pkg::TABLE_HASH_KEYS, card_pkg::TABLE_HASH_KEYS, card_pkg::TABLE_ENDPOINTS,
               card_pkg::TABLE_SLOTS, card_pkg::TABLE_FRONTENDS})
  ) parity (
      .clk(clk),
      .rst(rst),
      .report(report),
      .index(report_index),
      .free(!connection_event_valid),
      .event_valid(parity_event_valid),
      .event_line(parity_event_line)
  );
  assign event_valid = connection_event_valid || parity_event_valid;
  assign event_line = connection_event_valid ? connection_event_line : parity_event_line;
endmodule

`default_nettype wire
