// The command engine's way to the tables' rows: one command a clock into the tables, answers to reads in order.
//
// A command waits (row_ready low) while packets need the table's memory port: one to `originals` or `replies` while a
// header is there, to counters while a packet is counted, a read while a header is at the table.
// Latency: a read is answered 8 clocks after it went to its table. Throughput: one command a clock. A read sees the
// writes accepted before it.
//
// | clock | what happens |
// |-------|--------------|
// | 0     | the command waits in `held_*`; `held_blocked`: not in this clock, packets need the table's port in the next one |
// | 1     | strobe to the table (host_write, host_read) |
// | 3, 4  | the table's row |
// | 5..7  | the row waits for `originals` and `replies`, which are read in more steps |
// | 8     | answer |
`default_nettype none

module row_port (
    input wire logic clk,
    input wire logic rst,

    input wire logic row_valid,
    output logic row_ready,
    input wire logic row_write,
    input wire logic [1:0] row_flip,
    input wire logic [7:0] row_table,
    input wire logic [31:0] row_index,
    input wire logic [415:0] row_data,
    output logic row_read_valid,
    output logic [415:0] row_read_data,
    output logic waits,  // to write or remove a connection, for a clock without a packet

    // By table id: two clocks later packets need what a write or a read of the table needs. The tables of connections are
    // one there, for both, and have no bit.
    input wire logic [15:0] write_busy,
    input wire logic [15:0] read_busy,
    input wire logic connections_busy,

    output logic [15:0] host_write,  // by table id
    output logic [15:0] host_read,
    output logic host_connections,  // one of these in the next clock, to a table of connections
    output logic [1:0] host_flip,  // wrong parity: {value, key}
    output logic [19:0] host_index,
    output logic [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] host_data,

    // Rows, 2 clocks after host_read; the second group 3 clocks after it; connections 6 clocks after it.
    input wire logic [card_pkg::SOURCE_ROW_BITS-1:0] source_row,
    input wire logic [card_pkg::SLOT_ROW_BITS-1:0] slot_row,
    input wire logic [card_pkg::ENDPOINT_ROW_BITS-1:0] endpoint_row,
    input wire logic [card_pkg::NEXT_HOP_ROW_BITS-1:0] next_hop_row,
    input wire logic [card_pkg::HASH_KEY_ROW_BITS-1:0] hash_key_row,
    input wire logic [card_pkg::FRONTEND_ROW_BITS-1:0] frontend_row,
    input wire logic [card_pkg::AFFINITY_ROW_BITS-1:0] affinity_row,
    input wire logic [card_pkg::FRONTEND_COUNTER_ROW_BITS-1:0] frontend_counter_row,
    input wire logic [card_pkg::ENDPOINT_COUNTER_ROW_BITS-1:0] endpoint_counter_row,
    input wire logic [card_pkg::ORIGINAL_ROW_BITS-1:0] connection_row,
    input wire logic [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] connection_ipv6_row
);
  localparam int SIMPLE_BITS = card_pkg::FRONTEND_ROW_BITS;  // the longest row but the connections'
  localparam int CONNECTION_BITS = card_pkg::ORIGINAL_IPV6_ROW_BITS;

  function automatic logic ipv4_connections(input logic [3:0] id);
    ipv4_connections = id == card_pkg::TABLE_ORIGINALS[3:0] || id == card_pkg::TABLE_REPLIES[3:0];
  endfunction
  function automatic logic ipv6_connections(input logic [3:0] id);
    ipv6_connections = id == card_pkg::TABLE_ORIGINALS_IPV6[3:0] || id == card_pkg::TABLE_REPLIES_IPV6[3:0];
  endfunction

  // row_ready is a register: what waits here must not be felt in the command ring's FIFO in the same clock.
  localparam int COMMAND_BITS = 59 + CONNECTION_BITS;
  wire [15:0] row_one_hot = 16'd1 << row_table[3:0];
  wire row_connections = ipv4_connections(row_table[3:0]) || ipv6_connections(row_table[3:0]);
  wire next, next_connections, advance;
  wire [15:0] next_write, next_read;  // by table id
  wire [COMMAND_BITS-34:0] next_rest;
  skid_buffer #(
      .WIDTH(COMMAND_BITS)
  ) commands (
      .clk(clk),
      .rst(rst),
      .in_valid(row_valid),
      .in_ready(row_ready),
      .in_data({row_write ? row_one_hot : 16'd0, row_write ? 16'd0 : row_one_hot, row_connections, row_write ? row_flip : 2'd0,
                row_table[3:0], row_index[19:0], row_data[CONNECTION_BITS-1:0]}),
      .out_valid(next),
      .out_ready(advance),
      .out_data({next_write, next_read, next_connections, next_rest})
  );

  // Whether it may go is known when it goes: many hang on it.
  function automatic logic blocked(input logic [15:0] write, input logic [15:0] read, input logic connections,
                                   input logic [15:0] writes_busy, input logic [15:0] reads_busy, input logic all_busy);
    blocked = (write & writes_busy) != '0 || (read & reads_busy) != '0 || (connections && all_busy);
  endfunction
  logic held, held_blocked, held_connections;
  logic [15:0] held_write, held_read;
  logic [1:0] held_flip;
  logic [3:0] held_table;
  logic [19:0] held_index;
  logic [CONNECTION_BITS-1:0] held_data;
  wire go = held && !held_blocked;
  assign advance = !held || !held_blocked;
  assign host_connections = go && held_connections;
  assign waits = held && held_blocked && held_connections && held_write != '0;
  always_ff @(posedge clk) begin
    if (advance) begin
      held <= next;
      held_blocked <= blocked(next_write, next_read, next_connections, write_busy, read_busy, connections_busy);
      {held_write, held_read, held_connections} <= {next_write, next_read, next_connections};
      {held_flip, held_table, held_index, held_data} <= next_rest;
    end else held_blocked <= blocked(held_write, held_read, held_connections, write_busy, read_busy, connections_busy);
    if (rst) held <= 1'b0;
  end

  logic [6:1] reading;
  logic [3:0] table_1, table_2, table_3;
  always_ff @(posedge clk) begin
    host_write <= go ? held_write : '0;
    host_read <= go ? held_read : '0;
    host_flip <= go ? held_flip : '0;
    if (go) begin
      host_index <= held_index;
      host_data <= held_data;
      table_1 <= held_table;
    end
    table_2 <= table_1;
    table_3 <= table_2;
    reading <= {reading[5:1], |host_read};
    if (rst) begin
      host_write <= '0;
      host_read <= '0;
      reading <= '0;
    end
  end

  // Clock 4: what came after 2 clocks; clock 5: with what came after 3.
  logic [SIMPLE_BITS-1:0] quick_row, simple_row;
  logic [3:0] table_4;
  always_ff @(posedge clk) begin
    table_4 <= table_3;
    if (reading[2]) begin
      case ({4'd0, table_3})
        card_pkg::TABLE_SOURCES: quick_row <= SIMPLE_BITS'(source_row);
        card_pkg::TABLE_SLOTS: quick_row <= SIMPLE_BITS'(slot_row);
        card_pkg::TABLE_ENDPOINTS: quick_row <= SIMPLE_BITS'(endpoint_row);
        card_pkg::TABLE_NEXT_HOPS: quick_row <= SIMPLE_BITS'(next_hop_row);
        default: quick_row <= SIMPLE_BITS'(hash_key_row);
      endcase
    end
    if (reading[3]) begin
      case ({4'd0, table_4})
        card_pkg::TABLE_FRONTENDS: simple_row <= SIMPLE_BITS'(frontend_row);
        card_pkg::TABLE_AFFINITY: simple_row <= SIMPLE_BITS'(affinity_row);
        card_pkg::TABLE_FRONTEND_COUNTERS: simple_row <= SIMPLE_BITS'(frontend_counter_row);
        card_pkg::TABLE_ENDPOINT_COUNTERS: simple_row <= SIMPLE_BITS'(endpoint_counter_row);
        default: simple_row <= quick_row;
      endcase
    end
  end

  wire [SIMPLE_BITS-1:0] late_row;
  wire late_ipv4, late_ipv6;
  delay #(.WIDTH(SIMPLE_BITS), .CLOCKS(2)) row_delay (.clk(clk), .in(simple_row), .out(late_row));
  delay #(.WIDTH(2), .CLOCKS(3)) table_delay (
      .clk(clk),
      .in({ipv4_connections(table_4), ipv6_connections(table_4)}),
      .out({late_ipv4, late_ipv6})
  );

  always_ff @(posedge clk) begin
    row_read_valid <= reading[6] && !rst;
    if (reading[6])
      row_read_data <= late_ipv6 ? 416'(connection_ipv6_row) : late_ipv4 ? 416'(connection_row) : 416'(late_row);
  end
endmodule

`default_nettype wire
