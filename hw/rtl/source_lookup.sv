// Longest matching prefix of a packet's source address, over rows held in registers in any order.
//
// Latency: 9 clocks (stage 1: match; 2..9: a tree of pairs, one level a clock, then waiting). Throughput: one address
// a clock. A row that is written belongs to lookups from the next clock on, as a whole.
`default_nettype none

module source_lookup #(
    parameter int ROWS_LOG2 = card_pkg::SOURCES_ROWS_LOG2  // at most 8
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic [127:0] address,
    output logic [1:0] client_class,  // no match: outside
    output logic [11:0] next_hop,     // no match: 0
    output logic [31:0] range_sets,   // no match: none

    input wire logic write_enable,
    input wire logic [ROWS_LOG2-1:0] write_address,
    input wire card_pkg::source_row_t write_row,

    input wire logic host_read,  // the row follows 2 clocks later
    input wire logic [ROWS_LOG2-1:0] host_index,
    output logic [card_pkg::SOURCE_ROW_BITS-1:0] host_row
);
  localparam int ROWS = 2 ** ROWS_LOG2;
  localparam int LEVELS = 8;
  localparam int VALUE_BITS = 32 + 2 + 12;  // range sets, class, next hop
  localparam int WIDTH = 1 + 8 + VALUE_BITS;  // matched, prefix length, value

  // A prefix' mask: ones from the top.
  wire [127:0] write_mask = ~(~128'd0 >> write_row.prefix_length);

  // What a match is worth is written one clock after what is matched, as the tree reads it one clock later.
  logic late_enable;
  logic [ROWS_LOG2-1:0] late_address;
  logic [WIDTH-2:0] late_value;
  always_ff @(posedge clk) begin
    late_enable <= write_enable;
    late_address <= write_address;
    late_value <= {write_row.prefix_length, write_row.range_sets, write_row.client_class, write_row.next_hop};
  end

  ram_1r1w #(
      .WIDTH(card_pkg::SOURCE_ROW_BITS),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("distributed")
  ) rows_for_host (
      .clk(clk),
      .write_enable(write_enable),
      .write_address(write_address),
      .write_data(write_row),
      .read_enable(host_read),
      .read_address(host_index),
      .read_data(host_row)
  );

  logic [ROWS-1:0] row_valid, matched;
  logic [127:0] prefix[ROWS], mask[ROWS];
  logic [WIDTH-2:0] value[ROWS];
  always_ff @(posedge clk) begin
    if (write_enable) begin
      row_valid[write_address] <= write_row.valid;
      prefix[write_address] <= write_row.address & write_mask;
      mask[write_address] <= write_mask;
    end
    if (late_enable) value[late_address] <= late_value;
    if (valid) begin
      for (int i = 0; i < ROWS; i++) matched[i] <= row_valid[i] && (address & mask[i]) == prefix[i];
    end
  end

  // A heap: node i is the better of nodes 2i and 2i + 1; the rows are nodes ROWS and up.
  logic [WIDTH-1:0] node[2*ROWS];
  always_comb for (int i = 0; i < ROWS; i++) node[ROWS+i] = {matched[i], value[i]};

  logic [ROWS_LOG2:0] level_valid;
  always_ff @(posedge clk) level_valid <= {level_valid[ROWS_LOG2-1:0], valid};

  genvar level, pair;
  generate
    for (level = 0; level < ROWS_LOG2; level++) begin : tree
      for (pair = ROWS >> (level + 1); pair < (ROWS >> level); pair++) begin : best
        always_ff @(posedge clk) begin
          if (level_valid[level]) begin
            node[pair] <= node[2*pair+1][WIDTH-1-:9] > node[2*pair][WIDTH-1-:9] ? node[2*pair+1] : node[2*pair];
          end
        end
      end
    end

    wire [VALUE_BITS-1:0] root = node[1][WIDTH-1] ? node[1][VALUE_BITS-1:0] : '0;
    if (ROWS_LOG2 == LEVELS) begin : full
      assign {range_sets, client_class, next_hop} = root;
    end else begin : wait_for_clock
      delay #(.WIDTH(VALUE_BITS), .CLOCKS(LEVELS - ROWS_LOG2)) rest (
          .clk(clk),
          .in(root),
          .out({range_sets, client_class, next_hop})
      );
    end
  endgenerate

  initial if (ROWS_LOG2 > LEVELS) $fatal(1, "source_lookup: at most 256 rows");
endmodule

`default_nettype wire
