// How many unconfirmed connections each frontend has, and whether it may have more (docs/card.md, "Admission").
//
// Latency: 3 clocks from `ask` to `over`; a change counts 4 clocks after it came. Throughput: a question and a change
// every clock. A count never falls below 0.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1, 2  | count (memory); which of the three changes before concerned it |
// | 3     | the new count, written at its end |
`default_nettype none

module unconfirmed_quota #(
    parameter int ROWS_LOG2 = card_pkg::FRONTEND_COUNTERS_ROWS_LOG2
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic [19:0] quota,  // 0: none

    input wire logic ask,
    input wire logic [ROWS_LOG2-1:0] ask_index,
    output logic over,

    input wire logic add,  // at most one of both
    input wire logic subtract,
    input wire logic [ROWS_LOG2-1:0] index,

    input wire logic clear,  // of a row, in place of a change
    input wire logic [ROWS_LOG2-1:0] clear_index
);
  wire change = add || subtract || clear;
  wire [ROWS_LOG2-1:0] changed = clear ? clear_index : index;
  logic s1_valid, s2_valid, s3_valid, s4_valid, s1_add, s2_add, s1_clear, s2_clear;
  logic [ROWS_LOG2-1:0] s1_index, s2_index, s3_index, s4_index;
  logic [19:0] s2_row, s3_count, s4_count, s5_count, asked_count;
  logic s2_near_1, s2_near_2, s2_near_3;

  ram_1r1w #(
      .WIDTH(20),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) counts (
      .clk(clk),
      .write_enable(s3_valid),
      .write_address(s3_index),
      .write_data(s3_count),
      .read_enable(change),
      .read_address(changed),
      .read_data(s2_row)
  );
  ram_1r1w #(
      .WIDTH(20),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("block")
  ) counts_to_ask (
      .clk(clk),
      .write_enable(s3_valid),
      .write_address(s3_index),
      .write_data(s3_count),
      .read_enable(ask),
      .read_address(ask_index),
      .read_data(asked_count)
  );
  logic limited;
  always_ff @(posedge clk) begin
    limited <= quota != '0;
    over <= limited && asked_count >= quota;
  end

  wire s2_zero = s2_near_1 ? s3_count == '0 : s2_near_2 ? s4_count == '0 : s2_near_3 ? s5_count == '0 : s2_row == '0;
  wire [19:0] s2_count = s2_near_1 ? s3_count : s2_near_2 ? s4_count : s2_near_3 ? s5_count : s2_row;
  always_ff @(posedge clk) begin
    s1_valid <= change && !rst;
    s2_valid <= s1_valid && !rst;
    s3_valid <= s2_valid && !rst;
    s4_valid <= s3_valid && !rst;
    if (change) begin
      s1_add <= add;
      s1_clear <= clear;
      s1_index <= changed;
    end
    if (s1_valid) begin
      s2_add <= s1_add;
      s2_clear <= s1_clear;
      s2_index <= s1_index;
      s2_near_1 <= s2_valid && s2_index == s1_index;
      s2_near_2 <= s3_valid && s3_index == s1_index;
      s2_near_3 <= s4_valid && s4_index == s1_index;
    end
    if (s2_valid) begin
      s3_index <= s2_index;
      if (s2_clear) s3_count <= '0;
      else if (s2_add) s3_count <= s2_count + 20'd1;
      else s3_count <= s2_zero ? '0 : s2_count - 20'd1;
    end
    if (s3_valid) begin
      s4_index <= s3_index;
      s4_count <= s3_count;
    end
    if (s4_valid) s5_count <= s4_count;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) assert (!(add && subtract) && !(clear && (add || subtract)));
`endif
endmodule

`default_nettype wire
