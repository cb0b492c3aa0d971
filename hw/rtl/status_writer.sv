// Writes the status line: once when the rings start, after that whenever an index, the losses or the errors changed, and
// every 65,536 clocks for the heartbeat's sake. The indices it is given are those of data the bus has answered for, so
// a host that reads the line may read the data. One write is open at a time; what changes meanwhile goes with the next.
`default_nettype none
module status_writer (
    input wire clk,
    input wire rst,  // also while the rings stand still
    input wire run,

    input wire [63:0] base,
    input wire [31:0] command_head,
    input wire [31:0] inject_head,
    input wire [31:0] punt_tail,
    input wire [31:0] event_tail,
    input wire [31:0] events_lost,
    input wire [31:0] heartbeat,
    input wire [31:0] error,

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,
    output logic line_valid,
    output logic [511:0] line,
    input wire done
);
  localparam logic [1:0] Watch = 2'd0, Request = 2'd1, Send = 2'd2, Settle = 2'd3;

  logic [1:0] state;
  logic due;
  logic [15:0] since;
  card_pkg::status_line_t now, written;

  always_comb begin
    now = '0;
    now.command_head = command_head;
    now.inject_head = inject_head;
    now.punt_tail = punt_tail;
    now.event_tail = event_tail;
    now.events_lost = events_lost;
    now.heartbeat = heartbeat;
    now.error = error;
  end

  logic [5:0] differs;
  always_ff @(posedge clk) begin
    differs <= {now.command_head != written.command_head, now.inject_head != written.inject_head,
                now.punt_tail != written.punt_tail, now.event_tail != written.event_tail,
                now.events_lost != written.events_lost, now.error != written.error};
    if (state == Watch) written <= now;
  end

  always_ff @(posedge clk) begin
    since <= since + 16'd1;
    unique case (state)
      Watch: if (run && due) state <= Request;
      Request: if (request_ready) state <= Send;
        else if (!run) state <= Watch;
      Send: if (done) state <= Settle;
      default: state <= Watch;
    endcase
    if (state == Watch) due <= !due && (differs != '0 || since == '1);
    if (rst) begin
      state <= Watch;
      since <= '1;
      due <= 1'b1;
    end
  end

  assign request_valid = state == Request;
  assign request_address = {base[63:6], 6'd0};
  assign request_beats = 7'd1;
  assign line_valid = state == Send;
  assign line = written;
endmodule
`default_nettype wire
