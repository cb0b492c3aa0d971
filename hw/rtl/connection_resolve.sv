// Decides what a packet's connection is, one packet a clock, as if packets were decided one after the other: what
// packets 1 to 6 clocks before have recorded is known here before their rows can be read from the tables.
//
// Latency: 2 clocks. Throughput: one packet a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | hits, duplicates and free ways with the records of the packets 2 to 6 clocks before |
// | 2     | the same with the packet one clock before, whose decision is one clock old; the decision |
//
// The only loop is stage 2: `learned` and the ways picked go back into it. All comparisons were made before
// (near_match), so the loop is: pick's bit masked, emptier bucket, decision.
`default_nettype none

module connection_resolve (
    input wire logic clk,
    input wire logic rst,

    // The packet
    input wire logic lookup,     // it has a tuple to look up
    input wire logic candidate,  // it may begin a connection
    input wire logic ttl_expired,
    input wire logic [1:0] verdict,  // if neither
    input wire logic [4:0] reason,
    // What the tables said
    input wire logic [7:0] original_hit,
    input wire logic [7:0] original_used,
    input wire logic [7:0] reply_hit,        // by the tuple
    input wire logic [7:0] reply_duplicate,  // by the reply key
    input wire logic [7:0] reply_used,       // the reply key's buckets
    input wire logic tuple_bad,              // rows have lost their content: not found says nothing
    input wire logic reply_bad,              // the same of the reply key
    // What near_match said
    input wire logic [5:0] same_original,
    input wire logic [5:0] is_reply,
    input wire logic [5:0] same_reply,
    input wire logic [5:0] same_original_first,
    input wire logic [5:0] same_original_second,
    input wire logic [5:0] same_reply_first,
    input wire logic [5:0] same_reply_second,

    output logic translate,  // by the row at `location`; else verdict and reason stand
    output logic [1:0] out_verdict,
    output logic [4:0] out_reason,
    output logic learned,
    output logic [7:0] original_pick,  // where it was recorded if learned
    output logic [7:0] reply_pick,
    output logic from_reply,           // the translation is the row of `replies`, else of `originals`
    output logic [7:0] location        // one-hot; what was recorded now is at original_pick
);
  // Ways recorded by the packets before: [0] is the packet in stage 2, whose picks still need `learned`.
  logic [7:0] past_original[1:5], past_reply[1:5];
  wire [7:0] recorded_original = original_pick & {8{learned}};
  wire [7:0] recorded_reply = reply_pick & {8{learned}};

  always_ff @(posedge clk) begin
    past_original[1] <= recorded_original;
    past_reply[1] <= recorded_reply;
    for (int i = 2; i <= 5; i++) begin
      past_original[i] <= past_original[i-1];
      past_reply[i] <= past_reply[i-1];
    end
    if (rst) begin
      for (int i = 1; i <= 5; i++) begin
        past_original[i] <= '0;
        past_reply[i] <= '0;
      end
    end
  end

  // Stage 1. The packet 2 clocks before is the one in stage 2; d clocks before: past[d - 2].
  logic [7:0] original_now, reply_now, original_taken, reply_taken;
  logic duplicate_now;
  always_comb begin
    original_now = original_hit | (recorded_original & {8{same_original[1]}});
    reply_now = reply_hit | (recorded_reply & {8{is_reply[1]}});
    duplicate_now = |reply_duplicate | (learned & same_reply[1]);
    original_taken = original_used | (recorded_original & {{4{same_original_second[1]}}, {4{same_original_first[1]}}});
    reply_taken = reply_used | (recorded_reply & {{4{same_reply_second[1]}}, {4{same_reply_first[1]}}});
    for (int i = 2; i <= 5; i++) begin
      original_now = original_now | (past_original[i-1] & {8{same_original[i]}});
      reply_now = reply_now | (past_reply[i-1] & {8{is_reply[i]}});
      duplicate_now = duplicate_now | (|past_reply[i-1] & same_reply[i]);
      original_taken = original_taken | (past_original[i-1] & {{4{same_original_second[i]}}, {4{same_original_first[i]}}});
      reply_taken = reply_taken | (past_reply[i-1] & {{4{same_reply_second[i]}}, {4{same_reply_first[i]}}});
    end
  end

  logic s1_lookup, s1_candidate, s1_ttl_expired, s1_duplicate, s1_bad;
  logic [1:0] s1_verdict;
  logic [4:0] s1_reason;
  logic [7:0] s1_original_hit, s1_reply_hit, s1_original_free, s1_reply_free;
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
  wire [7:0] original_loc = s1_original_hit | (recorded_original & {8{s1_same_original}});
  wire [7:0] reply_loc = s1_reply_hit | (recorded_reply & {8{s1_is_reply}});
  wire in_originals = |s1_original_hit | (learned & s1_same_original);
  wire in_replies = |s1_reply_hit | (learned & s1_is_reply);
  wire found = s1_lookup && (in_originals || in_replies);
  wire duplicate = s1_duplicate | (learned & s1_same_reply);
  wire [7:0] original_free = s1_original_free &
      ~(recorded_original & {{4{s1_same_original_bucket[1]}}, {4{s1_same_original_bucket[0]}}});
  wire [7:0] reply_free = s1_reply_free &
      ~(recorded_reply & {{4{s1_same_reply_bucket[1]}}, {4{s1_same_reply_bucket[0]}}});
  wire original_room, reply_room;
  wire [7:0] original_choice, reply_choice;
  way_choice original_way (.free(original_free), .any(original_room), .pick(original_choice));
  way_choice reply_way (.free(reply_free), .any(reply_room), .pick(reply_choice));
  wire learn = s1_candidate && !in_originals && !in_replies && !duplicate && original_room && reply_room;

  always_ff @(posedge clk) begin
    learned <= learn && !rst;
    if (s1_candidate) begin
      original_pick <= original_choice;
      reply_pick <= reply_choice;
    end
    translate <= learn || (found && !s1_ttl_expired);
    from_reply <= found && !in_originals;
    location <= in_originals ? original_loc : reply_loc;
    out_verdict <= card_pkg::VERDICT_PUNT[1:0];
    if (found) out_reason <= card_pkg::REASON_TTL_EXPIRED[4:0];
    else if (s1_bad) out_reason <= card_pkg::REASON_TABLE_PARITY[4:0];
    else if (!s1_candidate) begin
      out_verdict <= s1_verdict;
      out_reason <= s1_reason;
    end else if (duplicate) out_reason <= card_pkg::REASON_SOURCE_PORT_TAKEN[4:0];
    else out_reason <= card_pkg::REASON_CONNECTION_TABLE_FULL[4:0];
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (s1_lookup) assert ($onehot0(original_loc) && $onehot0(reply_loc));
    if (learn) assert ($onehot(original_choice) && $onehot(reply_choice));
  end
`endif
endmodule

`default_nettype wire
