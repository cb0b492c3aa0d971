// Tells the host which rows have lost their content: one event each, in clocks without another event. While a source's
// report waits, later ones of that source are dropped: the row is met again.
//
// Latency: 2 clocks, if no other report waits. Throughput: an event every clock.
`default_nettype none

module parity_reports #(
    parameter int SOURCES = 2,
    parameter logic [SOURCES*8-1:0] TABLES = '0  // 8 bits a source: the table's id
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic [SOURCES-1:0] report,
    input wire logic [SOURCES*20-1:0] index,

    input wire logic free,  // no other event in this clock
    output logic event_valid,
    output card_pkg::event_line_t event_line
);
  logic [SOURCES-1:0] waiting, next;
  logic [SOURCES*20-1:0] row;
  assign next = waiting & (~waiting + 1'b1);  // the lowest
  wire take = !event_valid || free;

  logic [7:0] next_table;
  logic [19:0] next_row;
  always_comb begin
    next_table = '0;
    next_row = '0;
    for (int i = 0; i < SOURCES; i++) begin
      next_table = next_table | (TABLES[i*8+:8] & {8{next[i]}});
      next_row = next_row | (row[i*20+:20] & {20{next[i]}});
    end
  end

  always_ff @(posedge clk) begin
    for (int i = 0; i < SOURCES; i++) if (!waiting[i]) row[i*20+:20] <= index[i*20+:20];
    waiting <= (waiting & ~(next & {SOURCES{take}})) | (report & ~waiting);
    if (take) begin
      event_valid <= waiting != '0;
      event_line <= '0;
      event_line.kind <= card_pkg::EVENT_KIND_PARITY;
      event_line.table_ <= next_table;
      event_line.original_row <= 32'(next_row);
    end
    if (rst) begin
      waiting <= '0;
      event_valid <= 1'b0;
    end
  end
endmodule

`default_nettype wire
