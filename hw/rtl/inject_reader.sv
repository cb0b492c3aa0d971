// Fetches the inject ring and hands its frames to the packet arbiter. Lines are taken apart as they arrive: inject lines
// become a frame's description once all of the frame is here, frame lines are stored. A record whose length is wrong
// ends it all: `broken` until the rings are stopped.
//
// Latency: 5 clocks from a frame's last line to frame_valid. Throughput: a line every clock.
`default_nettype none
module inject_reader (
    input wire clk,
    input wire rst,  // also while the rings stand still
    input wire run,
    input wire enough_credit,
    output logic broken,

    input wire [63:0] base,
    input wire [4:0] lines_log2,
    input wire [31:0] tail,
    output logic [31:0] head,

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,
    input wire arrived,
    input wire [511:0] line,

    output logic frame_valid,
    output logic frame_last,
    output logic [511:0] frame_data,
    output logic [15:0] frame_length,
    output logic frame_transmit,
    output logic frame_ingress,
    output logic frame_egress,
    output logic [3:0] frame_attempt,
    output logic frame_directed,
    output logic [19:0] frame_endpoint,
    output logic [31:0] frame_tag,
    input wire frame_take,
    output logic sending,  // a frame has begun and not ended

    output logic taken,  // for inject_credits: a frame enters
    output logic [7:0] taken_lines
);
  localparam CAPACITY_LOG2 = 9;
  localparam FRAME_BITS = 16 + 3 + 4 + 21 + 32;
  localparam logic [15:0] BytesMin = 14;
  localparam logic [15:0] BytesMax = 16'(card_pkg::FRAME_BYTES_MAX);

  card_pkg::inject_line_t header;
  assign header = line;

  logic [7:0] header_lines, left;  // lines of the frame that have not come yet
  logic [15:0] length;
  logic transmit, ingress, egress;
  logic [3:0] attempt;
  logic directed;
  logic [19:0] endpoint;
  logic [31:0] tag;
  logic is_header, frame_line, frame_end;

  assign is_header = arrived && left == '0 && !broken;
  assign frame_line = arrived && left != '0;
  assign frame_end = frame_line && left == 8'd1;
  assign header_lines = header.length[13:6] + 8'(header.length[5:0] != 6'd0);

  always_ff @(posedge clk) begin
    if (is_header) begin
      length <= header.length;
      transmit <= header.action == card_pkg::INJECT_ACTION_TRANSMIT;
      ingress <= header.ingress[0];
      egress <= header.egress[0];
      attempt <= header.attempt[3:0];
      directed <= header.directed[0];
      endpoint <= header.endpoint[19:0];
      tag <= header.tag;
    end
  end

  always_ff @(posedge clk) begin
    if (is_header) begin
      if (header.length < BytesMin || header.length > BytesMax) broken <= 1'b1;
      else left <= header_lines;
    end
    if (frame_line) left <= left - 8'd1;
    if (rst) begin
      left <= '0;
      broken <= 1'b0;
    end
  end

  logic described, stored, in_frame, may_begin;

  fifo #(
      .WIDTH(FRAME_BITS),
      .DEPTH_LOG2(CAPACITY_LOG2)
  ) descriptions (
      .clk, .rst,
      .write(frame_end),
      .write_data({length, transmit, ingress, egress, attempt, directed, endpoint, tag}),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(described),
      .read_data({frame_length, frame_transmit, frame_ingress, frame_egress, frame_attempt, frame_directed,
                  frame_endpoint, frame_tag}),
      .read(frame_take && frame_last)
  );

  fifo #(
      .WIDTH(513),
      .DEPTH_LOG2(CAPACITY_LOG2)
  ) frames (
      .clk, .rst,
      .write(frame_line),
      .write_data({frame_end, line}),
      .commit(frame_end),
      .rollback(1'b0),
      .room(),
      .read_valid(stored),
      .read_data({frame_last, frame_data}),
      .read(frame_take)
  );

  assign frame_valid = stored && (in_frame || may_begin);
  assign sending = in_frame;

  always_ff @(posedge clk) taken_lines <= frame_length[13:6] + 8'(frame_length[5:0] != 6'd0);
  always_ff @(posedge clk) begin
    may_begin <= enough_credit && run;
    taken <= frame_take && !in_frame;
    if (frame_take) in_frame <= !frame_last;
    if (rst) begin
      may_begin <= 1'b0;
      taken <= 1'b0;
      in_frame <= 1'b0;
    end
  end

  logic [1:0] released;
  always_ff @(posedge clk) begin
    released <= 2'(is_header) + 2'(frame_take);
    if (rst) released <= '0;
  end

  ring_reader #(
      .CAPACITY_LOG2(CAPACITY_LOG2)
  ) ring (
      .clk, .rst,
      .run(run && !broken),
      .base, .lines_log2, .tail, .head, .released, .request_valid, .request_ready, .request_address, .request_beats,
      .arrived
  );

`ifndef SYNTHESIS
  // A frame's lines are committed with its description.
  always_ff @(posedge clk) if (!rst) assert (!stored || described);
`endif
endmodule
`default_nettype wire
