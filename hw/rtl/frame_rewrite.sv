// A translated frame's first two beats: MAC addresses, ECN, time to live, addresses, ports and checksums put in place. A
// VLAN tag stays.
//
// Combinational. Neither header has options or extensions, so everything is at one of two places but the TCP or UDP
// checksum, which for IPv6 lies in the second beat or at the end of the first.
`default_nettype none

module frame_rewrite (
    input wire logic [511:0] in,
    input wire logic first,  // rewrite a first beat
    input wire logic second, // or a second one of IPv6
    input wire logic ipv6,   // these of the packet, for both beats
    input wire logic tcp,
    input wire logic vlan,
    input wire logic [95:0] macs,  // {destination, source}
    input wire logic [1:0] ecn_step,
    input wire card_pkg::tuple_ipv6_t to,
    input wire logic [15:0] ip_checksum,
    input wire logic [15:0] l4_checksum,
    output logic [511:0] out
);
  localparam int BYTES = 64;
  localparam int MAC_BYTES = 12;
  localparam int TAG_BYTES = 4;

  // The beat as one number, without the tag: the frame's first byte is the most significant. Behind a tag its last bytes
  // are not known, and not used.
  wire [BYTES*8-1:0] header;
  genvar g;
  generate
    for (g = 0; g < BYTES; g++) begin : swap
      if (g < BYTES - TAG_BYTES) begin : both
        assign header[(BYTES-1-g)*8+:8] = vlan ? in[(g+TAG_BYTES)*8+:8] : in[g*8+:8];
      end else begin : untagged
        assign header[(BYTES-1-g)*8+:8] = in[g*8+:8];
      end
    end
  endgenerate

  wire [15:0] ethertype = header[(BYTES-14)*8+:16];
  wire [7:0] ttl = ipv6 ? header[(BYTES-22)*8+:8] : header[(BYTES-23)*8+:8];
  wire [7:0] ttl_less_one = ttl - 8'd1;
  wire [31:0] ports = {to.source_port, to.destination_port};

  wire [BYTES*8-1:0] rewritten_ipv4 = {
    macs,
    ethertype,
    header[(BYTES-15)*8+:8],  // version and header length
    header[(BYTES-16)*8+:8] + {6'd0, ecn_step},
    header[(BYTES-22)*8+:48],  // to fragment offset
    ttl_less_one,
    header[(BYTES-24)*8+:8],  // protocol
    ip_checksum,
    to.source_address[31:0],
    to.destination_address[31:0],
    ports,
    header[(BYTES-40)*8+:16],
    tcp ? header[(BYTES-42)*8+:16] : l4_checksum,
    header[(BYTES-50)*8+:64],
    tcp ? l4_checksum : header[(BYTES-52)*8+:16],
    header[(BYTES-64)*8+:96]
  };
  wire [BYTES*8-1:0] rewritten_ipv6 = {
    macs,
    ethertype,
    header[(BYTES-15)*8+:8],  // version
    header[(BYTES-16)*8+:8] + {2'd0, ecn_step, 4'd0},
    header[(BYTES-21)*8+:40],  // to next header
    ttl_less_one,
    to.source_address,
    to.destination_address,
    ports,
    header[(BYTES-60)*8+:16],
    tcp ? header[(BYTES-62)*8+:16] : l4_checksum,
    header[(BYTES-64)*8+:16]
  };
  wire [BYTES*8-1:0] rewritten = ipv6 ? rewritten_ipv6 : rewritten_ipv4;

  // Where the checksum stands in a second beat.
  wire [5:0] second_at = !tcp ? 6'd0 : vlan ? 6'd10 : 6'd6;
  wire in_second = second && (tcp || vlan);
  generate
    for (g = 0; g < BYTES; g++) begin : place
      wire [7:0] untagged = rewritten[(BYTES-1-g)*8+:8];
      wire [7:0] kept;
      if (g < 12) begin : checksum
        assign kept = in_second && second_at == 6'(g) ? l4_checksum[15:8]
                    : in_second && second_at + 6'd1 == 6'(g) ? l4_checksum[7:0] : in[g*8+:8];
      end else begin : other
        assign kept = in[g*8+:8];
      end
      if (g < MAC_BYTES) begin : mac
        assign out[g*8+:8] = first ? untagged : kept;
      end else if (g < MAC_BYTES + TAG_BYTES) begin : tag
        assign out[g*8+:8] = first && !vlan ? untagged : kept;
      end else begin : behind
        assign out[g*8+:8] = !first ? kept : vlan ? rewritten[(BYTES-1-(g-TAG_BYTES))*8+:8] : untagged;
      end
    end
  endgenerate
endmodule

`default_nettype wire
