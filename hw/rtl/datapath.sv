// What the card does with a packet (docs/card.md, "One packet"): beats in, the same beats out with a verdict, a
// translated packet's first beat rewritten.
//
// Latency: 39 clocks, always. Throughput: one beat and one header a clock for any mix of packets; nothing stalls but
// row_ready and there is no back-pressure.
//
// | stage  | module | what happens |
// |--------|--------|--------------|
// | 1..3   | packet_parser | fields, class, 5-tuple |
// | 4..12  | source_lookup | longest prefix of the source |
// | 8..12  | frontend_lookup | destination, exact match |
// | 13..20 | first_packet | slot, endpoint, translation of a new connection |
// | 21..32 | connections | placement hashes, lookup, decision, recording, translation |
// | 33..39 | packet_finish | next hop, checksums, rewriting, counters |
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
    input wire logic [1:0] host_protocols,
    input wire logic [127:0] service_range_addresses,
    input wire logic [127:0] service_range_masks,

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
    input wire logic [7:0] row_table,
    input wire logic [31:0] row_index,
    input wire logic [415:0] row_data,
    output logic row_read_valid,
    output logic [415:0] row_read_data,

    // Connections recorded, card_pkg::event_line_t
    output logic event_valid,
    output logic [511:0] event_line
);
  // By stage: a header that is looked up; any header.
  logic [38:4] lookup_at;
  logic [32:1] header_at;
  wire s3_lookup;
  always_ff @(posedge clk) begin
    lookup_at <= {lookup_at[37:4], s3_lookup && header_at[3]};
    header_at <= {header_at[31:1], in_valid && in_first};
    if (rst) begin
      lookup_at <= '0;
      header_at <= '0;
    end
  end

  // Host's rows
  wire [15:0] host_write, host_read;
  wire [19:0] host_index;
  wire card_pkg::original_row_t host_data;
  wire [card_pkg::ORIGINAL_ROW_BITS-1:0] host_bits = host_data;
  wire [card_pkg::SOURCE_ROW_BITS-1:0] source_row;
  wire [card_pkg::SLOT_ROW_BITS-1:0] slot_row;
  wire [card_pkg::ENDPOINT_ROW_BITS-1:0] endpoint_row;
  wire [card_pkg::NEXT_HOP_ROW_BITS-1:0] next_hop_row;
  wire [card_pkg::HASH_KEY_ROW_BITS-1:0] hash_key_row;
  wire [card_pkg::FRONTEND_ROW_BITS-1:0] frontend_row;
  wire [card_pkg::FRONTEND_COUNTER_ROW_BITS-1:0] frontend_counter_row;
  wire [card_pkg::ENDPOINT_COUNTER_ROW_BITS-1:0] endpoint_counter_row;
  wire [card_pkg::ORIGINAL_ROW_BITS-1:0] connection_row;
  wire connection_write_free, s35_translate, s38_translate;
  logic [15:0] write_busy, read_busy;
  always_comb begin
    write_busy = '0;
    write_busy[card_pkg::TABLE_ORIGINALS[3:0]] = !connection_write_free;
    write_busy[card_pkg::TABLE_REPLIES[3:0]] = !connection_write_free;
    write_busy[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]] = s38_translate;
    write_busy[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]] = s38_translate;
    read_busy = '0;
    read_busy[card_pkg::TABLE_FRONTENDS[3:0]] = lookup_at[7];
    read_busy[card_pkg::TABLE_SLOTS[3:0]] = lookup_at[13];
    read_busy[card_pkg::TABLE_ENDPOINTS[3:0]] = lookup_at[15];
    read_busy[card_pkg::TABLE_NEXT_HOPS[3:0]] = s35_translate;
    read_busy[card_pkg::TABLE_ORIGINALS[3:0]] = lookup_at[21];
    read_busy[card_pkg::TABLE_REPLIES[3:0]] = lookup_at[21];
    read_busy[card_pkg::TABLE_FRONTEND_COUNTERS[3:0]] = s38_translate;
    read_busy[card_pkg::TABLE_ENDPOINT_COUNTERS[3:0]] = s38_translate;
  end

  row_port rows (.*);

  ram_1r1w #(
      .WIDTH(card_pkg::HASH_KEY_ROW_BITS),
      .DEPTH_LOG2(card_pkg::HASH_KEYS_ROWS_LOG2),
      .RAM_STYLE("block")
  ) hash_keys_for_host (
      .clk(clk),
      .write_enable(host_write[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .write_address(host_index[card_pkg::HASH_KEYS_ROWS_LOG2-1:0]),
      .write_data(host_bits[card_pkg::HASH_KEY_ROW_BITS-1:0]),
      .read_enable(host_read[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .read_address(host_index[card_pkg::HASH_KEYS_ROWS_LOG2-1:0]),
      .read_data(hash_key_row)
  );

  // The beats
  wire s38_valid, s38_first, s38_last, s38_ingress, s38_injected, s38_transmit, s38_egress;
  wire [511:0] s38_data;
  wire [63:0] s38_keep;
  wire [15:0] s38_length;
  wire [3:0] s38_attempt;
  wire [31:0] s38_tag;
  ring_delay #(.WIDTH(634), .CLOCKS(38)) beats (
      .clk(clk),
      .rst(rst),
      .in_valid(in_valid),
      .in({in_first, in_last, in_ingress, in_injected, in_transmit, in_egress, in_attempt, in_tag, in_length,
           in_keep, in_data}),
      .out_valid(s38_valid),
      .out({s38_first, s38_last, s38_ingress, s38_injected, s38_transmit, s38_egress, s38_attempt, s38_tag,
            s38_length, s38_keep, s38_data})
  );

  // Stages 1 to 3
  wire s3_punt, s3_ttl_expired;
  wire [4:0] s3_reason;
  wire card_pkg::tuple_t s3_tuple;
  wire [15:0] s3_ip_checksum, s3_l4_checksum, s32_ip_checksum, s32_l4_checksum;
  wire s32_checksums_valid;
  packet_parser parser (
      .clk(clk),
      .mode(mode),
      .host_protocols(host_protocols),
      .data(in_data),
      .length(in_length),
      .transmit(in_transmit),
      .lookup(s3_lookup),
      .punt(s3_punt),
      .reason(s3_reason),
      .ttl_expired(s3_ttl_expired),
      .tuple(s3_tuple),
      .ip_checksum(s3_ip_checksum),
      .l4_checksum(s3_l4_checksum)
  );
  ring_delay #(.WIDTH(32), .CLOCKS(29), .RAM_STYLE("distributed")) checksums (
      .clk(clk),
      .rst(rst),
      .in_valid(header_at[3]),
      .in({s3_ip_checksum, s3_l4_checksum}),
      .out_valid(s32_checksums_valid),
      .out({s32_ip_checksum, s32_l4_checksum})
  );

  // Stages 4 to 12
  wire card_pkg::tuple_t s7_tuple, s12_tuple;
  delay #(.WIDTH(card_pkg::TUPLE_BITS), .CLOCKS(4)) tuple_delay_7 (.clk(clk), .in(s3_tuple), .out(s7_tuple));
  delay #(.WIDTH(card_pkg::TUPLE_BITS), .CLOCKS(5)) tuple_delay_12 (.clk(clk), .in(s7_tuple), .out(s12_tuple));
  wire s12_ttl_expired;
  wire [3:0] s12_attempt;
  delay #(.WIDTH(1), .CLOCKS(9)) ttl_delay_12 (.clk(clk), .in(s3_ttl_expired), .out(s12_ttl_expired));
  wire s12_directed;
  wire [19:0] s12_directed_endpoint;
  delay #(.WIDTH(25), .CLOCKS(12)) inject_delay (
      .clk(clk),
      .in({in_attempt, in_directed, in_endpoint}),
      .out({s12_attempt, s12_directed, s12_directed_endpoint})
  );

  wire [1:0] s12_class;
  wire [11:0] s12_client_next_hop;
  source_lookup sources (
      .clk(clk),
      .valid(s3_lookup && header_at[3]),
      .address(s3_tuple.source_address),
      .client_class(s12_class),
      .next_hop(s12_client_next_hop),
      .write_enable(host_write[card_pkg::TABLE_SOURCES[3:0]]),
      .write_address(host_index[card_pkg::SOURCES_ROWS_LOG2-1:0]),
      .write_row(host_bits[card_pkg::SOURCE_ROW_BITS-1:0]),
      .host_read(host_read[card_pkg::TABLE_SOURCES[3:0]]),
      .host_index(host_index[card_pkg::SOURCES_ROWS_LOG2-1:0]),
      .host_row(source_row)
  );
  wire s12_frontend;
  wire [15:0] s12_frontend_counter;
  wire [27:0] s12_outside, s12_inside;
  frontend_lookup frontends (
      .clk(clk),
      .valid(lookup_at[7]),
      .tuple(s7_tuple),
      .hit(s12_frontend),
      .counter(s12_frontend_counter),
      .outside(s12_outside),
      .inside_(s12_inside),
      .host_read(host_read[card_pkg::TABLE_FRONTENDS[3:0]]),
      .host_write(host_write[card_pkg::TABLE_FRONTENDS[3:0]]),
      .host_index(host_index[card_pkg::FRONTENDS_ROWS_LOG2-1:0]),
      .host_data(host_bits[card_pkg::FRONTEND_ROW_BITS-1:0]),
      .host_row(frontend_row)
  );

  // Stages 13 to 20
  wire s20_candidate, s20_punt, s20_ttl_expired;
  wire [1:0] s20_verdict;
  wire [4:0] s20_reason, s20_early_reason;
  wire card_pkg::tuple_t s20_tuple, s20_reply_key;
  wire [11:0] s20_endpoint_next_hop, s20_client_next_hop;
  wire [15:0] s20_frontend_counter;
  wire [19:0] s20_endpoint;
  first_packet first (
      .clk(clk),
      .slot_hash_seed(slot_hash_seed),
      .masquerade_address(masquerade_address),
      .masquerade_port_base(masquerade_port_base),
      .masquerade_port_mask(masquerade_port_mask),
      .service_range_addresses(service_range_addresses),
      .service_range_masks(service_range_masks),
      .valid(lookup_at[12]),
      .tuple(s12_tuple),
      .attempt(s12_attempt),
      .directed(s12_directed),
      .directed_endpoint(s12_directed_endpoint),
      .ttl_expired(s12_ttl_expired),
      .client_class(s12_class),
      .hit(s12_frontend),
      .outside(s12_outside),
      .inside_(s12_inside),
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
      .host_data(host_bits[card_pkg::ENDPOINT_ROW_BITS-1:0]),
      .host_slot(slot_row),
      .host_endpoint(endpoint_row)
  );
  delay #(.WIDTH(29), .CLOCKS(8)) chosen_delay (
      .clk(clk),
      .in({s12_ttl_expired, s12_client_next_hop, s12_frontend_counter}),
      .out({s20_ttl_expired, s20_client_next_hop, s20_frontend_counter})
  );
  delay #(.WIDTH(6), .CLOCKS(17)) early_delay (
      .clk(clk),
      .in({s3_punt, s3_reason}),
      .out({s20_punt, s20_early_reason})
  );
  wire [1:0] early_verdict = s20_punt ? card_pkg::VERDICT_PUNT[1:0] : card_pkg::VERDICT_PASS[1:0];

  // Stages 21 to 32
  wire s32_translate, s32_learned;
  wire [1:0] s32_verdict;
  wire [4:0] s32_reason;
  wire card_pkg::translation_t s32_translation;
  wire card_pkg::tuple_t s32_tuple;
  connections connection_tables (
      .clk(clk),
      .rst(rst),
      .lookup(lookup_at[20]),
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
      .translate(s32_translate),
      .out_verdict(s32_verdict),
      .out_reason(s32_reason),
      .learned(s32_learned),
      .translation(s32_translation),
      .out_tuple(s32_tuple),
      .event_valid(event_valid),
      .event_line(event_line),
      .hash_write(host_write[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .host_write_originals(host_write[card_pkg::TABLE_ORIGINALS[3:0]]),
      .host_write_replies(host_write[card_pkg::TABLE_REPLIES[3:0]]),
      .host_write_free(connection_write_free),
      .host_read_originals(host_read[card_pkg::TABLE_ORIGINALS[3:0]]),
      .host_read_replies(host_read[card_pkg::TABLE_REPLIES[3:0]]),
      .host_index(host_index),
      .host_data(host_data),
      .host_row(connection_row)
  );

  // Stages 33 to 39
  packet_finish finish (
      .clk(clk),
      .rst(rst),
      .valid(header_at[32]),
      .translate(s32_translate),
      .verdict(s32_verdict),
      .reason(s32_reason),
      .learned(s32_learned),
      .tuple(s32_tuple),
      .translation(s32_translation),
      .ip_checksum(s32_ip_checksum),
      .l4_checksum(s32_l4_checksum),
      .s3_translate(s35_translate),
      .s6_translate(s38_translate),
      .s6_valid(s38_valid),
      .s6_first(s38_first),
      .s6_last(s38_last),
      .s6_data(s38_data),
      .s6_keep(s38_keep),
      .s6_length(s38_length),
      .s6_ingress(s38_ingress),
      .s6_injected(s38_injected),
      .s6_transmit(s38_transmit),
      .s6_egress(s38_egress),
      .s6_attempt(s38_attempt),
      .s6_tag(s38_tag),
      .host_write(host_write),
      .host_read(host_read),
      .host_index(host_index),
      .host_data(host_bits[card_pkg::NEXT_HOP_ROW_BITS-1:0]),
      .host_next_hop(next_hop_row),
      .host_frontend_counter(frontend_counter_row),
      .host_endpoint_counter(endpoint_counter_row),
      .*
  );
endmodule

`default_nettype wire
