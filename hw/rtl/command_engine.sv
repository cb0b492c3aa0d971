// The command ring: fetches commands ahead, has them applied in order, and writes their responses.
//
// Throughput: a command, a row and a response every clock.
`default_nettype none
module command_engine (
    input wire clk,
    input wire rst,  // also while the rings stand still
    input wire run,
    output logic idle,  // no row is on its way back

    input wire [63:0] base,
    input wire [63:0] response_base,
    input wire [4:0] lines_log2,
    input wire [31:0] tail,
    output logic [31:0] done_head,  // commands whose responses are written, ever

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,
    input wire arrived,
    input wire [511:0] line,

    output logic row_valid,
    input wire row_ready,
    output logic row_write,
    output logic [1:0] row_flip,
    output logic [7:0] row_table,
    output logic [31:0] row_index,
    output logic [415:0] row_data,
    input wire row_read_valid,
    input wire [415:0] row_read_data,

    output logic response_request_valid,
    input wire response_request_ready,
    output logic [63:0] response_request_address,
    output logic [6:0] response_request_beats,
    output logic response_valid,
    output logic [511:0] response,
    input wire beat_taken,
    input wire beat_last,
    input wire done,
    input wire failed,

    output logic counted,       // a command is done
    output logic counted_error  // ... and was not possible
);
  localparam CAPACITY_LOG2 = 9;

  logic command_valid, command_take, answer_valid, answer_room_enough;
  logic [511:0] command, answer;
  logic [1:0] released;
  logic [CAPACITY_LOG2:0] answer_room;

  fifo #(
      .WIDTH(512),
      .DEPTH_LOG2(CAPACITY_LOG2)
  ) commands (
      .clk, .rst,
      .write(arrived),
      .write_data(line),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(command_valid),
      .read_data(command),
      .read(command_valid && command_take)
  );

  always_ff @(posedge clk) released <= {1'b0, command_valid && command_take && !rst};

  ring_reader #(
      .CAPACITY_LOG2(CAPACITY_LOG2)
  ) ring (
      .clk, .rst, .run, .base, .lines_log2, .tail,
      .head(),
      .released, .request_valid, .request_ready, .request_address, .request_beats, .arrived
  );

  command_executor executor (
      .clk, .rst, .run, .idle, .command_valid, .command_take, .command, .row_valid, .row_ready, .row_write, .row_flip, .row_table,
      .row_index, .row_data, .row_read_valid, .row_read_data,
      .response_valid(answer_valid),
      .response(answer),
      .response_room(answer_room_enough),
      .counted_error
  );

  // A margin for the answer that leaves while answer_room_enough is being worked out.
  always_ff @(posedge clk) answer_room_enough <= answer_room > (CAPACITY_LOG2 + 1)'(4);
  assign counted = answer_valid;

  fifo #(
      .WIDTH(512),
      .DEPTH_LOG2(CAPACITY_LOG2)
  ) answers (
      .clk, .rst,
      .write(answer_valid),
      .write_data(answer),
      .commit(1'b1),
      .rollback(1'b0),
      .room(answer_room),
      .read_valid(response_valid),
      .read_data(response),
      .read(beat_taken)
  );

  ring_writer #(
      .LIMITED(0)
  ) response_ring (
      .clk, .rst, .run,
      .base(response_base),
      .lines_log2,
      .head('0),
      .tail(done_head),
      .added(8'(answer_valid)),
      .line_end(1'b1),
      .request_valid(response_request_valid),
      .request_ready(response_request_ready),
      .request_address(response_request_address),
      .request_beats(response_request_beats),
      .beat_taken, .beat_last, .done, .failed
  );
endmodule
`default_nettype wire
