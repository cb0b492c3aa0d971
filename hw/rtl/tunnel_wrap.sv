// Puts a tunnel's headers before the frames that go into it: Ethernet, IPv4, UDP (without a checksum, RFC 7348) and
// VXLAN, 50 bytes. Other frames pass as they are.
//
// Latency: none for beats; a frame that is wrapped waits for its header, and is up to one beat longer. Throughput: a
// beat every clock.
`default_nettype none
module tunnel_wrap #(
    parameter DEPTH_LOG2 = 10  // frames that may wait
) (
    input wire clk,
    input wire rst,
    input wire [31:0] vxlan_address,
    input wire [15:0] vxlan_port,
    input wire [23:0] vxlan_vni,

    input wire header_write,  // one for each wrapped frame, in their order
    input wire [183:0] header,  // see tunnel_header

    input wire in_valid,
    input wire in_wrapped,  // with a frame's first beat
    input wire in_last,
    input wire [5:0] in_bytes,  // of a last beat, 0 is 64
    input wire [511:0] in_data,
    output logic in_take,

    output logic out_valid,
    output logic out_last,
    output logic [5:0] out_bytes,
    output logic [511:0] out_data,
    input wire out_take
);
  localparam OuterBytes = card_pkg::TUNNEL_BYTES;
  localparam InnerBytes = 64 - OuterBytes;  // of the frame, in a beat with the headers

  logic header_valid, in_frame, held_wrapped, spilling;
  logic [95:0] macs;
  logic [7:0] tos;
  logic [15:0] total, flow_port, checksum;
  logic [31:0] address;
  logic [OuterBytes*8-1:0] carried;
  logic [5:0] carried_bytes;

  logic first, wrapped, ready, fits;
  assign first = !in_frame;
  assign wrapped = first ? in_wrapped : held_wrapped;
  assign ready = in_valid && !(first && in_wrapped && !header_valid);
  assign fits = in_bytes != 6'd0 && in_bytes <= 6'(InnerBytes);

  fifo #(
      .WIDTH(184),
      .DEPTH_LOG2(DEPTH_LOG2)
  ) headers (
      .clk, .rst,
      .write(header_write),
      .write_data(header),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(header_valid),
      .read_data({macs, tos, total, flow_port, address, checksum}),
      .read(in_take && first && in_wrapped)
  );

  // As one number: the first byte is the most significant.
  wire [15:0] udp_length = total - 16'd20;
  wire [OuterBytes*8-1:0] outer = {
    macs, 16'h0800, 8'h45, tos, total, 16'd0, 16'h4000, 8'd64, 8'd17, checksum, vxlan_address, address,
    flow_port, vxlan_port, udp_length, 16'd0, 8'h08, 24'd0, vxlan_vni, 8'd0
  };
  wire [OuterBytes*8-1:0] outer_bytes;
  genvar g;
  generate
    for (g = 0; g < OuterBytes; g++) begin : swap
      assign outer_bytes[g*8+:8] = outer[(OuterBytes-1-g)*8+:8];
    end
  endgenerate

  assign in_take = out_take && ready && !spilling;
  assign out_valid = spilling || ready;
  assign out_last = spilling || (in_last && (!wrapped || fits));
  assign out_bytes = spilling ? carried_bytes : wrapped ? in_bytes + 6'(OuterBytes) : in_bytes;
  always_comb begin
    out_data = in_data;
    if (spilling) out_data = {{InnerBytes * 8{1'b0}}, carried};
    else if (wrapped) out_data = {in_data[InnerBytes*8-1:0], first ? outer_bytes : carried};
  end

  always_ff @(posedge clk) begin
    if (in_take) begin
      in_frame <= !in_last;
      held_wrapped <= wrapped;
      carried <= in_data[511:InnerBytes*8];
      carried_bytes <= in_bytes - 6'(InnerBytes);
      spilling <= in_last && wrapped && !fits;
    end else if (out_take && spilling) spilling <= 1'b0;
    if (rst) begin
      in_frame <= 1'b0;
      spilling <= 1'b0;
    end
  end
endmodule
`default_nettype wire
