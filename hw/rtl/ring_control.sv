// Starts and stops the rings, keeps the doorbells and the sticky errors.
//
// ring-enable = 0 stops new bursts at once; when the last open one has ended and no injected packet is in the datapath,
// everything about the rings is reset and the errors are cleared. Until then `busy` is 1 (what the register reads), and
// a ring-enable = 1 written meanwhile takes effect behind it. A bus error stops all rings but leaves the status line.
`default_nettype none
module ring_control (
    input wire clk,
    input wire rst,

    input wire enable,
    output logic busy,
    output logic ring_reset,
    output logic run_status,
    output logic run_command,
    output logic run_inject,
    output logic run_punt,
    output logic run_event,
    input wire idle,  // no burst is open, no row nor injected packet on its way

    input wire [31:0] command_lines_log2,
    input wire [31:0] inject_lines_log2,
    input wire [31:0] punt_lines_log2,
    input wire [31:0] event_lines_log2,

    // Doorbells 0 command-tail, 1 inject-tail, 2 punt-head, 3 event-head.
    input wire [3:0] doorbell_write,
    input wire [31:0] doorbell_value,
    output logic [31:0] command_tail,
    output logic [31:0] inject_tail,
    output logic [31:0] punt_head,
    output logic [31:0] event_head,
    input wire [31:0] command_head,
    input wire [31:0] inject_head,
    input wire [31:0] punt_tail,
    input wire [31:0] event_tail,

    input wire bus_failed,
    input wire inject_broken,
    output logic [31:0] error
);
  localparam logic [1:0] Stopped = 2'd0, Running = 2'd1, Stopping = 2'd2;

  logic [1:0] state;
  logic [3:0] idle_for;  // clocks: what is just being handed over is seen by then

  always_ff @(posedge clk) begin
    idle_for <= state == Stopping && idle ? idle_for + 4'd1 : '0;
    unique case (state)
      Stopped: if (enable) state <= Running;
      Running: if (!enable) state <= Stopping;
      default: if (idle_for == '1) state <= Stopped;
    endcase
    ring_reset <= state == Stopped;
    busy <= state != Stopped;
    if (rst) begin
      state <= Stopped;
      ring_reset <= 1'b1;
      busy <= 1'b0;
    end
  end

  function automatic logic in_range(input logic [31:0] value, input logic [4:0] least);
    in_range = value >= 32'(least) && value <= 32'd20;
  endfunction

  logic command_fits, inject_fits, punt_fits, event_fits, run;
  assign run = state == Running && enable;

  always_ff @(posedge clk) begin
    command_fits <= in_range(command_lines_log2, 5'd4);
    inject_fits <= in_range(inject_lines_log2, 5'd4);
    punt_fits <= in_range(punt_lines_log2, 5'd8);
    event_fits <= in_range(event_lines_log2, 5'd4);
    run_status <= run;
    run_command <= run && command_fits && !error_bus;
    run_inject <= run && inject_fits && !error_bus;
    run_punt <= run && punt_fits && !error_bus;
    run_event <= run && event_fits && !error_bus;
  end

  logic error_size, error_doorbell, error_record, error_bus;
  logic [3:0] doorbell_error;

  always_ff @(posedge clk) begin
    if (run && !(command_fits && inject_fits && punt_fits && event_fits)) error_size <= 1'b1;
    if (doorbell_error != '0) error_doorbell <= 1'b1;
    if (inject_broken) error_record <= 1'b1;
    if (bus_failed) error_bus <= 1'b1;
    if (rst || ring_reset) begin
      error_size <= 1'b0;
      error_doorbell <= 1'b0;
      error_record <= 1'b0;
      error_bus <= 1'b0;
    end
  end

  always_comb begin
    error = '0;
    error[card_pkg::CARD_ERROR_RING_SIZE[4:0]] = error_size;
    error[card_pkg::CARD_ERROR_RING_DOORBELL[4:0]] = error_doorbell;
    error[card_pkg::CARD_ERROR_INJECT_RECORD[4:0]] = error_record;
    error[card_pkg::CARD_ERROR_BUS[4:0]] = error_bus;
  end

  logic [31:0] command_limit, inject_limit;
  always_ff @(posedge clk) begin
    command_limit <= command_head + (32'd1 << command_lines_log2[4:0]);
    inject_limit <= inject_head + (32'd1 << inject_lines_log2[4:0]);
  end

  doorbell command_bell (
      .clk,
      .rst(ring_reset),
      .write(doorbell_write[0]),
      .value(doorbell_value),
      .limit(command_limit),
      .index(command_tail),
      .error(doorbell_error[0])
  );
  doorbell inject_bell (
      .clk,
      .rst(ring_reset),
      .write(doorbell_write[1]),
      .value(doorbell_value),
      .limit(inject_limit),
      .index(inject_tail),
      .error(doorbell_error[1])
  );
  doorbell punt_bell (
      .clk,
      .rst(ring_reset),
      .write(doorbell_write[2]),
      .value(doorbell_value),
      .limit(punt_tail),
      .index(punt_head),
      .error(doorbell_error[2])
  );
  doorbell event_bell (
      .clk,
      .rst(ring_reset),
      .write(doorbell_write[3]),
      .value(doorbell_value),
      .limit(event_tail),
      .index(event_head),
      .error(doorbell_error[3])
  );
endmodule
`default_nettype wire
