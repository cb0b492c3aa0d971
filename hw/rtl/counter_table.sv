// Packet and byte counters: read, add, write back every clock, also for one row many times in a row.
//
// Latency: 3 clocks from an operation to `row`, which is the row after it (counted) or as it is (read). Throughput: one
// operation a clock: count, or while there is none, a host's write or read.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1, 2  | row (memory); which of the three operations before concerned it |
// | 3     | the new row, written at its end |
`default_nettype none

module counter_table #(
    parameter int ROWS_LOG2 = 12
) (
    input wire logic clk,
    input wire logic rst,
    input wire logic count,
    input wire logic [ROWS_LOG2-1:0] count_index,
    input wire logic [15:0] bytes,

    input wire logic host_write,  // only while nothing is counted
    input wire logic host_read,
    input wire logic [ROWS_LOG2-1:0] host_index,
    input wire logic [87:0] host_data,
    output logic [87:0] row  // {bytes, packets}
);
  wire [ROWS_LOG2-1:0] index = count ? count_index : host_index;
  wire operation = count || host_write || host_read;

  logic s1_valid, s2_valid, s3_valid, s4_valid;
  logic s1_set, s2_set;
  logic s1_count, s2_count;
  logic [ROWS_LOG2-1:0] s1_index, s2_index, s3_index, s4_index;
  logic [15:0] s1_bytes, s2_bytes;
  logic [87:0] s1_data, s2_data, s2_row, s4_row, s5_row;
  logic s2_near_1, s2_near_2, s2_near_3;

  ram_1r1w #(
      .WIDTH(88),
      .DEPTH_LOG2(ROWS_LOG2),
      .RAM_STYLE("ultra")
  ) rows (
      .clk(clk),
      .write_enable(s3_valid),
      .write_address(s3_index),
      .write_data(row),
      .read_enable(operation),
      .read_address(index),
      .read_data(s2_row)
  );

  // The newest row of the same index: of the operation one, two or three clocks before, or the memory's.
  wire [87:0] s2_current = s2_near_1 ? row : s2_near_2 ? s4_row : s2_near_3 ? s5_row : s2_row;

  always_ff @(posedge clk) begin
    s1_valid <= operation && !rst;
    s2_valid <= s1_valid && !rst;
    s3_valid <= s2_valid && !rst;
    s4_valid <= s3_valid && !rst;
    if (operation) begin
      s1_set <= host_write && !count;
      s1_count <= count;
      s1_index <= index;
      s1_bytes <= bytes;
      s1_data <= host_data;
    end
    if (s1_valid) begin
      s2_set <= s1_set;
      s2_count <= s1_count;
      s2_index <= s1_index;
      s2_bytes <= s1_bytes;
      s2_data <= s1_data;
      s2_near_1 <= s2_valid && s2_index == s1_index;
      s2_near_2 <= s3_valid && s3_index == s1_index;
      s2_near_3 <= s4_valid && s4_index == s1_index;
    end
    if (s2_valid) begin
      s3_index <= s2_index;
      if (s2_set) row <= s2_data;
      else row <= {s2_current[87:40] + (s2_count ? {32'd0, s2_bytes} : 48'd0), s2_current[39:0] + {39'd0, s2_count}};
    end
    if (s3_valid) begin
      s4_index <= s3_index;
      s4_row <= row;
    end
    if (s4_valid) s5_row <= s4_row;
  end
endmodule

`default_nettype wire
