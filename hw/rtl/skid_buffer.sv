// Registers both directions of a valid/ready stream: neither in_ready nor the outputs depend on this clock's inputs.
//
// Latency: 1 clock. Throughput: a word every clock.
`default_nettype none
module skid_buffer #(
    parameter WIDTH = 8
) (
    input wire clk,
    input wire rst,

    input wire in_valid,
    output logic in_ready,
    input wire [WIDTH-1:0] in_data,

    output logic out_valid,
    input wire out_ready,
    output logic [WIDTH-1:0] out_data
);
  logic [WIDTH-1:0] spare_data;

  // The spare register is full exactly when in_ready is 0.
  always_ff @(posedge clk) begin
    if (in_ready) spare_data <= in_data;
    if (!out_valid || out_ready) out_data <= in_ready ? in_data : spare_data;
  end

  always_ff @(posedge clk) begin
    if (!out_valid || out_ready) begin
      out_valid <= in_valid || !in_ready;
      in_ready <= 1'b1;
    end else begin
      in_ready <= in_ready && !in_valid;
    end
    if (rst) begin
      out_valid <= 1'b0;
      in_ready <= 1'b1;
    end
  end
endmodule
`default_nettype wire
