// Reads a frame's first two beats: is it for the tables, to be passed, or to be punted (docs/card.md, step 1)?
//
// Latency: 3 clocks. Throughput: one header a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | the header's fields as they came |
// | 2     | single properties of the fields |
// | 3     | class and reason, 5-tuple |
`default_nettype none

module packet_parser (
    input wire logic clk,
    input wire logic [1:0] mode,
    input wire logic host_sctp,
    input wire logic [15:0] vxlan_mtu,
    input wire logic [511:0] first,   // beats of a frame without a VLAN tag
    input wire logic [511:0] second,  // if there is one
    input wire logic [15:0] length,
    input wire logic transmit,
    input wire logic tunnelled,
    input wire logic congested,  // the tunnel saw congestion

    output logic lookup,  // the tuple is looked up
    output logic punt,    // punted with `reason`; neither: the frame passes
    output logic [4:0] reason,
    output logic ipv6,
    output logic ttl_expired,
    output card_pkg::tuple_ipv6_t tuple,  // of IPv4 too
    output logic [3:0] tcp_flags,  // {TCP, RST, SYN, FIN}
    output logic [15:0] ip_checksum,
    output logic [15:0] l4_checksum,
    output logic tunnel,
    output logic too_long,  // for the tunnel
    output logic [1:0] ecn_step,  // what congestion in the tunnel adds to the ECN field (RFC 6040)
    output logic congestion_lost  // there was congestion, and the packet cannot say so
);
  localparam logic [7:0] HOP_BY_HOP = 8'd0, ICMP = 8'd1, TCP = 8'd6, UDP = 8'd17, ROUTING = 8'd43, FRAGMENT = 8'd44;
  localparam logic [7:0] ICMPV6 = 8'd58, DESTINATION = 8'd60, SCTP = 8'd132;
  localparam logic [95:0] MAPPED = 96'(card_pkg::MAPPED_IPV4_PREFIX);
  localparam int HEADER_BYTES = 64;

  // The first beat as one number: the frame's first byte is the most significant.
  wire [HEADER_BYTES*8-1:0] header;
  genvar g;
  generate
    for (g = 0; g < HEADER_BYTES; g++) begin : swap
      assign header[(HEADER_BYTES-1-g)*8+:8] = first[g*8+:8];
    end
  endgenerate

  logic [1:0] s1_mode;
  logic s1_transmit, s1_tunnelled, s1_congested;
  logic [15:0] s1_length, s1_ethertype, s1_total, s1_fragment, s1_ip_checksum;
  logic [7:0] s1_version_ihl, s1_ttl, s1_protocol;
  logic [31:0] s1_source, s1_destination, s1_ports;
  logic [15:0] s1_udp_checksum, s1_tcp_checksum;
  logic [2:0] s1_flags, s2_flags;
  logic [15:0] s1_payload, s1_udp_checksum_ipv6;
  logic [7:0] s1_next_header, s1_hop_limit, s1_tos;
  logic [15:0] s1_tcp_checksum_ipv6;
  logic [2:0] s1_flags_ipv6;
  logic [127:0] s1_source_ipv6, s1_destination_ipv6;
  logic [31:0] s1_ports_ipv6;

  always_ff @(posedge clk) begin
    s1_mode <= mode;
    s1_transmit <= transmit;
    s1_tunnelled <= tunnelled;
    s1_congested <= congested;
    s1_length <= length;
    s1_ethertype <= header[(HEADER_BYTES-14)*8+:16];
    s1_tos <= header[(HEADER_BYTES-16)*8+:8];
    s1_version_ihl <= header[(HEADER_BYTES-15)*8+:8];
    s1_total <= header[(HEADER_BYTES-18)*8+:16];
    s1_fragment <= header[(HEADER_BYTES-22)*8+:16];
    s1_ttl <= header[(HEADER_BYTES-23)*8+:8];
    s1_protocol <= header[(HEADER_BYTES-24)*8+:8];
    s1_ip_checksum <= header[(HEADER_BYTES-26)*8+:16];
    s1_source <= header[(HEADER_BYTES-30)*8+:32];
    s1_destination <= header[(HEADER_BYTES-34)*8+:32];
    s1_ports <= header[(HEADER_BYTES-38)*8+:32];
    s1_udp_checksum <= header[(HEADER_BYTES-42)*8+:16];
    s1_flags <= header[(HEADER_BYTES-48)*8+:3];
    s1_tcp_checksum <= header[(HEADER_BYTES-52)*8+:16];
    s1_payload <= header[(HEADER_BYTES-20)*8+:16];
    s1_next_header <= header[(HEADER_BYTES-21)*8+:8];
    s1_hop_limit <= header[(HEADER_BYTES-22)*8+:8];
    s1_source_ipv6 <= header[(HEADER_BYTES-38)*8+:128];
    s1_destination_ipv6 <= header[(HEADER_BYTES-54)*8+:128];
    s1_ports_ipv6 <= header[(HEADER_BYTES-58)*8+:32];
    s1_udp_checksum_ipv6 <= header[(HEADER_BYTES-62)*8+:16];
    s1_tcp_checksum_ipv6 <= {second[6*8+:8], second[7*8+:8]};
    s1_flags_ipv6 <= second[3*8+:3];
  end

  wire s1_ipv6 = s1_ethertype == 16'h86dd;
  wire [7:0] icmp_type = s1_ports[31:24];
  wire [7:0] behind = s1_ports_ipv6[31:24];  // ICMPv6: its type; an extension header: what it names as next
  wire [3:0] header_words = s1_version_ihl[3:0];
  wire [7:0] s1_carried = s1_ipv6 ? s1_next_header : s1_protocol;

  logic s2_offload, s2_punt_mode, s2_ipv4, s2_length_fits, s2_total_fits_header, s2_ihl_valid, s2_options;
  logic s2_ipv6, s2_at_least_54, s2_payload_fits, s2_mapped, s2_at_least_8, s2_at_least_20;
  logic s2_icmpv6_error, s2_extension, s2_fragment_header, s2_for_services;
  logic s2_tcp, s2_udp, s2_sctp, s2_icmp_error, s2_more_fragments, s2_offset, s2_at_least_28, s2_at_least_40;
  logic s2_ttl_expired;
  logic [15:0] s2_ip_checksum, s2_udp_checksum, s2_tcp_checksum;
  logic [127:0] s2_source, s2_destination;
  logic [31:0] s2_ports;
  logic [7:0] s2_protocol;
  logic s2_tunnelled, s2_too_long, s2_too_long_ipv6, s2_congested;
  logic [15:0] ipv6_payload_max;
  logic [1:0] s2_ecn;

  always_ff @(posedge clk) begin
    s2_offload <= s1_mode == card_pkg::MODE_OFFLOAD[1:0] && !s1_transmit;
    s2_punt_mode <= s1_mode == card_pkg::MODE_PUNT[1:0] && !s1_transmit;
    s2_tcp <= s1_carried == TCP;
    s2_udp <= s1_carried == UDP;
    s2_sctp <= s1_carried == SCTP && host_sctp;
    s2_protocol <= s1_carried;
    s2_source <= s1_ipv6 ? s1_source_ipv6 : {MAPPED, s1_source};
    s2_destination <= s1_ipv6 ? s1_destination_ipv6 : {MAPPED, s1_destination};
    s2_ports <= s1_ipv6 ? s1_ports_ipv6 : s1_ports;
    s2_ttl_expired <= (s1_ipv6 ? s1_hop_limit[7:1] : s1_ttl[7:1]) == 7'd0;

    s2_ipv4 <= s1_ethertype == 16'h0800 && s1_version_ihl[7:4] == 4'd4;
    s2_length_fits <= s1_length >= 16'd34 && {1'b0, s1_total} + 17'd14 <= {1'b0, s1_length};
    s2_total_fits_header <= s1_total >= {10'd0, header_words, 2'd0};
    s2_ihl_valid <= header_words >= 4'd5;
    s2_options <= header_words > 4'd5;
    s2_icmp_error <= s1_protocol == ICMP && (icmp_type == 8'd3 || icmp_type == 8'd4 || icmp_type == 8'd5 ||
                     icmp_type == 8'd11 || icmp_type == 8'd12);
    s2_more_fragments <= s1_fragment[13];
    s2_offset <= s1_fragment[12:0] != 13'd0;
    s2_at_least_28 <= s1_total >= 16'd28;
    s2_at_least_40 <= s1_total >= 16'd40;

    s2_ipv6 <= s1_ipv6 && s1_version_ihl[7:4] == 4'd6;
    s2_at_least_54 <= s1_length >= 16'd54;
    s2_payload_fits <= {1'b0, s1_payload} + 17'd54 <= {1'b0, s1_length};
    s2_mapped <= s1_source_ipv6[127:32] == MAPPED || s1_destination_ipv6[127:32] == MAPPED;
    s2_at_least_8 <= s1_payload >= 16'd8;
    s2_at_least_20 <= s1_payload >= 16'd20;
    s2_icmpv6_error <= s1_next_header == ICMPV6 && behind >= 8'd1 && behind <= 8'd4;
    s2_extension <= s1_next_header == HOP_BY_HOP || s1_next_header == ROUTING || s1_next_header == FRAGMENT ||
                    s1_next_header == DESTINATION;
    s2_fragment_header <= s1_next_header == FRAGMENT;
    s2_for_services <= behind == TCP || behind == UDP || behind == ROUTING || behind == FRAGMENT || behind == DESTINATION;

    s2_ip_checksum <= s1_ip_checksum;
    s2_udp_checksum <= s1_ipv6 ? s1_udp_checksum_ipv6 : s1_udp_checksum;
    s2_tcp_checksum <= s1_ipv6 ? s1_tcp_checksum_ipv6 : s1_tcp_checksum;
    s2_flags <= s1_ipv6 ? s1_flags_ipv6 : s1_flags;
    s2_tunnelled <= s1_tunnelled;
    ipv6_payload_max <= vxlan_mtu < 16'd40 ? '0 : vxlan_mtu - 16'd40;
    s2_too_long <= s1_total > vxlan_mtu;
    s2_too_long_ipv6 <= s1_payload > ipv6_payload_max;
    s2_congested <= s1_tunnelled && s1_congested;
    s2_ecn <= s1_ipv6 ? s1_tos[5:4] : s1_tos[1:0];
  end

  wire s2_sane = s2_offload && s2_ipv4 && s2_length_fits && s2_ihl_valid && s2_total_fits_header;
  wire s2_l4 = s2_sane && (s2_tcp || s2_udp);
  wire s2_fragment = s2_more_fragments || s2_offset;
  wire s2_sane_ipv6 = s2_offload && s2_ipv6 && s2_at_least_54 && s2_payload_fits && !s2_mapped;
  wire s2_punt_extension = s2_sane_ipv6 && s2_extension && s2_at_least_8 && s2_for_services;
  wire s2_punt_fragment = (s2_l4 && s2_fragment) || (s2_punt_extension && s2_fragment_header);
  wire s2_punt_options = (s2_l4 && s2_options) || s2_punt_extension;
  wire s2_punt_sctp = (s2_sane || s2_sane_ipv6) && s2_sctp;
  wire s2_punt_icmp = (s2_sane && !s2_options && !s2_offset && s2_at_least_28 && s2_icmp_error) ||
                      (s2_sane_ipv6 && s2_at_least_8 && s2_icmpv6_error);

  always_ff @(posedge clk) begin
    lookup <= (s2_l4 && !s2_fragment && !s2_options && (s2_tcp ? s2_at_least_40 : s2_at_least_28)) ||
              (s2_sane_ipv6 && (s2_tcp ? s2_at_least_20 : s2_udp && s2_at_least_8));
    punt <= s2_punt_mode || s2_punt_icmp || s2_punt_sctp || s2_punt_fragment || s2_punt_options;
    if (s2_punt_mode) reason <= card_pkg::REASON_MODE_PUNT[4:0];
    else if (s2_punt_icmp) reason <= card_pkg::REASON_ICMP_ERROR[4:0];
    else if (s2_punt_sctp) reason <= card_pkg::REASON_SCTP[4:0];
    else if (s2_punt_fragment) reason <= card_pkg::REASON_FRAGMENT[4:0];
    else if (s2_punt_options) reason <= card_pkg::REASON_IP_OPTIONS[4:0];
    else reason <= card_pkg::REASON_NONE[4:0];
    ipv6 <= s2_ipv6;
    ttl_expired <= s2_ttl_expired;
    tuple.source_address <= s2_source;
    tuple.destination_address <= s2_destination;
    tuple.source_port <= s2_ports[31:16];
    tuple.destination_port <= s2_ports[15:0];
    tuple.protocol <= s2_protocol;
    tcp_flags <= {s2_tcp, s2_flags};
    ip_checksum <= s2_ip_checksum;
    l4_checksum <= s2_tcp ? s2_tcp_checksum : s2_udp_checksum;
    tunnel <= s2_tunnelled;
    too_long <= s2_ipv6 ? s2_too_long_ipv6 : s2_too_long;
    ecn_step <= s2_congested ? ~s2_ecn : 2'd0;
    congestion_lost <= s2_congested && s2_ecn == 2'd0;
  end
endmodule

`default_nettype wire
