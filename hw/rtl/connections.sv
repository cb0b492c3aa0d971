// The connection tables of one family: finds a packet's connection or records a new one, and gives the translation
// (docs/card.md, steps 2 and 4). Each packet sees what every packet before it recorded.
//
// Latency: 14 clocks. Throughput: one packet a clock.
//
// | stage  | what is registered |
// |--------|--------------------|
// | 1, 2   | placement hashes of tuple and reply key; comparison with the packets before |
// | 3, 4   | keys of the buckets (memory) |
// | 5      | hits, ways in use |
// | 6, 7   | decision (connection_resolve; verdict and reason in 8) |
// | 8..14  | rows recorded or read, state, translation (connection_rows) |
//
// A packet that records its connection, or follows closely, reads its translation from the memory too: it was written
// one clock before. A lookup reads it from 8 clocks behind that packet on: near_match and connection_resolve see it 1 to
// 7 clocks behind. Nothing is forwarded but the location. What the host or the sweeper does to a row is done in stage 8
// in place of a packet; a packet that was found in a row removed a moment later still reads what it found.
`default_nettype none

module connections #(
    parameter int ADDRESS_BITS = 32,
    parameter int ROWS_LOG2 = card_pkg::ORIGINALS_ROWS_LOG2,  // of either table
    parameter int KEY_BITS = 2 * ADDRESS_BITS + 40,
    parameter int ROW_BITS = KEY_BITS + 92
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic [19:0] tick,
    input wire logic [139:0] timeouts,
    output logic swept,  // the sweeper has seen all connections in this tick
    output logic wants_sweep,  // the sweeper has an operation
    input wire logic s8_sweep,  // it may have this clock: there is no packet and no operation of the host

    input wire logic lookup,  // there is a packet, and it has a tuple to look up
    input wire logic candidate,
    input wire logic ttl_expired,
    input wire logic [1:0] verdict,  // stands if the packet is neither found nor a candidate
    input wire logic [4:0] reason,
    input wire logic [KEY_BITS-1:0] tuple,
    input wire logic [KEY_BITS-1:0] reply_key,
    input wire logic [11:0] endpoint_next_hop,
    input wire logic [11:0] client_next_hop,
    input wire logic [15:0] frontend_counter,
    input wire logic [19:0] endpoint,
    input wire logic [3:0] s11_tcp_flags,  // {TCP, RST, SYN, FIN}

    output logic translate,
    output logic [1:0] out_verdict,  // if not translated
    output logic [4:0] out_reason,
    output logic learned,
    output logic translation_bad,  // a row it was read from has lost its content
    output logic [KEY_BITS-1:0] out_tuple,
    output logic [KEY_BITS-1:0] out_other,  // the key of its other direction: turned round, what the packet leaves with
    output logic [11:0] out_next_hop,
    output logic [15:0] out_frontend_counter,
    output logic [19:0] out_endpoint,

    output logic event_valid,
    output logic [7:0] event_kind,
    output logic [2:0] event_state,
    output logic [ROWS_LOG2-1:0] event_original_row,
    output logic [ROWS_LOG2-1:0] event_reply_row,
    output logic [KEY_BITS-1:0] event_original,
    output logic [KEY_BITS-1:0] event_reply,
    output logic [19:0] event_endpoint,
    output logic [15:0] event_frontend_counter,

    output logic s12_busy,  // a connection's count may change two clocks later
    output logic quota_add,
    output logic quota_subtract,
    output logic [15:0] quota_counter,

    input wire logic hash_write,
    input wire logic host_write_originals,  // these only if s6_packet was low two clocks before
    input wire logic host_write_replies,
    input wire logic host_read_originals,  // the row follows 6 clocks later
    input wire logic host_read_replies,
    output logic s6_packet,
    input wire logic [19:0] host_index,
    input wire logic [ROW_BITS-1:0] host_data,  // of hash-keys, originals or replies: bits from 0
    output logic [ROW_BITS-1:0] host_row,
    input wire logic host_flip_key,
    input wire logic host_flip_value,

    // For parity_reports: hash-keys twice; originals, replies twice by bucket; originals, replies by row
    output logic [6:0] report,
    output logic [139:0] report_index
);
  localparam int WAYS = 2 * card_pkg::ORIGINALS_WAYS;  // of both buckets
  localparam int BUCKETS_LOG2 = ROWS_LOG2 - $clog2(WAYS);

  logic [8:1] stage_valid;
  always_ff @(posedge clk) stage_valid <= rst ? '0 : {stage_valid[7:1], lookup};

  // Stages 1 and 2
  wire [BUCKETS_LOG2-1:0] s2_original_first, s2_original_second, s2_reply_first, s2_reply_second;
  wire [63:0] hash_row = host_data[63:0];
  wire s2_original_hash_bad, s2_reply_hash_bad, s4_original_hash_bad, s4_reply_hash_bad;
  delay #(.WIDTH(2), .CLOCKS(2)) hash_bad_delay (
      .clk(clk),
      .in({s2_original_hash_bad, s2_reply_hash_bad}),
      .out({s4_original_hash_bad, s4_reply_hash_bad})
  );
  // With a gate before it, as a register of its own: a shift register's output comes a level later.
  logic s5_original_hash_bad, s5_reply_hash_bad;
  always_ff @(posedge clk) begin
    s5_original_hash_bad <= s4_original_hash_bad && stage_valid[4];
    s5_reply_hash_bad <= s4_reply_hash_bad && stage_valid[4];
  end
  tabulation_hash #(.KEY_BITS(KEY_BITS), .BUCKETS_LOG2(BUCKETS_LOG2)) original_hash (
      .clk(clk),
      .valid(lookup),
      .key(tuple),
      .first(s2_original_first),
      .second(s2_original_second),
      .bad(s2_original_hash_bad),
      .report(report[0]),
      .report_index(report_index[0*20+:20]),
      .write_flip(host_flip_key),
      .write_enable(hash_write),
      .write_row(host_index[13:0]),
      .write_first(hash_row[BUCKETS_LOG2-1:0]),
      .write_second(hash_row[32+:BUCKETS_LOG2])
  );
  tabulation_hash #(.KEY_BITS(KEY_BITS), .BUCKETS_LOG2(BUCKETS_LOG2)) reply_hash (
      .clk(clk),
      .valid(lookup),
      .key(reply_key),
      .first(s2_reply_first),
      .second(s2_reply_second),
      .bad(s2_reply_hash_bad),
      .report(report[1]),
      .report_index(report_index[1*20+:20]),
      .write_flip(host_flip_key),
      .write_enable(hash_write),
      .write_row(host_index[13:0]),
      .write_first(hash_row[BUCKETS_LOG2-1:0]),
      .write_second(hash_row[32+:BUCKETS_LOG2])
  );

  wire [6:0] same_original, is_reply, same_reply;
  wire [6:0] same_original_first, same_original_second, same_reply_first, same_reply_second;
  wire [KEY_BITS-1:0] s4_tuple, s4_reply_key, s6_tuple, s6_reply_key;
  near_match #(.KEY_BITS(KEY_BITS), .BUCKETS_LOG2(BUCKETS_LOG2)) near (
      .clk(clk),
      .valid(lookup),
      .s2_valid(stage_valid[2]),
      .tuple(tuple),
      .reply_key(reply_key),
      .original_first(s2_original_first),
      .original_second(s2_original_second),
      .reply_first(s2_reply_first),
      .reply_second(s2_reply_second),
      .same_original(same_original),
      .is_reply(is_reply),
      .same_reply(same_reply),
      .same_original_first(same_original_first),
      .same_original_second(same_original_second),
      .same_reply_first(same_reply_first),
      .same_reply_second(same_reply_second),
      .tuple_s4(s4_tuple),
      .reply_key_s4(s4_reply_key),
      .tuple_s6(s6_tuple),
      .reply_key_s6(s6_reply_key)
  );

  // Stages 3 to 5
  wire original_write, reply_write, write_flip_key;
  wire [ROWS_LOG2-1:0] original_write_index, reply_write_index;
  wire [KEY_BITS:0] original_write_key, reply_write_key;
  wire [WAYS-1:0] s5_original_equal, s5_original_used, s5_reply_equal, s5_duplicate_equal, s5_reply_used;
  wire [WAYS-1:0] s5_unused;
  wire [WAYS-1:0] s5_originals_bad, s5_replies_bad, s5_reply_duplicates_bad;

  bucket_keys #(.KEY_BITS(KEY_BITS), .BUCKETS_LOG2(BUCKETS_LOG2)) originals (
      .clk(clk),
      .valid(stage_valid[2]),
      .first(s2_original_first),
      .second(s2_original_second),
      .s2_key(s4_tuple),
      .equal(s5_original_equal),
      .used(s5_original_used),
      .bad(s5_originals_bad),
      .report(report[2]),
      .report_index(report_index[2*20+:20]),
      .write_flip(write_flip_key),
      .write_enable(original_write),
      .write_index(original_write_index),
      .write_row(original_write_key)
  );
  bucket_keys #(.KEY_BITS(KEY_BITS), .BUCKETS_LOG2(BUCKETS_LOG2)) replies (
      .clk(clk),
      .valid(stage_valid[2]),
      .first(s2_original_first),
      .second(s2_original_second),
      .s2_key(s4_tuple),
      .equal(s5_reply_equal),
      .used(s5_unused),
      .bad(s5_replies_bad),
      .report(report[3]),
      .report_index(report_index[3*20+:20]),
      .write_flip(write_flip_key),
      .write_enable(reply_write),
      .write_index(reply_write_index),
      .write_row(reply_write_key)
  );
  bucket_keys #(.KEY_BITS(KEY_BITS), .BUCKETS_LOG2(BUCKETS_LOG2)) reply_duplicates (
      .clk(clk),
      .valid(stage_valid[2]),
      .first(s2_reply_first),
      .second(s2_reply_second),
      .s2_key(s4_reply_key),
      .equal(s5_duplicate_equal),
      .used(s5_reply_used),
      .bad(s5_reply_duplicates_bad),
      .report(report[4]),
      .report_index(report_index[4*20+:20]),
      .write_flip(write_flip_key),
      .write_enable(reply_write),
      .write_index(reply_write_index),
      .write_row(reply_write_key)
  );

  // Stages 6 and 7
  logic s5_lookup, s5_candidate, s5_ttl_expired;
  logic [1:0] s5_verdict;
  logic [4:0] s5_reason;
  delay #(.WIDTH(9), .CLOCKS(5)) flags_delay (
      .clk(clk),
      .in({candidate, ttl_expired, verdict, reason}),
      .out({s5_candidate, s5_ttl_expired, s5_verdict, s5_reason})
  );
  assign s5_lookup = stage_valid[5];

  wire s7_translate, s7_learned, s7_from_reply;
  wire [1:0] s8_verdict;
  wire [4:0] s8_reason;
  wire [WAYS-1:0] s7_original_pick, s7_reply_pick, s7_location;
  connection_resolve resolve (
      .clk(clk),
      .rst(rst),
      .lookup(s5_lookup),
      .candidate(s5_candidate),
      .ttl_expired(s5_ttl_expired),
      .verdict(s5_verdict),
      .reason(s5_reason),
      .original_hit(s5_original_equal & ~s5_originals_bad),
      .original_used(s5_original_used),
      .reply_hit(s5_reply_equal & ~s5_replies_bad),
      .reply_duplicate(s5_duplicate_equal & ~s5_reply_duplicates_bad),
      .reply_used(s5_reply_used),
      .tuple_bad(s5_originals_bad != '0 || s5_replies_bad != '0 || s5_original_hash_bad),
      .reply_bad(s5_reply_duplicates_bad != '0 || s5_reply_hash_bad),
      .same_original(same_original),
      .is_reply(is_reply),
      .same_reply(same_reply),
      .same_original_first(same_original_first),
      .same_original_second(same_original_second),
      .same_reply_first(same_reply_first),
      .same_reply_second(same_reply_second),
      .translate(s7_translate),
      .s3_verdict(s8_verdict),
      .s3_reason(s8_reason),
      .learned(s7_learned),
      .original_pick(s7_original_pick),
      .reply_pick(s7_reply_pick),
      .from_reply(s7_from_reply),
      .location(s7_location)
  );
  assign s6_packet = stage_valid[6];

  // Stages 8 to 14
  wire [BUCKETS_LOG2-1:0] s7_original_first, s7_original_second, s7_reply_first, s7_reply_second;
  delay #(.WIDTH(4 * BUCKETS_LOG2), .CLOCKS(5)) buckets_delay (
      .clk(clk),
      .in({s2_original_first, s2_original_second, s2_reply_first, s2_reply_second}),
      .out({s7_original_first, s7_original_second, s7_reply_first, s7_reply_second})
  );
  wire [KEY_BITS-1:0] s8_tuple, s8_reply_key;
  delay #(.WIDTH(2 * KEY_BITS), .CLOCKS(2)) keys_delay (
      .clk(clk),
      .in({s6_tuple, s6_reply_key}),
      .out({s8_tuple, s8_reply_key})
  );
  wire [11:0] s8_endpoint_next_hop, s8_client_next_hop;
  wire [15:0] s8_frontend_counter;
  wire [19:0] s8_endpoint;
  delay #(.WIDTH(60), .CLOCKS(8)) values_delay (
      .clk(clk),
      .in({endpoint_next_hop, client_next_hop, frontend_counter, endpoint}),
      .out({s8_endpoint_next_hop, s8_client_next_hop, s8_frontend_counter, s8_endpoint})
  );

  connection_rows #(.ADDRESS_BITS(ADDRESS_BITS), .ROWS_LOG2(ROWS_LOG2)) rows (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .timeouts(timeouts),
      .swept(swept),
      .wants_sweep(wants_sweep),
      .sweep(s8_sweep),
      .learned(s7_learned),
      .translate(s7_translate),
      .from_reply(s7_from_reply),
      .original_pick(s7_original_pick),
      .reply_pick(s7_reply_pick),
      .location(s7_location),
      .original_first(s7_original_first),
      .original_second(s7_original_second),
      .reply_first(s7_reply_first),
      .reply_second(s7_reply_second),
      .s1_packet(stage_valid[8]),
      .s1_tuple(s8_tuple),
      .s1_reply_key(s8_reply_key),
      .s1_endpoint_next_hop(s8_endpoint_next_hop),
      .s1_client_next_hop(s8_client_next_hop),
      .s1_frontend_counter(s8_frontend_counter),
      .s1_endpoint(s8_endpoint),
      .s4_tcp_flags(s11_tcp_flags),
      .original_write(original_write),
      .reply_write(reply_write),
      .original_write_index(original_write_index),
      .reply_write_index(reply_write_index),
      .original_write_key(original_write_key),
      .reply_write_key(reply_write_key),
      .write_flip_key(write_flip_key),
      .translation_bad(translation_bad),
      .other(out_other),
      .next_hop(out_next_hop),
      .frontend_counter(out_frontend_counter),
      .endpoint(out_endpoint),
      .event_valid(event_valid),
      .event_kind(event_kind),
      .event_state(event_state),
      .event_original_row(event_original_row),
      .event_reply_row(event_reply_row),
      .event_original(event_original),
      .event_reply(event_reply),
      .event_endpoint(event_endpoint),
      .event_frontend_counter(event_frontend_counter),
      .s5_busy(s12_busy),
      .quota_add(quota_add),
      .quota_subtract(quota_subtract),
      .quota_counter(quota_counter),
      .host_write_originals(host_write_originals),
      .host_write_replies(host_write_replies),
      .host_read_originals(host_read_originals),
      .host_read_replies(host_read_replies),
      .host_index(host_index[ROWS_LOG2-1:0]),
      .host_data(host_data),
      .host_row(host_row),
      .host_flip_key(host_flip_key),
      .host_flip_value(host_flip_value),
      .report(report[6:5]),
      .report_index(report_index[139:100])
  );

  delay #(.WIDTH(KEY_BITS), .CLOCKS(6)) tuple_delay (.clk(clk), .in(s8_tuple), .out(out_tuple));
  delay #(.WIDTH(2), .CLOCKS(7)) decision_delay (
      .clk(clk),
      .in({s7_translate, s7_learned}),
      .out({translate, learned})
  );
  delay #(.WIDTH(7), .CLOCKS(6)) verdict_delay (.clk(clk), .in({s8_verdict, s8_reason}), .out({out_verdict, out_reason}));
endmodule

`default_nettype wire
