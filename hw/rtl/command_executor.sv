// Checks commands, applies them row by row, and makes their responses.
//
// | stage | what |
// |---|---|
// | s1 | the command as fetched |
// | s2 | op and table known, rows of the table |
// | s3 | index compared, rows behind it counted |
// | s4 | status; goes to `count` rows from `index` on |
//
// Latency: 4 clocks to a write's row_valid. Throughput: a row every clock, also from command to command.
`default_nettype none
module command_executor (
    input wire clk,
    input wire rst,
    input wire run,  // 0: commands not done yet are forgotten
    output logic idle,

    input wire command_valid,
    output logic command_take,
    input wire [511:0] command,

    output logic row_valid,
    input wire row_ready,
    output logic row_write,
    output logic [1:0] row_flip,  // write wrong parity: {value, key}
    output logic [7:0] row_table,
    output logic [31:0] row_index,
    output logic [415:0] row_data,
    input wire row_read_valid,
    input wire [415:0] row_read_data,

    output logic response_valid,
    output logic [511:0] response,
    input wire response_room,  // room for 4
    output logic counted_error
);
  localparam PENDING_LOG2 = 6;
  localparam HEADER_BITS = 8 + 8 + 8 + 32 + 32 + 1;

  function automatic logic [31:0] rows_of(input logic [7:0] id);
    unique case (id)
      card_pkg::TABLE_FRONTENDS: rows_of = card_pkg::FRONTENDS_ROWS;
      card_pkg::TABLE_SOURCES: rows_of = card_pkg::SOURCES_ROWS;
      card_pkg::TABLE_SLOTS: rows_of = card_pkg::SLOTS_ROWS;
      card_pkg::TABLE_ENDPOINTS: rows_of = card_pkg::ENDPOINTS_ROWS;
      card_pkg::TABLE_NEXT_HOPS: rows_of = card_pkg::NEXT_HOPS_ROWS;
      card_pkg::TABLE_ORIGINALS: rows_of = card_pkg::ORIGINALS_ROWS;
      card_pkg::TABLE_REPLIES: rows_of = card_pkg::REPLIES_ROWS;
      card_pkg::TABLE_ORIGINALS_IPV6: rows_of = card_pkg::ORIGINALS_IPV6_ROWS;
      card_pkg::TABLE_REPLIES_IPV6: rows_of = card_pkg::REPLIES_IPV6_ROWS;
      card_pkg::TABLE_AFFINITY: rows_of = card_pkg::AFFINITY_ROWS;
      card_pkg::TABLE_HASH_KEYS: rows_of = card_pkg::HASH_KEYS_ROWS;
      card_pkg::TABLE_FRONTEND_COUNTERS: rows_of = card_pkg::FRONTEND_COUNTERS_ROWS;
      card_pkg::TABLE_ENDPOINT_COUNTERS: rows_of = card_pkg::ENDPOINT_COUNTERS_ROWS;
      default: rows_of = 32'd0;
    endcase
  endfunction

  logic move;  // every stage goes on
  logic s1_valid, s2_valid, s3_valid, s4_valid;
  card_pkg::command_line_t s1, s2, s3, s4;
  logic [31:0] s2_rows, s3_rows_behind, s4_left;
  logic s2_op_known, s3_op_known, s3_table_known, s3_many, s3_index_in, s4_read, s4_last, s4_possible;
  logic [7:0] s3_status, s4_status;
  logic finishing, pending_room_enough;

  assign move = !s4_valid || finishing;
  assign command_take = move && run;

  always_comb begin
    if (!s3_op_known) s3_status = card_pkg::COMMAND_STATUS_BAD_OP;
    else if (!s3_table_known) s3_status = card_pkg::COMMAND_STATUS_BAD_TABLE;
    else if (!s3_index_in || (s3.op != card_pkg::COMMAND_OP_READ && s3.count > s3_rows_behind))
      s3_status = card_pkg::COMMAND_STATUS_BAD_INDEX;
    else s3_status = card_pkg::COMMAND_STATUS_OK;
  end

  always_ff @(posedge clk) begin
    if (move) begin
      s1 <= command;
      s2 <= s1;
      s2_op_known <= s1.op >= card_pkg::COMMAND_OP_WRITE && s1.op <= card_pkg::COMMAND_OP_WRITE_FLIPPED_VALUE;
      s2_rows <= rows_of(s1.table_);
      s3 <= s2;
      s3_op_known <= s2_op_known;
      s3_table_known <= s2_rows != 32'd0;
      s3_index_in <= s2.index < s2_rows;
      s3_many <= s2.op != card_pkg::COMMAND_OP_READ && s2.count > 32'd1;
      s3_rows_behind <= s2_rows - s2.index;
      s4 <= s3;
      s4_status <= s3_status;
      s4_possible <= s3_status == card_pkg::COMMAND_STATUS_OK;
      s4_read <= s3.op == card_pkg::COMMAND_OP_READ;
      s4_left <= s3_many ? s3.count - 32'd1 : 32'd0;
      s4_last <= !s3_many;
      row_index <= s3.index;
    end else if (row_valid && row_ready) begin
      s4_last <= s4_left == 32'd1;
      s4_left <= s4_left - 32'd1;
      row_index <= row_index + 32'd1;
    end
  end

  always_ff @(posedge clk) begin
    if (move) begin
      s1_valid <= command_valid;
      s2_valid <= s1_valid;
      s3_valid <= s2_valid;
      s4_valid <= s3_valid;
    end
    if (!run) begin
      s1_valid <= 1'b0;
      s2_valid <= 1'b0;
      s3_valid <= 1'b0;
      s4_valid <= 1'b0;
    end
  end

  assign row_valid = s4_valid && s4_possible && pending_room_enough;
  assign row_write = !s4_read;
  assign row_flip = {s4.op == card_pkg::COMMAND_OP_WRITE_FLIPPED_VALUE, s4.op == card_pkg::COMMAND_OP_WRITE_FLIPPED_KEY};
  assign row_table = s4.table_;
  assign row_data = s4.row;
  assign finishing = pending_room_enough && (!s4_possible || (row_ready && s4_last));

  // Responses wait for their rows, in order.
  logic [PENDING_LOG2:0] pending_room, unread;
  logic pending_valid, pending_read, row_arrived, answer;
  logic [7:0] op, table_id, status;
  logic [31:0] index, count;
  logic [415:0] row;

  fifo #(
      .WIDTH(HEADER_BITS),
      .DEPTH_LOG2(PENDING_LOG2),
      .STYLE("distributed")
  ) pending (
      .clk, .rst,
      .write(s4_valid && finishing),
      .write_data({s4.op, s4.table_, s4_status, s4.index, s4.count, s4_read && s4_possible}),
      .commit(1'b1),
      .rollback(1'b0),
      .room(pending_room),
      .read_valid(pending_valid),
      .read_data({op, table_id, status, index, count, pending_read}),
      .read(answer)
  );

  fifo #(
      .WIDTH(416),
      .DEPTH_LOG2(PENDING_LOG2),
      .STYLE("distributed")
  ) rows (
      .clk, .rst,
      .write(row_read_valid),
      .write_data(row_read_data),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(row_arrived),
      .read_data(row),
      .read(answer && pending_read)
  );

  assign answer = pending_valid && (!pending_read || row_arrived) && response_room;

  card_pkg::response_line_t answered;
  always_comb begin
    answered = '0;
    answered.op = op;
    answered.table_ = table_id;
    answered.status = status;
    answered.index = index;
    answered.count = count;
    answered.row = pending_read ? row : '0;
  end

  logic reading;
  assign reading = row_valid && row_ready && !row_write;

  always_ff @(posedge clk) response <= answered;
  always_ff @(posedge clk) begin
    pending_room_enough <= pending_room > (PENDING_LOG2 + 1)'(2);
    response_valid <= answer && !rst;
    counted_error <= answer && status != card_pkg::COMMAND_STATUS_OK && !rst;
    unread <= unread + (PENDING_LOG2 + 1)'(reading) - (PENDING_LOG2 + 1)'(row_read_valid);
    idle <= unread == '0 && !s4_valid;
    if (rst) begin
      unread <= '0;
      idle <= 1'b0;
    end
  end
endmodule
`default_nettype wire
