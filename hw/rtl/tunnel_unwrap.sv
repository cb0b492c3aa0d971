// Which frame is to be looked at: the one that came, without its VLAN tag if it has one, or what is inside it if it comes
// through the tunnel (docs/card.md, step 0). A tunnel's frame has 50 bytes before the inner one: Ethernet, IPv4, UDP and
// VXLAN headers (RFC 7348). MAC addresses are not looked at: they move with the tag.
//
// Latency: 2 clocks from a frame's first beat to `first_beat`. Throughput: a beat a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | the first beat; single properties of its outer headers |
// | 2     | the first beat, and the second one behind it; tunnel or tag? |
`default_nettype none

module tunnel_unwrap (
    input wire logic clk,
    input wire logic [31:0] vxlan_address,
    input wire logic [15:0] vxlan_port,
    input wire logic [23:0] vxlan_vni,
    input wire logic [511:0] data,
    input wire logic [15:0] length,
    input wire logic ingress,

    output logic tunnelled,
    output logic congested,  // tunnelled, and the tunnel saw congestion
    output logic [511:0] first_beat,  // of the frame to be looked at
    output logic [511:0] second_beat,  // its first 14 bytes at least
    output logic [15:0] frame_length
);
  localparam int OUTER_BYTES = card_pkg::TUNNEL_BYTES;
  localparam int OUTER_BITS = OUTER_BYTES * 8;
  localparam int TAG_BITS = 32;
  localparam int INNER_BYTES = 14;  // of the Ethernet header, at least
  localparam logic [7:0] UDP = 8'd17;

  // The outer headers as one number: the frame's first byte is the most significant.
  wire [OUTER_BITS-1:0] header;
  genvar g;
  generate
    for (g = 0; g < OUTER_BYTES; g++) begin : swap
      assign header[(OUTER_BYTES-1-g)*8+:8] = data[g*8+:8];
    end
  endgenerate
  wire [15:0] total = header[(OUTER_BYTES-18)*8+:16];
  wire [15:0] fragment = header[(OUTER_BYTES-22)*8+:16];
  wire [15:0] udp_length = header[(OUTER_BYTES-40)*8+:16];

  logic has_tunnel, s1_tagged, has_tag;
  logic s1_udp, s1_whole, s1_to_us, s1_port, s1_network, s1_fits, s1_congested;
  logic [511:0] s1_data, s2_data;
  logic [15:0] s1_length, s2_length, s2_untagged_length, s2_inner_length;
  always_ff @(posedge clk) begin
    has_tunnel <= vxlan_address != '0;
    s1_udp <= header[(OUTER_BYTES-15)*8+:24] == 24'h080045 && header[(OUTER_BYTES-24)*8+:8] == UDP;
    s1_whole <= fragment[13:0] == '0;
    s1_to_us <= header[(OUTER_BYTES-34)*8+:32] == vxlan_address && ingress == card_pkg::PORT_UPLINK[0];
    s1_port <= header[(OUTER_BYTES-38)*8+:16] == vxlan_port;
    s1_network <= header[(OUTER_BYTES-43)*8+3] && header[(OUTER_BYTES-49)*8+:24] == vxlan_vni;
    s1_fits <= {1'b0, total} + 17'd14 <= {1'b0, length} && total == udp_length + 16'd20 &&
               total >= 16'(OUTER_BYTES - 14 + INNER_BYTES);
    s1_congested <= header[(OUTER_BYTES-16)*8+:2] == 2'b11;
    s1_tagged <= header[(OUTER_BYTES-14)*8+:16] == 16'h8100 && length >= 16'd18;
    s1_data <= data;
    s1_length <= length;
    tunnelled <= has_tunnel && s1_udp && s1_whole && s1_to_us && s1_port && s1_network && s1_fits;
    congested <= s1_congested;
    has_tag <= s1_tagged;
    s2_data <= s1_data;
    s2_length <= s1_length;
    s2_untagged_length <= s1_length - 16'd4;
    s2_inner_length <= s1_length - 16'(OUTER_BYTES);
  end

  always_comb begin
    first_beat = s2_data;
    second_beat = s1_data;
    frame_length = s2_length;
    if (has_tag) begin
      first_beat = {s1_data[TAG_BITS-1:0], s2_data[511:TAG_BITS]};
      second_beat = {{TAG_BITS{1'b0}}, s1_data[511:TAG_BITS]};
      frame_length = s2_untagged_length;
    end
    if (tunnelled) begin
      first_beat = {s1_data[OUTER_BITS-1:0], s2_data[511:OUTER_BITS]};
      second_beat = {{OUTER_BITS{1'b0}}, s1_data[511:OUTER_BITS]};
      frame_length = s2_inner_length;
    end
  end
endmodule

`default_nettype wire
