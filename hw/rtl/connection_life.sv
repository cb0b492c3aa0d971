// State and last-seen of every connection (docs/card.md, "Connection life"): read, moved on, written back every clock,
// also for one connection many times in a row. Row index = row of `originals`.
//
// Latency: 3 clocks from an operation to its outputs. Throughput: one operation a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1, 2  | row (memory); which of the three operations before concerned it |
// | 3     | the new row, written at its end; what changed |
`default_nettype none

module connection_life #(
    parameter int ROWS_LOG2 = card_pkg::ORIGINALS_ROWS_LOG2
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic [19:0] tick,

    input wire logic learn,   // at most one of these; a row whose state is none is only changed by learn and set
    input wire logic packet,  // of the connection
    input wire logic clear,
    input wire logic set,
    input wire logic read,
    input wire logic [ROWS_LOG2-1:0] index,
    input wire logic tcp,  // of the packet
    input wire logic fin,
    input wire logic syn,
    input wire logic rst_flag,
    input wire logic from_reply,
    input wire logic [22:0] set_row,

    output logic [22:0] row,  // {last seen, state} after the operation
    output logic [2:0] old_state,
    output logic closed,       // went into state closed
    output logic established,  // over TCP: went into state established
    output logic confirmed     // was unconfirmed, and is not any more
);
  localparam logic [2:0] NONE = card_pkg::CONNECTION_STATE_NONE[2:0];
  localparam logic [2:0] UNCONFIRMED = card_pkg::CONNECTION_STATE_UNCONFIRMED[2:0];
  localparam logic [2:0] HALF_OPEN = card_pkg::CONNECTION_STATE_HALF_OPEN[2:0];
  localparam logic [2:0] ESTABLISHED = card_pkg::CONNECTION_STATE_ESTABLISHED[2:0];
  localparam logic [2:0] CLIENT_CLOSING = card_pkg::CONNECTION_STATE_CLIENT_CLOSING[2:0];
  localparam logic [2:0] ENDPOINT_CLOSING = card_pkg::CONNECTION_STATE_ENDPOINT_CLOSING[2:0];
  localparam logic [2:0] CLOSED = card_pkg::CONNECTION_STATE_CLOSED[2:0];

  function automatic logic [2:0] next_tcp(input logic [2:0] state, input logic reply, input logic f, input logic s,
                                          input logic r);
    if (state == NONE || (state == UNCONFIRMED && !reply)) next_tcp = state;
    else if (r) next_tcp = CLOSED;
    else if (f) begin
      if (state == CLOSED || state == (reply ? CLIENT_CLOSING : ENDPOINT_CLOSING)) next_tcp = CLOSED;
      else next_tcp = reply ? ENDPOINT_CLOSING : CLIENT_CLOSING;
    end else if (reply) next_tcp = state == UNCONFIRMED ? (s ? HALF_OPEN : ESTABLISHED) : state;
    else if (s) next_tcp = state == CLOSED ? HALF_OPEN : state;
    else next_tcp = state == HALF_OPEN ? ESTABLISHED : state;
  endfunction

  // Whether next_tcp goes from another state into CLOSED.
  function automatic logic closes(input logic [2:0] state, input logic reply, input logic f, input logic r);
    closes = state != NONE && state != CLOSED && (state != UNCONFIRMED || reply) &&
             (r || (f && state == (reply ? CLIENT_CLOSING : ENDPOINT_CLOSING)));
  endfunction

  // Whether it goes from another state into ESTABLISHED.
  function automatic logic establishes(input logic [2:0] state, input logic reply, input logic f, input logic s,
                                       input logic r);
    establishes = state == (reply ? UNCONFIRMED : HALF_OPEN) && !f && !s && !r;
  endfunction

  wire operation = learn || packet || clear || set || read;
  logic s1_valid, s2_valid, s3_valid, s4_valid;
  logic s1_learn, s1_packet, s1_clear, s1_set, s2_learn, s2_packet, s2_clear, s2_set;
  logic s1_tcp, s1_fin, s1_syn, s1_rst, s1_reply, s2_tcp, s2_fin, s2_syn, s2_rst, s2_reply;
  logic [22:0] s1_set_row, s2_set_row, s2_row, s4_row, s5_row;
  logic [ROWS_LOG2-1:0] s1_index, s2_index, s3_index, s4_index;
  logic s2_near_1, s2_near_2, s2_near_3;

  ram_1r1w #(
      .WIDTH(23),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) rows (
      .clk(clk),
      .write_enable(s3_valid),
      .write_address(s3_index),
      .write_data(row),
      .read_enable(operation),
      .read_address(index),
      .read_data(s2_row)
  );

  // The newest row of the same index: of the operation one, two or three clocks before, or the memory's.
  wire [22:0] s2_current = s2_near_1 ? row : s2_near_2 ? s4_row : s2_near_3 ? s5_row : s2_row;
  wire [2:0] s2_state = s2_current[2:0];
  wire s2_answered = s2_reply || s2_current[22:3] != tick;
  logic [2:0] s2_next;
  always_comb begin
    if (s2_learn) s2_next = UNCONFIRMED;
    else if (s2_clear) s2_next = NONE;
    else if (s2_set) s2_next = s2_set_row[2:0];
    else if (!s2_packet) s2_next = s2_state;
    else if (s2_tcp) s2_next = next_tcp(s2_state, s2_reply, s2_fin, s2_syn, s2_rst);
    else s2_next = s2_state == UNCONFIRMED && s2_answered ? ESTABLISHED : s2_state;
  end

  // What s2_next means, worked out beside it.
  wire s2_closes = s2_packet && s2_tcp && closes(s2_state, s2_reply, s2_fin, s2_rst);
  wire s2_establishes = s2_packet && s2_tcp && establishes(s2_state, s2_reply, s2_fin, s2_syn, s2_rst);
  wire s2_confirms = s2_state == UNCONFIRMED &&
      (s2_clear || (s2_set && s2_set_row[2:0] != UNCONFIRMED) || (s2_packet && (s2_tcp ? s2_reply : s2_answered)));

  always_ff @(posedge clk) begin
    s1_valid <= operation && !rst;
    s2_valid <= s1_valid && !rst;
    s3_valid <= s2_valid && !rst;
    s4_valid <= s3_valid && !rst;
    if (operation) begin
      {s1_learn, s1_packet, s1_clear, s1_set} <= {learn, packet, clear, set};
      {s1_tcp, s1_fin, s1_syn, s1_rst, s1_reply} <= {tcp, fin, syn, rst_flag, from_reply};
      s1_set_row <= set_row;
      s1_index <= index;
    end
    if (s1_valid) begin
      {s2_learn, s2_packet, s2_clear, s2_set} <= {s1_learn, s1_packet, s1_clear, s1_set};
      {s2_tcp, s2_fin, s2_syn, s2_rst, s2_reply} <= {s1_tcp, s1_fin, s1_syn, s1_rst, s1_reply};
      s2_set_row <= s1_set_row;
      s2_index <= s1_index;
      s2_near_1 <= s2_valid && s2_index == s1_index;
      s2_near_2 <= s3_valid && s3_index == s1_index;
      s2_near_3 <= s4_valid && s4_index == s1_index;
    end
    if (s2_valid) begin
      s3_index <= s2_index;
      row[2:0] <= s2_next;
      row[22:3] <= s2_learn || s2_packet ? tick : s2_set ? s2_set_row[22:3] : s2_current[22:3];
      old_state <= s2_state;
    end
    closed <= s2_valid && s2_closes;
    established <= s2_valid && s2_establishes;
    confirmed <= s2_valid && s2_confirms;
    if (s3_valid) begin
      s4_index <= s3_index;
      s4_row <= row;
    end
    if (s4_valid) s5_row <= s4_row;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    assert ($onehot0({learn, packet, clear, set, read}));
    if (s2_valid) begin
      assert (s2_closes == (s2_packet && s2_next == CLOSED && s2_state != CLOSED));
      assert (s2_establishes == (s2_packet && s2_tcp && s2_next == ESTABLISHED && s2_state != ESTABLISHED));
      assert (s2_confirms == (!s2_learn && s2_state == UNCONFIRMED && s2_next != UNCONFIRMED));
    end
  end
`endif
endmodule

`default_nettype wire
