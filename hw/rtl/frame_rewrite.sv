// A translated frame's first beat: MAC addresses, time to live, addresses, ports and checksums put in place. A VLAN tag
// stays.
//
// Combinational. The IPv4 header has no options, so everything is at one of two places but the TCP or UDP checksum.
`default_nettype none

module frame_rewrite (
    input wire logic [511:0] in,
    input wire logic enable,
    input wire card_pkg::next_hop_row_t next_hop,
    input wire logic [31:0] source_address,
    input wire logic [31:0] destination_address,
    input wire logic [15:0] source_port,
    input wire logic [15:0] destination_port,
    input wire logic [15:0] ip_checksum,
    input wire logic [15:0] l4_checksum,
    output logic [511:0] out
);
  localparam int HEADER_BYTES = 52;

  localparam int MAC_BYTES = 12;
  localparam int TAG_BYTES = 4;

  // The header as one number, without the tag: the frame's first byte is the most significant.
  wire vlan = in[MAC_BYTES*8+:16] == 16'h0081;
  wire [HEADER_BYTES*8-1:0] header, rewritten;
  genvar g;
  generate
    for (g = 0; g < HEADER_BYTES; g++) begin : swap
      assign header[(HEADER_BYTES-1-g)*8+:8] = vlan ? in[(g+TAG_BYTES)*8+:8] : in[g*8+:8];
    end
    for (g = 0; g < HEADER_BYTES + TAG_BYTES; g++) begin : place
      if (g < MAC_BYTES) begin : mac
        assign out[g*8+:8] = enable ? rewritten[(HEADER_BYTES-1-g)*8+:8] : in[g*8+:8];
      end else if (g < MAC_BYTES + TAG_BYTES) begin : tag
        assign out[g*8+:8] = enable && !vlan ? rewritten[(HEADER_BYTES-1-g)*8+:8] : in[g*8+:8];
      end else if (g < HEADER_BYTES) begin : both
        assign out[g*8+:8] = !enable ? in[g*8+:8]
            : vlan ? rewritten[(HEADER_BYTES-1-(g-TAG_BYTES))*8+:8] : rewritten[(HEADER_BYTES-1-g)*8+:8];
      end else begin : behind
        assign out[g*8+:8] = enable && vlan ? rewritten[(HEADER_BYTES-1-(g-TAG_BYTES))*8+:8] : in[g*8+:8];
      end
    end
  endgenerate
  assign out[511:(HEADER_BYTES+TAG_BYTES)*8] = in[511:(HEADER_BYTES+TAG_BYTES)*8];

  wire [15:0] ethertype = header[(HEADER_BYTES-14)*8+:16];
  wire [63:0] ip_start = header[(HEADER_BYTES-22)*8+:64];  // version to fragment offset
  wire [7:0] ttl = header[(HEADER_BYTES-23)*8+:8];
  wire [7:0] protocol = header[(HEADER_BYTES-24)*8+:8];
  wire [15:0] at_38 = header[(HEADER_BYTES-40)*8+:16];
  wire [15:0] udp_checksum = header[(HEADER_BYTES-42)*8+:16];
  wire [63:0] at_42 = header[(HEADER_BYTES-50)*8+:64];
  wire [15:0] tcp_checksum = header[(HEADER_BYTES-52)*8+:16];
  wire is_tcp = protocol[1];  // 6, the other one is 17

  assign rewritten = {
    next_hop.destination_mac,
    next_hop.source_mac,
    ethertype,
    ip_start,
    ttl - 8'd1,
    protocol,
    ip_checksum,
    source_address,
    destination_address,
    source_port,
    destination_port,
    at_38,
    is_tcp ? udp_checksum : l4_checksum,
    at_42,
    is_tcp ? l4_checksum : tcp_checksum
  };
endmodule

`default_nettype wire
