// Decides what a packet's connection is, one packet a clock, as if packets were decided one after the other: what
// packets 1 to 7 clocks before have recorded is known here before their rows can be read from the tables.
//
// Latency: 2 clocks, 3 for verdict and reason. Throughput: one packet a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | hits (where, and if any), duplicates and free ways with the records of the packets 2 to 7 clocks before |
// | 2     | the same with the packet one clock before, whose decision is one clock old; the decision |
// | 3     | verdict and reason |
//
// The only loop is stage 2: `learned` and the ways picked go back into it. All comparisons were made before
// (near_match), so the loop is: pick's bit masked, lowest free way, decision. Which bucket is the emptier one is taken
// from the tables as they were read: what the packets a few clocks before recorded changes little.
`default_nettype none

module connection_resolve #(
    parameter int WAYS = 2 * card_pkg::ORIGINALS_WAYS  // of both buckets
) (
    input wire logic clk,
    input wire logic rst,

    // The packet
    input wire logic lookup,     // it has a tuple to look up
    input wire logic candidate,  // it may begin a connection
    input wire logic ttl_expired,
    input wire logic [1:0] verdict,  // if neither
    input wire logic [4:0] reason,
    // What the tables said
    input wire logic [WAYS-1:0] original_hit,
    input wire logic [WAYS-1:0] original_used,
    input wire logic [WAYS-1:0] reply_hit,        // by the tuple
    input wire logic [WAYS-1:0] reply_duplicate,  // by the reply key
    input wire logic [WAYS-1:0] reply_used,       // the reply key's buckets
    input wire logic tuple_bad,              // rows have lost their content: not found says nothing
    input wire logic reply_bad,              // the same of the reply key
    // What near_match said
    input wire logic [6:0] same_original,
    input wire logic [6:0] is_reply,
    input wire logic [6:0] same_reply,
    input wire logic [6:0] same_original_first,
    input wire logic [6:0] same_original_second,
    input wire logic [6:0] same_reply_first,
    input wire logic [6:0] same_reply_second,

    output logic translate,  // by the row at `location`; else verdict and reason stand
    output logic [1:0] s3_verdict,
    output logic [4:0] s3_reason,
    output logic learned,
    output logic [WAYS-1:0] original_pick,  // where it was recorded if learned
    output logic [WAYS-1:0] reply_pick,
    output logic from_reply,           // the translation is the row of `replies`, else of `originals`
    output logic [WAYS-1:0] location        // one-hot; what was recorded now is at original_pick
);
  localparam int HALF = WAYS / 2;

  // Ways recorded by the packets before, and whether any was.
  logic [WAYS-1:0] past_original[1:6], past_reply[1:6];
  logic [6:1] past_learned;
  wire [WAYS-1:0] recorded_original = original_pick & {WAYS{learned}};
  wire [WAYS-1:0] recorded_reply = reply_pick & {WAYS{learned}};

  always_ff @(posedge clk) begin
    past_original[1] <= recorded_original;
    past_reply[1] <= recorded_reply;
    past_learned <= {past_learned[5:1], learned};
    for (int i = 2; i <= 6; i++) begin
      past_original[i] <= past_original[i-1];
      past_reply[i] <= past_reply[i-1];
    end
    if (rst) begin
      past_learned <= '0;
      for (int i = 1; i <= 6; i++) begin
        past_original[i] <= '0;
        past_reply[i] <= '0;
      end
    end
  end

  // Stage 1. The packet 2 clocks before is the one in stage 2; d clocks before: past[d - 2].
  logic [WAYS-1:0] original_now, reply_now, original_taken, reply_taken;
  logic in_originals_now, in_replies_now, duplicate_now;
  always_comb begin
    original_now = original_hit | (recorded_original & {WAYS{same_original[1]}});
    reply_now = reply_hit | (recorded_reply & {WAYS{is_reply[1]}});
    in_originals_now = |original_hit | (learned & same_original[1]);
    in_replies_now = |reply_hit | (learned & is_reply[1]);
    duplicate_now = |reply_duplicate | (learned & same_reply[1]);
    original_taken = original_used | (recorded_original & {{HALF{same_original_second[1]}}, {HALF{same_original_first[1]}}});
    reply_taken = reply_used | (recorded_reply & {{HALF{same_reply_second[1]}}, {HALF{same_reply_first[1]}}});
    for (int i = 2; i <= 6; i++) begin
      original_now = original_now | (past_original[i-1] & {WAYS{same_original[i]}});
      reply_now = reply_now | (past_reply[i-1] & {WAYS{is_reply[i]}});
      in_originals_now = in_originals_now | (past_learned[i-1] & same_original[i]);
      in_replies_now = in_replies_now | (past_learned[i-1] & is_reply[i]);
      duplicate_now = duplicate_now | (past_learned[i-1] & same_reply[i]);
      original_taken = original_taken | (past_original[i-1] & {{HALF{same_original_second[i]}}, {HALF{same_original_first[i]}}});
      reply_taken = reply_taken | (past_reply[i-1] & {{HALF{same_reply_second[i]}}, {HALF{same_reply_first[i]}}});
    end
  end

  // Whether bank 0 holds more than bank 1: counted in stage 1, compared in stage 2.
  localparam int COUNT_BITS = $clog2(HALF + 1);
  function automatic logic [COUNT_BITS-1:0] ones(input logic [HALF-1:0] bits);
    ones = '0;
    for (int i = 0; i < HALF; i++) ones = ones + COUNT_BITS'(bits[i]);
  endfunction
  logic [COUNT_BITS-1:0] s1_original_first, s1_original_second, s1_reply_first, s1_reply_second;
  always_ff @(posedge clk) begin
    if (lookup) begin
      s1_original_first <= ones(original_used[HALF-1:0]);
      s1_original_second <= ones(original_used[WAYS-1:HALF]);
      s1_reply_first <= ones(reply_used[HALF-1:0]);
      s1_reply_second <= ones(reply_used[WAYS-1:HALF]);
    end
  end

  logic s1_lookup, s1_candidate, s1_ttl_expired, s1_in_originals, s1_in_replies, s1_duplicate, s1_bad;
  logic [1:0] s1_verdict;
  logic [4:0] s1_reason;
  logic [WAYS-1:0] s1_original_hit, s1_reply_hit, s1_original_free, s1_reply_free;
  logic s1_same_original, s1_is_reply, s1_same_reply;
  logic [1:0] s1_same_original_bucket, s1_same_reply_bucket;
  always_ff @(posedge clk) begin
    s1_lookup <= lookup && !rst;
    s1_candidate <= lookup && candidate && !tuple_bad && !reply_bad && !rst;
    s1_bad <= lookup && (tuple_bad || (candidate && reply_bad));
    s1_ttl_expired <= ttl_expired;
    s1_verdict <= verdict;
    s1_reason <= reason;
    s1_original_hit <= original_now;
    s1_reply_hit <= reply_now;
    s1_in_originals <= in_originals_now;
    s1_in_replies <= in_replies_now;
    s1_duplicate <= duplicate_now;
    s1_original_free <= ~original_taken;
    s1_reply_free <= ~reply_taken;
    s1_same_original <= same_original[0];
    s1_is_reply <= is_reply[0];
    s1_same_reply <= same_reply[0];
    s1_same_original_bucket <= {same_original_second[0], same_original_first[0]};
    s1_same_reply_bucket <= {same_reply_second[0], same_reply_first[0]};
  end

  // Stage 2
  wire [WAYS-1:0] original_loc = s1_original_hit | (recorded_original & {WAYS{s1_same_original}});
  wire [WAYS-1:0] reply_loc = s1_reply_hit | (recorded_reply & {WAYS{s1_is_reply}});
  wire in_originals = s1_in_originals | (learned & s1_same_original);
  wire in_replies = s1_in_replies | (learned & s1_is_reply);
  wire found = s1_lookup && (in_originals || in_replies);
  wire duplicate = s1_duplicate | (learned & s1_same_reply);
  wire [WAYS-1:0] original_free = s1_original_free &
      ~(recorded_original & {{HALF{s1_same_original_bucket[1]}}, {HALF{s1_same_original_bucket[0]}}});
  wire [WAYS-1:0] reply_free = s1_reply_free &
      ~(recorded_reply & {{HALF{s1_same_reply_bucket[1]}}, {HALF{s1_same_reply_bucket[0]}}});
  wire original_room, reply_room;
  wire [WAYS-1:0] original_choice, reply_choice;
  way_choice #(.WAYS(HALF)) original_way (
      .free(original_free),
      .prefer(s1_original_first > s1_original_second),
      .any(original_room),
      .pick(original_choice)
  );
  way_choice #(.WAYS(HALF)) reply_way (
      .free(reply_free),
      .prefer(s1_reply_first > s1_reply_second),
      .any(reply_room),
      .pick(reply_choice)
  );
  wire learn = s1_candidate && !in_originals && !in_replies && !duplicate && original_room && reply_room;

  logic s2_found, s2_bad, s2_candidate, s2_duplicate;
  logic [1:0] s2_verdict;
  logic [4:0] s2_reason;
  always_ff @(posedge clk) begin
    learned <= learn && !rst;
    if (s1_candidate) begin
      original_pick <= original_choice;
      reply_pick <= reply_choice;
    end
    translate <= learn || (found && !s1_ttl_expired);
    from_reply <= found && !in_originals;
    location <= in_originals ? original_loc : reply_loc;
    s2_found <= found;
    s2_bad <= s1_bad;
    s2_candidate <= s1_candidate;
    s2_duplicate <= duplicate;
    s2_verdict <= s1_verdict;
    s2_reason <= s1_reason;
  end

  // Stage 3
  always_ff @(posedge clk) begin
    s3_verdict <= card_pkg::VERDICT_PUNT[1:0];
    if (s2_found) s3_reason <= card_pkg::REASON_TTL_EXPIRED[4:0];
    else if (s2_bad) s3_reason <= card_pkg::REASON_TABLE_PARITY[4:0];
    else if (!s2_candidate) begin
      s3_verdict <= s2_verdict;
      s3_reason <= s2_reason;
    end else if (s2_duplicate) s3_reason <= card_pkg::REASON_SOURCE_PORT_TAKEN[4:0];
    else s3_reason <= card_pkg::REASON_CONNECTION_TABLE_FULL[4:0];
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (s1_lookup) assert ($onehot0(original_loc) && $onehot0(reply_loc));
    if (s1_lookup) assert (in_originals == |original_loc && in_replies == |reply_loc);
    if (learn) assert ($onehot(original_choice) && $onehot(reply_choice));
  end
`endif
endmodule

`default_nettype wire
