// The packet counters: words by enums/statistic, from word 32 on by enums/reason. 32 bits each, they wrap.
//
// Latency: 2 clocks from an event to its counter, 1 from `index` to `value`.
`default_nettype none
module statistics (
    input wire clk,
    input wire rst,

    input wire [2:0] started,  // packets into the datapath: uplink, node, inject
    input wire [1:0] sent,     // frames off the card: uplink, node
    input wire [1:0] receive_overflow,
    input wire [1:0] receive_error,
    input wire counted,
    input wire [1:0] counted_verdict,
    input wire counted_punted,
    input wire counted_captured,
    input wire counted_dropped,
    input wire [7:0] counted_reason,
    input wire event_valid,
    input wire [7:0] event_kind,
    input wire event_lost,
    input wire command_done,
    input wire command_error,

    input wire [5:0] index,
    output logic [31:0] value
);
  localparam REASONS = 32;  // the word of reason 0
  localparam STATISTICS = card_pkg::STATISTIC_PARITY_ERRORS + 1;
  localparam WORDS = REASONS + card_pkg::REASON_HOST_CONNECTIONS + 1;  // the last one

  function automatic logic [2:0] ones(input logic [4:0] bits);
    ones = 3'(bits[0]) + 3'(bits[1]) + 3'(bits[2]) + 3'(bits[3]) + 3'(bits[4]);
  endfunction

  logic [WORDS*3-1:0] step, stepped;
  always_comb begin
    step = '0;
    step[card_pkg::STATISTIC_UPLINK_RECEIVED*3+:3] = 3'(started[0]);
    step[card_pkg::STATISTIC_NODE_RECEIVED*3+:3] = 3'(started[1]);
    step[card_pkg::STATISTIC_INJECTED*3+:3] = 3'(started[2]);
    step[card_pkg::STATISTIC_UPLINK_TRANSMITTED*3+:3] = 3'(sent[0]);
    step[card_pkg::STATISTIC_NODE_TRANSMITTED*3+:3] = 3'(sent[1]);
    step[card_pkg::STATISTIC_PUNTED*3+:3] = 3'(counted_punted);
    step[card_pkg::STATISTIC_CAPTURED*3+:3] = 3'(counted_captured);
    step[card_pkg::STATISTIC_PASSED*3+:3] = 3'(counted && counted_verdict == card_pkg::VERDICT_PASS[1:0]);
    step[card_pkg::STATISTIC_FORWARDED*3+:3] = 3'(counted && counted_verdict == card_pkg::VERDICT_FORWARD[1:0]);
    step[card_pkg::STATISTIC_DROPPED*3+:3] = ones({counted_dropped, receive_overflow, receive_error});
    step[card_pkg::STATISTIC_LEARNED*3+:3] = 3'(event_valid && event_kind == card_pkg::EVENT_KIND_LEARN);
    step[card_pkg::STATISTIC_CLOSED*3+:3] = 3'(event_valid && event_kind == card_pkg::EVENT_KIND_CLOSE);
    step[card_pkg::STATISTIC_EXPIRED*3+:3] = 3'(event_valid && event_kind == card_pkg::EVENT_KIND_EXPIRE);
    step[card_pkg::STATISTIC_PARITY_ERRORS*3+:3] = 3'(event_valid && event_kind == card_pkg::EVENT_KIND_PARITY);
    step[card_pkg::STATISTIC_EVENTS_LOST*3+:3] = 3'(event_lost);
    step[card_pkg::STATISTIC_COMMANDS*3+:3] = 3'(command_done);
    step[card_pkg::STATISTIC_COMMAND_ERRORS*3+:3] = 3'(command_error);
    for (int i = REASONS + 1; i < WORDS; i++) step[i*3+:3] = 3'(counted && counted_reason == 8'(i - REASONS));
    step[(REASONS+card_pkg::REASON_RECEIVE_OVERFLOW)*3+:3] = ones({3'b000, receive_overflow});
    step[(REASONS+card_pkg::REASON_RECEIVE_ERROR)*3+:3] = ones({3'b000, receive_error});
  end

  logic [WORDS*32-1:0] counters;
  always_ff @(posedge clk) begin
    stepped <= step;
    for (int i = 0; i < WORDS; i++) begin
      if (i < STATISTICS || i >= REASONS) counters[i*32+:32] <= counters[i*32+:32] + 32'(stepped[i*3+:3]);
    end
    if (rst) counters <= '0;
  end

  logic [31:0] chosen;
  always_comb begin
    chosen = '0;
    for (int i = 0; i < WORDS; i++) chosen = chosen | (counters[i*32+:32] & {32{index == 6'(i)}});
  end
  always_ff @(posedge clk) value <= chosen;

`ifndef SYNTHESIS
  always_ff @(posedge clk) if (!rst && counted) assert (int'(counted_reason) < WORDS - REASONS);
`endif
endmodule
`default_nettype wire
