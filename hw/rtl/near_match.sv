// Compares a packet with the packets 1 to 7 clocks before it: same connection, its reply, same reply, same buckets?
// Which of them recorded a connection is not known yet; the comparisons are ready when it is.
//
// Latency: keys in, their comparisons 5 clocks later; buckets (2 clocks after the keys) in, theirs 3 clocks later:
// both leave together. Throughput: one packet a clock. Bit d - 1 of an output speaks of the packet d clocks before.
// tuple_s6 and reply_key_s6 are the keys 6 clocks later, tuple_s4 and reply_key_s4 4 clocks later.
`default_nettype none

module near_match #(
    parameter int KEY_BITS = card_pkg::TUPLE_BITS,
    parameter int BUCKETS_LOG2 = card_pkg::ORIGINALS_BUCKETS_LOG2
) (
    input wire logic clk,
    input wire logic valid,     // there are keys to compare
    input wire logic s2_valid,  // there are buckets to compare
    input wire logic [KEY_BITS-1:0] tuple,
    input wire logic [KEY_BITS-1:0] reply_key,
    input wire logic [BUCKETS_LOG2-1:0] original_first,
    input wire logic [BUCKETS_LOG2-1:0] original_second,
    input wire logic [BUCKETS_LOG2-1:0] reply_first,
    input wire logic [BUCKETS_LOG2-1:0] reply_second,

    output logic [6:0] same_original,  // this tuple is that packet's tuple
    output logic [6:0] is_reply,       // this tuple is that packet's reply key
    output logic [6:0] same_reply,     // both have one reply key
    output logic [6:0] same_original_first,
    output logic [6:0] same_original_second,
    output logic [6:0] same_reply_first,
    output logic [6:0] same_reply_second,

    output logic [KEY_BITS-1:0] tuple_s4,
    output logic [KEY_BITS-1:0] reply_key_s4,
    output logic [KEY_BITS-1:0] tuple_s6,
    output logic [KEY_BITS-1:0] reply_key_s6
);
  localparam int DISTANCE = 7;

  logic [KEY_BITS-1:0] near_tuple[DISTANCE];
  logic [KEY_BITS-1:0] near_reply_key[DISTANCE];
  logic [BUCKETS_LOG2-1:0] near_original_first[DISTANCE];
  logic [BUCKETS_LOG2-1:0] near_original_second[DISTANCE];
  logic [BUCKETS_LOG2-1:0] near_reply_first[DISTANCE];
  logic [BUCKETS_LOG2-1:0] near_reply_second[DISTANCE];

  always_ff @(posedge clk) begin
    near_tuple[0] <= tuple;
    near_reply_key[0] <= reply_key;
    near_original_first[0] <= original_first;
    near_original_second[0] <= original_second;
    near_reply_first[0] <= reply_first;
    near_reply_second[0] <= reply_second;
    for (int i = 1; i < DISTANCE; i++) begin
      near_tuple[i] <= near_tuple[i-1];
      near_reply_key[i] <= near_reply_key[i-1];
      near_original_first[i] <= near_original_first[i-1];
      near_original_second[i] <= near_original_second[i-1];
      near_reply_first[i] <= near_reply_first[i-1];
      near_reply_second[i] <= near_reply_second[i-1];
    end
  end

  logic [3*DISTANCE-1:0] keys;
  logic [4*DISTANCE-1:0] buckets;
  always_ff @(posedge clk) begin
    for (int i = 0; i < DISTANCE; i++) begin
      if (valid) begin
        keys[i] <= tuple == near_tuple[i];
        keys[DISTANCE+i] <= tuple == near_reply_key[i];
        keys[2*DISTANCE+i] <= reply_key == near_reply_key[i];
      end
      if (s2_valid) begin
        buckets[i] <= original_first == near_original_first[i];
        buckets[DISTANCE+i] <= original_second == near_original_second[i];
        buckets[2*DISTANCE+i] <= reply_first == near_reply_first[i];
        buckets[3*DISTANCE+i] <= reply_second == near_reply_second[i];
      end
    end
  end

  delay #(.WIDTH(3 * DISTANCE), .CLOCKS(4)) keys_delay (
      .clk(clk),
      .in(keys),
      .out({same_reply, is_reply, same_original})
  );
  delay #(.WIDTH(4 * DISTANCE), .CLOCKS(2)) buckets_delay (
      .clk(clk),
      .in(buckets),
      .out({same_reply_second, same_reply_first, same_original_second, same_original_first})
  );

  assign tuple_s4 = near_tuple[3];
  assign reply_key_s4 = near_reply_key[3];
  assign tuple_s6 = near_tuple[5];
  assign reply_key_s6 = near_reply_key[5];
endmodule

`default_nettype wire
