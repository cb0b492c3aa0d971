// What a frame is wrapped in, but for what is the same for all: {MAC addresses, type of service, total length, flow's
// port, address of the other end, IPv4 header checksum}.
//
// Latency: 2 clocks. Throughput: one header a clock.
`default_nettype none
module tunnel_header (
    input wire clk,
    input wire rst,
    input wire [31:0] vxlan_address,
    input wire [2:0] write,  // by destination
    input wire [15:0] length,  // of the frame
    input wire [31:0] address,
    input wire [95:0] macs,
    input wire [7:0] tos,
    input wire [15:0] flow_port,
    output logic [2:0] out_write,
    output logic [183:0] header
);
  localparam logic [15:0] OuterBytes = 16'd36;  // IPv4, UDP and VXLAN headers
  // Version and length; do not fragment; time to live 64, UDP. The identification is 0.
  localparam logic [17:0] Fixed = 18'h4500 + 18'h4000 + 18'h4011;

  logic [2:0] s1_write;
  logic [18:0] s1_sum;
  logic [17:0] s1_addresses;
  logic [167:0] s1_rest;
  wire [15:0] total = length + OuterBytes;
  wire [19:0] sum = {1'b0, s1_sum} + {2'd0, s1_addresses};
  wire [16:0] folded = {1'b0, sum[15:0]} + {13'd0, sum[19:16]};

  always_ff @(posedge clk) begin
    s1_write <= rst ? '0 : write;
    s1_sum <= {1'b0, Fixed} + {11'd0, tos} + {3'd0, total};
    s1_addresses <= {2'd0, vxlan_address[31:16]} + {2'd0, vxlan_address[15:0]} + {2'd0, address[31:16]} +
                    {2'd0, address[15:0]};
    s1_rest <= {macs, tos, total, flow_port, address};
    out_write <= rst ? '0 : s1_write;
    header <= {s1_rest, ~(folded[15:0] + {15'd0, folded[16]})};
  end
endmodule
`default_nettype wire
