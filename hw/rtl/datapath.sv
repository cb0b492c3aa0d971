// What the card does with a packet (docs/card.md, "One packet"): beats in, the same beats out with a verdict, a
// translated packet's first beat rewritten.
//
// Latency: 46 clocks, always. Throughput: one beat and one header a clock for any mix of packets; nothing stalls but
// row_ready and there is no back-pressure.
//
// | stage  | module | what happens |
// |--------|--------|--------------|
// | 1..2   | tunnel_unwrap | the frame to be looked at |
// | 3..5   | packet_parser | fields, class, 5-tuple |
// | 6..14  | source_lookup | longest prefix of the source |
// | 7..11  | frontend_lookup | destination, exact match |
// | 12..16 | affinity_lookup | the endpoint that the client has met |
// | 15..22 | first_packet | slot, endpoint, translation of a new connection |
// | 15..17 | unconfirmed_quota | may the frontend have more unconfirmed connections? |
// | 23..36 | connection_tables | placement hashes, lookup, decision, recording, state, translation |
// | 37..46 | packet_finish | next hop, checksums, rewriting, counters |
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
    input wire logic host_tcp,
    input wire logic host_udp,
    input wire logic [31:0] vxlan_address,
    input wire logic [15:0] vxlan_port,
    input wire logic [23:0] vxlan_vni,
    input wire logic [47:0] vxlan_mac,
    input wire logic [15:0] vxlan_mtu,
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
    output logic [5:0] out_strip_bytes,  // it has lost so many in front
    output logic out_wrapped,  // goes into the tunnel: by tunnel_wrap, with these
    output logic [31:0] out_vxlan_address,
    output logic [95:0] out_outer_macs,
    output logic [7:0] out_tos,  // with the first beat
    output logic [15:0] out_flow_port,

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
  logic [44:6] lookup_at;
  logic [36:1] header_at;
  wire s5_lookup;
  always_ff @(posedge clk) begin
    lookup_at <= {lookup_at[43:6], s5_lookup && header_at[5]};
    header_at <= {header_at[35:1], in_valid && in_first};
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
  wire [card_pkg::AFFINITY_ROW_BITS-1:0] affinity_row;
  wire [card_pkg::FRONTEND_COUNTER_ROW_BITS-1:0] frontend_counter_row;
  wire [card_pkg::ENDPOINT_COUNTER_ROW_BITS-1:0] endpoint_counter_row;
  wire [card_pkg::ORIGINAL_ROW_BITS-1:0] connection_row;
  wire [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] connection_ipv6_row;
  wire host_connections, connections_busy, connection_count_busy, s39_translate, s44_translate;
  wire [1:0] host_flip;
  wire host_flip_any = host_flip != '0;
  logic [15:0] write_busy, read_busy;
  always_comb begin
    write_busy = '0;
    write_busy[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]] = s44_translate || connection_count_busy;
    write_busy[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]] = s44_translate;
    read_busy = '0;
    read_busy[card_pkg::TABLE_FRONTENDS[3:0]] = s5_lookup && header_at[5];
    read_busy[card_pkg::TABLE_AFFINITY[3:0]] = lookup_at[10];
    read_busy[card_pkg::TABLE_SLOTS[3:0]] = lookup_at[14];
    read_busy[card_pkg::TABLE_ENDPOINTS[3:0]] = lookup_at[16];
    read_busy[card_pkg::TABLE_NEXT_HOPS[3:0]] = s39_translate;
    read_busy[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]] = s44_translate;
    read_busy[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]] = s44_translate;
  end

  wire waits, sweeper_waits;
  row_port rows (.*);

  // A packet in every clock would keep the host and the sweeper from the connections for ever.
  logic waited;
  logic [5:0] waited_clocks;
  always_ff @(posedge clk) begin
    waited <= waits || sweeper_waits;
    waited_clocks <= waited ? waited_clocks + 6'd1 : '0;
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

  wire [18:0] report;
  wire [379:0] report_index;
  wire parity_event_valid;
  wire card_pkg::event_line_t parity_event_line;

  // The beats
  wire s44_valid, s44_first, s44_last, s44_ingress, s44_injected, s44_transmit, s44_egress;
  wire [511:0] s44_data;
  wire [63:0] s44_keep;
  wire [15:0] s44_length;
  wire [3:0] s44_attempt;
  wire [31:0] s44_tag;
  ring_delay #(.WIDTH(634), .CLOCKS(44)) beats (
      .clk(clk),
      .rst(rst),
      .in_valid(in_valid),
      .in({in_first, in_last, in_ingress, in_injected, in_transmit, in_egress, in_attempt, in_tag, in_length,
           in_keep, in_data}),
      .out_valid(s44_valid),
      .out({s44_first, s44_last, s44_ingress, s44_injected, s44_transmit, s44_egress, s44_attempt, s44_tag,
            s44_length, s44_keep, s44_data})
  );

  // Stages 1 and 2
  wire s2_tunnelled, s2_congested, s2_transmit;
  wire [1:0] s2_mode;
  wire [511:0] s2_first_beat, s2_second_beat;
  wire [15:0] s2_frame_length;
  tunnel_unwrap unwrap (
      .clk(clk),
      .vxlan_address(vxlan_address),
      .vxlan_port(vxlan_port),
      .vxlan_vni(vxlan_vni),
      .data(in_data),
      .length(in_length),
      .ingress(in_ingress),
      .tunnelled(s2_tunnelled),
      .congested(s2_congested),
      .first_beat(s2_first_beat),
      .second_beat(s2_second_beat),
      .frame_length(s2_frame_length)
  );
  delay #(.WIDTH(3), .CLOCKS(2)) mode_delay (.clk(clk), .in({in_transmit, mode}), .out({s2_transmit, s2_mode}));

  // Stages 3 to 5
  wire s5_punt, s5_ipv6, s5_ttl_expired;
  wire [4:0] s5_reason;
  wire card_pkg::tuple_ipv6_t s5_tuple;
  wire [3:0] s5_tcp_flags, s33_tcp_flags;
  delay #(.WIDTH(4), .CLOCKS(28)) flags_delay (.clk(clk), .in(s5_tcp_flags), .out(s33_tcp_flags));
  wire [15:0] s5_ip_checksum, s5_l4_checksum, s36_ip_checksum, s36_l4_checksum;
  wire s36_checksums_valid;
  wire s5_tunnelled, s5_too_long, s5_congestion_lost, s36_tunnelled, s36_too_long, s36_congestion_lost;
  wire [1:0] s5_ecn_step, s36_ecn_step;
  packet_parser parser (
      .clk(clk),
      .mode(s2_mode),
      .host_sctp(host_sctp),
      .vxlan_mtu(vxlan_mtu),
      .first(s2_first_beat),
      .second(s2_second_beat),
      .length(s2_frame_length),
      .transmit(s2_transmit),
      .tunnelled(s2_tunnelled),
      .congested(s2_congested),
      .lookup(s5_lookup),
      .punt(s5_punt),
      .reason(s5_reason),
      .ipv6(s5_ipv6),
      .ttl_expired(s5_ttl_expired),
      .tuple(s5_tuple),
      .tcp_flags(s5_tcp_flags),
      .ip_checksum(s5_ip_checksum),
      .l4_checksum(s5_l4_checksum),
      .tunnel(s5_tunnelled),
      .too_long(s5_too_long),
      .ecn_step(s5_ecn_step),
      .congestion_lost(s5_congestion_lost)
  );
  ring_delay #(.WIDTH(37), .CLOCKS(31), .RAM_STYLE("distributed")) checksums (
      .clk(clk),
      .rst(rst),
      .in_valid(header_at[5]),
      .in({s5_tunnelled, s5_too_long, s5_ecn_step, s5_congestion_lost, s5_ip_checksum, s5_l4_checksum}),
      .out_valid(s36_checksums_valid),
      .out({s36_tunnelled, s36_too_long, s36_ecn_step, s36_congestion_lost, s36_ip_checksum, s36_l4_checksum})
  );

  // Stages 6 to 14
  wire card_pkg::tuple_ipv6_t s6_tuple, s11_tuple, s14_tuple;
  delay #(.WIDTH(card_pkg::TUPLE_IPV6_BITS), .CLOCKS(1)) tuple_delay_6 (.clk(clk), .in(s5_tuple), .out(s6_tuple));
  delay #(.WIDTH(card_pkg::TUPLE_IPV6_BITS), .CLOCKS(5)) tuple_delay_11 (.clk(clk), .in(s6_tuple), .out(s11_tuple));
  delay #(.WIDTH(card_pkg::TUPLE_IPV6_BITS), .CLOCKS(3)) tuple_delay_14 (.clk(clk), .in(s11_tuple), .out(s14_tuple));
  wire s14_ttl_expired, s14_ipv6;
  wire [3:0] s14_attempt;
  delay #(.WIDTH(2), .CLOCKS(9)) ttl_delay_14 (
      .clk(clk),
      .in({s5_ipv6, s5_ttl_expired}),
      .out({s14_ipv6, s14_ttl_expired})
  );
  wire s14_directed;
  wire [19:0] s14_directed_endpoint;
  delay #(.WIDTH(25), .CLOCKS(14)) inject_delay (
      .clk(clk),
      .in({in_attempt, in_directed, in_endpoint}),
      .out({s14_attempt, s14_directed, s14_directed_endpoint})
  );

  wire [1:0] s14_class;
  wire [11:0] s14_client_next_hop;
  wire [31:0] s14_range_sets;
  wire [5:0] s14_range_set;
  source_lookup sources (
      .clk(clk),
      .valid(s5_lookup && header_at[5]),
      .address(s5_tuple.source_address),
      .client_class(s14_class),
      .next_hop(s14_client_next_hop),
      .range_sets(s14_range_sets),
      .write_enable(host_write[card_pkg::TABLE_SOURCES[3:0]]),
      .write_address(host_index[card_pkg::SOURCES_ROWS_LOG2-1:0]),
      .write_row(host_data[card_pkg::SOURCE_ROW_BITS-1:0]),
      .host_read(host_read[card_pkg::TABLE_SOURCES[3:0]]),
      .host_index(host_index[card_pkg::SOURCES_ROWS_LOG2-1:0]),
      .host_row(source_row)
  );
  wire s11_frontend, s11_frontend_bad, s14_frontend, s14_frontend_bad;
  wire [15:0] s11_frontend_counter, s14_frontend_counter;
  wire [27:0] s11_outside, s11_inside, s14_outside, s14_inside;
  wire [5:0] s11_range_set;
  wire [31:0] s11_affinity_group;
  frontend_lookup frontends (
      .clk(clk),
      .valid(lookup_at[6]),
      .tuple(s6_tuple),
      .hit(s11_frontend),
      .bad(s11_frontend_bad),
      .report(report[0]),
      .report_index(report_index[0+:20]),
      .counter(s11_frontend_counter),
      .outside(s11_outside),
      .inside_(s11_inside),
      .range_set(s11_range_set),
      .affinity_group(s11_affinity_group),
      .host_read(host_read[card_pkg::TABLE_FRONTENDS[3:0]]),
      .host_write(host_write[card_pkg::TABLE_FRONTENDS[3:0]]),
      .host_flip(host_flip_any),
      .host_index(host_index[card_pkg::FRONTENDS_ROWS_LOG2-1:0]),
      .host_data(host_data[card_pkg::FRONTEND_ROW_BITS-1:0]),
      .host_row(frontend_row)
  );
  delay #(.WIDTH(80), .CLOCKS(3)) frontend_delay (
      .clk(clk),
      .in({s11_frontend, s11_frontend_bad, s11_frontend_counter, s11_outside, s11_inside, s11_range_set}),
      .out({s14_frontend, s14_frontend_bad, s14_frontend_counter, s14_outside, s14_inside, s14_range_set})
  );

  // Stages 12 to 16
  wire s11_affine = s11_affinity_group != '0;
  wire s16_affine, s16_affinity;
  wire [19:0] s16_affinity_slot, s16_affinity_endpoint;
  delay #(.WIDTH(1), .CLOCKS(5)) affine_delay (.clk(clk), .in(s11_affine), .out(s16_affine));
  affinity_lookup affinity (
      .clk(clk),
      .valid(lookup_at[11] && s11_affine),
      .group(s11_affinity_group),
      .client_address(s11_tuple.source_address),
      .hit(s16_affinity),
      .slot(s16_affinity_slot),
      .endpoint(s16_affinity_endpoint),
      .report(report[18]),
      .report_index(report_index[379:360]),
      .host_read(host_read[card_pkg::TABLE_AFFINITY[3:0]]),
      .host_write(host_write[card_pkg::TABLE_AFFINITY[3:0]]),
      .host_flip(host_flip_any),
      .host_index(host_index[card_pkg::AFFINITY_ROWS_LOG2-1:0]),
      .host_data(host_data[card_pkg::AFFINITY_ROW_BITS-1:0]),
      .host_row(affinity_row)
  );

  // Stages 15 to 17
  wire s17_over_quota, quota_add, quota_subtract;
  wire [15:0] quota_counter;
  unconfirmed_quota quotas (
      .clk(clk),
      .rst(rst),
      .quota(unconfirmed_quota),
      .ask(lookup_at[14] && s14_frontend),
      .ask_index(s14_frontend_counter[card_pkg::FRONTEND_COUNTERS_ROWS_LOG2-1:0]),
      .over(s17_over_quota),
      .add(quota_add),
      .subtract(quota_subtract),
      .index(quota_counter[card_pkg::FRONTEND_COUNTERS_ROWS_LOG2-1:0]),
      .clear(host_write[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]]),
      .clear_index(host_index[card_pkg::FRONTEND_COUNTERS_ROWS_LOG2-1:0])
  );

  // Stages 15 to 22
  wire s22_candidate, s22_punt, s22_ipv6, s22_ttl_expired;
  wire [1:0] s22_verdict;
  wire [4:0] s22_reason, s22_early_reason;
  wire card_pkg::tuple_ipv6_t s22_tuple, s22_reply_key;
  wire [11:0] s22_endpoint_next_hop, s22_client_next_hop;
  wire [15:0] s22_frontend_counter;
  wire [19:0] s22_endpoint;
  first_packet first (
      .clk(clk),
      .slot_hash_seed(slot_hash_seed),
      .masquerade_address(masquerade_address),
      .masquerade_port_base(masquerade_port_base),
      .masquerade_port_mask(masquerade_port_mask),
      .masquerade_ipv6_address(masquerade_ipv6_address),
      .service_ranges(service_ranges),
      .host_tcp(host_tcp),
      .host_udp(host_udp),
      .valid(lookup_at[14]),
      .ipv6(s14_ipv6),
      .tuple(s14_tuple),
      .attempt(s14_attempt),
      .directed(s14_directed),
      .directed_endpoint(s14_directed_endpoint),
      .ttl_expired(s14_ttl_expired),
      .client_class(s14_class),
      .hit(s14_frontend),
      .frontend_bad(s14_frontend_bad),
      .outside(s14_outside),
      .inside_(s14_inside),
      .range_set(s14_range_set),
      .range_sets(s14_range_sets),
      .s2_affine(s16_affine),
      .s2_affinity(s16_affinity),
      .s2_affinity_slot(s16_affinity_slot),
      .s2_affinity_endpoint(s16_affinity_endpoint),
      .s3_over_quota(s17_over_quota),
      .candidate(s22_candidate),
      .verdict(s22_verdict),
      .reason(s22_reason),
      .out_tuple(s22_tuple),
      .reply_key(s22_reply_key),
      .next_hop(s22_endpoint_next_hop),
      .endpoint(s22_endpoint),
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
      .in({s14_ipv6, s14_ttl_expired, s14_client_next_hop, s14_frontend_counter}),
      .out({s22_ipv6, s22_ttl_expired, s22_client_next_hop, s22_frontend_counter})
  );
  delay #(.WIDTH(6), .CLOCKS(17)) early_delay (
      .clk(clk),
      .in({s5_punt, s5_reason}),
      .out({s22_punt, s22_early_reason})
  );
  wire [1:0] early_verdict = s22_punt ? card_pkg::VERDICT_PUNT[1:0] : card_pkg::VERDICT_PASS[1:0];

  // Stages 23 to 36
  wire s36_translate, s36_learned, s36_translation_bad;
  wire connection_event_valid;
  wire [511:0] connection_event_line;
  wire [1:0] s36_verdict;
  wire [4:0] s36_reason;
  wire s36_ipv6;
  wire card_pkg::tuple_ipv6_t s36_tuple, s36_other;
  wire [11:0] s36_next_hop;
  wire [15:0] s36_frontend_counter;
  wire [19:0] s36_endpoint;
  connection_tables connections (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .timeouts(timeouts),
      .sweeps(sweeps),
      .sweeper_waits(sweeper_waits),
      .lookup(lookup_at[22]),
      .ipv6(s22_ipv6),
      .candidate(s22_candidate),
      .ttl_expired(s22_ttl_expired),
      .verdict(lookup_at[22] ? s22_verdict : early_verdict),
      .reason(lookup_at[22] ? s22_reason : s22_early_reason),
      .tuple(s22_tuple),
      .reply_key(s22_reply_key),
      .endpoint_next_hop(s22_endpoint_next_hop),
      .client_next_hop(s22_client_next_hop),
      .frontend_counter(s22_frontend_counter),
      .endpoint(s22_endpoint),
      .s11_tcp_flags(s33_tcp_flags),
      .translate(s36_translate),
      .out_verdict(s36_verdict),
      .out_reason(s36_reason),
      .learned(s36_learned),
      .translation_bad(s36_translation_bad),
      .out_ipv6(s36_ipv6),
      .out_tuple(s36_tuple),
      .out_other(s36_other),
      .out_next_hop(s36_next_hop),
      .out_frontend_counter(s36_frontend_counter),
      .out_endpoint(s36_endpoint),
      .event_valid(connection_event_valid),
      .event_line(connection_event_line),
      .s12_busy(connection_count_busy),
      .quota_add(quota_add),
      .quota_subtract(quota_subtract),
      .quota_counter(quota_counter),
      .host_write(host_write),
      .host_read(host_read),
      .host_connections(host_connections),
      .host_busy(connections_busy),
      .host_index(host_index),
      .host_data(host_data),
      .host_row(connection_row),
      .host_row_ipv6(connection_ipv6_row),
      .host_flip_key(host_flip[0]),
      .host_flip_value(host_flip[1]),
      .report(report[16:3]),
      .report_index(report_index[339:60])
  );

  // Stages 37 to 46
  packet_finish finish (
      .clk(clk),
      .rst(rst),
      .valid(header_at[36]),
      .translate(s36_translate),
      .translation_bad(s36_translation_bad),
      .verdict(s36_verdict),
      .reason(s36_reason),
      .learned(s36_learned),
      .ipv6(s36_ipv6),
      .tuple(s36_tuple),
      .other(s36_other),
      .next_hop(s36_next_hop),
      .frontend_counter(s36_frontend_counter),
      .endpoint(s36_endpoint),
      .ip_checksum(s36_ip_checksum),
      .l4_checksum(s36_l4_checksum),
      .tunnelled(s36_tunnelled),
      .too_long(s36_too_long),
      .ecn_step(s36_ecn_step),
      .congestion_lost(s36_congestion_lost),
      .vxlan_mac(vxlan_mac),
      .s3_translate(s39_translate),
      .s8_translate(s44_translate),
      .s8_valid(s44_valid),
      .s8_first(s44_first),
      .s8_last(s44_last),
      .s8_data(s44_data),
      .s8_keep(s44_keep),
      .s8_length(s44_length),
      .s8_ingress(s44_ingress),
      .s8_injected(s44_injected),
      .s8_transmit(s44_transmit),
      .s8_egress(s44_egress),
      .s8_attempt(s44_attempt),
      .s8_tag(s44_tag),
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
      .SOURCES(19),
      .TABLES({card_pkg::TABLE_AFFINITY, card_pkg::TABLE_NEXT_HOPS, card_pkg::TABLE_REPLIES_IPV6, card_pkg::TABLE_ORIGINALS_IPV6,
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
