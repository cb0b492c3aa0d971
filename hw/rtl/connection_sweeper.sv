// Finds connections whose time is over and has them removed: a pass over all rows of `originals` with each new tick.
//
// Throughput: a row in every clock that packets and the host leave free; about 70 clocks for one that is removed, because
// the rows probed behind it are probed again. A packet that meets the connection between probe and removal goes its old
// way; the next one begins it anew. What the host writes in between makes the sweeper look again.
`default_nettype none

module connection_sweeper #(
    parameter int ROWS_LOG2 = card_pkg::ORIGINALS_ROWS_LOG2
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic [19:0] tick,
    input wire logic [139:0] timeouts,  // {udp established, udp unconfirmed, tcp closed, closing, established, half-open, unconfirmed}

    // Operations: taken in a clock with `free`
    input wire logic free,
    output logic probe,
    output logic remove,
    output logic [ROWS_LOG2-1:0] index,
    output logic [ROWS_LOG2-1:0] reply_index,  // for remove
    output logic remove_keys,  // for remove: rows and state; else the state of rows that the host took away
    input wire logic host_write,  // to originals or replies

    // Probes come back in order
    input wire logic result_valid,
    input wire logic [ROWS_LOG2-1:0] result_index,
    input wire logic [ROWS_LOG2-1:0] result_reply_index,
    input wire logic [2:0] result_state,
    input wire logic [19:0] result_last_seen,
    input wire logic result_key_valid,
    input wire logic result_tcp,

    output logic done  // with all connections as of `tick`
);
  localparam logic [2:0] ESTABLISHED = card_pkg::CONNECTION_STATE_ESTABLISHED[2:0];
  localparam logic [1:0] IDLE = 2'd0, PROBING = 2'd1, REMOVING = 2'd2, SETTLING = 2'd3;
  localparam logic [ROWS_LOG2-1:0] LAST = '1;

  function automatic logic [19:0] limit(input logic [139:0] all, input logic tcp, input logic [2:0] state);
    if (!tcp) limit = state == ESTABLISHED ? all[120+:20] : all[100+:20];
    else
      unique case (state)
        card_pkg::CONNECTION_STATE_UNCONFIRMED[2:0]: limit = all[0+:20];
        card_pkg::CONNECTION_STATE_HALF_OPEN[2:0]: limit = all[20+:20];
        card_pkg::CONNECTION_STATE_ESTABLISHED[2:0]: limit = all[40+:20];
        card_pkg::CONNECTION_STATE_CLOSED[2:0]: limit = all[80+:20];
        default: limit = all[60+:20];
      endcase
  endfunction

  // A probe's result: age and limit, compared
  logic r1_valid, r1_live, r1_key_valid, r2_over, r2_key_valid;
  logic [19:0] r1_age, r1_limit;
  logic [ROWS_LOG2-1:0] r1_index, r1_reply_index, r2_index, r2_reply_index;
  always_ff @(posedge clk) begin
    r1_valid <= result_valid && !rst;
    if (result_valid) begin
      r1_live <= result_state != card_pkg::CONNECTION_STATE_NONE[2:0];
      r1_key_valid <= result_key_valid;
      r1_age <= tick - result_last_seen;
      r1_limit <= limit(timeouts, result_tcp, result_state);
      r1_index <= result_index;
      r1_reply_index <= result_reply_index;
    end
    r2_over <= r1_valid && r1_live && (r1_age > r1_limit || !r1_key_valid) && !rst;
    r2_key_valid <= r1_key_valid;
    r2_index <= r1_index;
    r2_reply_index <= r1_reply_index;
  end

  logic [1:0] state;
  logic [19:0] swept_tick;
  logic new_tick;  // of the clock before
  logic [4:0] settle, since_write;  // clocks, up to 31: more than an operation takes
  logic all_probed, last_removed;
  wire settled = settle == '1;
  wire pass_done = (state == PROBING && all_probed && settled && !r2_over) || (state == SETTLING && settled && last_removed);

  assign probe = state == PROBING && !all_probed;
  assign remove = state == REMOVING;

  always_ff @(posedge clk) begin
    settle <= settled ? settle : settle + 5'd1;
    since_write <= host_write ? '0 : since_write == '1 ? since_write : since_write + 5'd1;
    new_tick <= tick != swept_tick;
    done <= state == IDLE && !new_tick && !rst;
    unique case (state)
      IDLE:
      if (new_tick) begin
        swept_tick <= tick;  // `index` went round to 0 with the last row
        all_probed <= 1'b0;
        last_removed <= 1'b0;
        state <= PROBING;
      end
      PROBING: begin
        if (probe && free) begin
          index <= index + 1'b1;
          all_probed <= index == LAST;
          settle <= '0;
        end
        if (r2_over) begin
          index <= r2_index;
          reply_index <= r2_reply_index;
          remove_keys <= r2_key_valid;
          settle <= '0;
          state <= since_write == '1 && !host_write ? REMOVING : SETTLING;
        end else if (pass_done) state <= IDLE;
      end
      REMOVING: begin
        settle <= '0;
        if (free) begin
          index <= index + 1'b1;
          last_removed <= index == LAST;
        end
        if (free || host_write) state <= SETTLING;
      end
      default: begin
        all_probed <= 1'b0;
        if (settled) state <= last_removed ? IDLE : PROBING;
      end
    endcase
    if (rst) begin
      state <= IDLE;
      swept_tick <= '0;
      index <= '0;
      all_probed <= 1'b0;
      last_removed <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) if (!rst) assert (state != IDLE || index == '0);  // where the next pass begins
`endif
endmodule

`default_nettype wire
