// Reads a frame's first beat: is it for the tables, to be passed, or to be punted (docs/card.md, step 1)?
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
    input wire logic [1:0] host_protocols,
    input wire logic [511:0] data,
    input wire logic [15:0] length,
    input wire logic transmit,

    output logic lookup,  // the tuple is looked up
    output logic punt,    // punted with `reason`; neither: the frame passes
    output logic [4:0] reason,
    output logic ttl_expired,
    output card_pkg::tuple_t tuple,
    output logic [3:0] tcp_flags,  // {TCP, RST, SYN, FIN}
    output logic [15:0] ip_checksum,
    output logic [15:0] l4_checksum
);
  localparam logic [7:0] ICMP = 8'd1;
  localparam logic [7:0] TCP = 8'd6;
  localparam logic [7:0] UDP = 8'd17;
  localparam logic [7:0] SCTP = 8'd132;
  localparam int HEADER_BYTES = 52;  // up to the TCP checksum

  // The header as one number: the frame's first byte is the most significant. Without a VLAN tag, MAC addresses apart.
  wire vlan = data[12*8+:16] == 16'h0081 && length >= 16'd18;
  wire [HEADER_BYTES*8-1:0] header;
  genvar g;
  generate
    for (g = 0; g < HEADER_BYTES; g++) begin : swap
      assign header[(HEADER_BYTES-1-g)*8+:8] = vlan ? data[(g+4)*8+:8] : data[g*8+:8];
    end
  endgenerate

  logic [1:0] s1_mode;
  logic s1_transmit;
  logic [15:0] s1_length, s1_ethertype, s1_total, s1_fragment, s1_ip_checksum;
  logic [7:0] s1_version_ihl, s1_ttl, s1_protocol, s1_next_header;
  logic [31:0] s1_source, s1_destination, s1_ports;
  logic [15:0] s1_udp_checksum, s1_tcp_checksum;
  logic [2:0] s1_flags, s2_flags;

  always_ff @(posedge clk) begin
    s1_mode <= mode;
    s1_transmit <= transmit;
    s1_length <= vlan ? length - 16'd4 : length;
    s1_ethertype <= header[(HEADER_BYTES-14)*8+:16];
    s1_version_ihl <= header[(HEADER_BYTES-15)*8+:8];
    s1_total <= header[(HEADER_BYTES-18)*8+:16];
    s1_fragment <= header[(HEADER_BYTES-22)*8+:16];
    s1_ttl <= header[(HEADER_BYTES-23)*8+:8];
    s1_protocol <= header[(HEADER_BYTES-24)*8+:8];
    s1_next_header <= header[(HEADER_BYTES-21)*8+:8];
    s1_ip_checksum <= header[(HEADER_BYTES-26)*8+:16];
    s1_source <= header[(HEADER_BYTES-30)*8+:32];
    s1_destination <= header[(HEADER_BYTES-34)*8+:32];
    s1_ports <= header[(HEADER_BYTES-38)*8+:32];
    s1_udp_checksum <= header[(HEADER_BYTES-42)*8+:16];
    s1_flags <= header[(HEADER_BYTES-48)*8+:3];
    s1_tcp_checksum <= header[(HEADER_BYTES-52)*8+:16];
  end

  wire [7:0] icmp_type = s1_ports[31:24];
  wire [3:0] header_words = s1_version_ihl[3:0];

  logic s2_offload, s2_punt_mode, s2_ipv4, s2_length_fits, s2_total_fits_header, s2_ihl_valid, s2_options;
  logic s2_ipv6, s2_at_least_54, s2_ipv6_carried, s2_host_sctp;
  logic s2_tcp, s2_udp, s2_icmp, s2_icmp_error, s2_more_fragments, s2_offset, s2_at_least_28, s2_at_least_40;
  logic s2_ttl_expired;
  logic [15:0] s2_ip_checksum, s2_udp_checksum, s2_tcp_checksum;
  logic [31:0] s2_source, s2_destination, s2_ports;
  logic [7:0] s2_protocol;

  always_ff @(posedge clk) begin
    s2_offload <= s1_mode == card_pkg::MODE_OFFLOAD[1:0] && !s1_transmit;
    s2_punt_mode <= s1_mode == card_pkg::MODE_PUNT[1:0] && !s1_transmit;
    s2_ipv4 <= s1_ethertype == 16'h0800 && s1_version_ihl[7:4] == 4'd4;
    s2_length_fits <= s1_length >= 16'd34 && {1'b0, s1_total} + 17'd14 <= {1'b0, s1_length};
    s2_total_fits_header <= s1_total >= {10'd0, header_words, 2'd0};
    s2_ihl_valid <= header_words >= 4'd5;
    s2_options <= header_words > 4'd5;
    s2_ipv6 <= s1_ethertype == 16'h86dd && s1_version_ihl[7:4] == 4'd6;
    s2_at_least_54 <= s1_length >= 16'd54;
    s2_ipv6_carried <= host_protocols[card_pkg::HOST_PROTOCOL_IPV6[0]] &&
                       (s1_next_header == TCP || s1_next_header == UDP || s1_next_header == SCTP);
    s2_host_sctp <= host_protocols[card_pkg::HOST_PROTOCOL_SCTP[0]] && s1_protocol == SCTP;
    s2_tcp <= s1_protocol == TCP;
    s2_udp <= s1_protocol == UDP;
    s2_icmp <= s1_protocol == ICMP;
    s2_icmp_error <= icmp_type == 8'd3 || icmp_type == 8'd4 || icmp_type == 8'd5 ||
                     icmp_type == 8'd11 || icmp_type == 8'd12;
    s2_more_fragments <= s1_fragment[13];
    s2_offset <= s1_fragment[12:0] != 13'd0;
    s2_at_least_28 <= s1_total >= 16'd28;
    s2_at_least_40 <= s1_total >= 16'd40;
    s2_ttl_expired <= s1_ttl[7:1] == 7'd0;
    s2_ip_checksum <= s1_ip_checksum;
    s2_udp_checksum <= s1_udp_checksum;
    s2_tcp_checksum <= s1_tcp_checksum;
    s2_source <= s1_source;
    s2_destination <= s1_destination;
    s2_ports <= s1_ports;
    s2_protocol <= s1_protocol;
    s2_flags <= s1_flags;
  end

  wire s2_sane = s2_ipv4 && s2_length_fits && s2_ihl_valid && s2_total_fits_header;
  wire s2_l4 = s2_offload && s2_sane && (s2_tcp || s2_udp);
  wire s2_punt_ipv6 = s2_offload && s2_ipv6 && s2_at_least_54 && s2_ipv6_carried;
  wire s2_punt_sctp = s2_offload && s2_sane && s2_host_sctp;
  wire s2_fragment = s2_more_fragments || s2_offset;
  wire s2_punt_icmp = s2_offload && s2_sane && s2_icmp && !s2_options && !s2_offset && s2_at_least_28 && s2_icmp_error;

  always_ff @(posedge clk) begin
    lookup <= s2_l4 && !s2_fragment && !s2_options && (s2_tcp ? s2_at_least_40 : s2_at_least_28);
    punt <= s2_punt_mode || s2_punt_icmp || s2_punt_ipv6 || s2_punt_sctp || (s2_l4 && (s2_fragment || s2_options));
    if (s2_punt_mode) reason <= card_pkg::REASON_MODE_PUNT[4:0];
    else if (s2_punt_icmp) reason <= card_pkg::REASON_ICMP_ERROR[4:0];
    else if (s2_punt_ipv6) reason <= card_pkg::REASON_IPV6[4:0];
    else if (s2_punt_sctp) reason <= card_pkg::REASON_SCTP[4:0];
    else if (s2_l4 && s2_fragment) reason <= card_pkg::REASON_FRAGMENT[4:0];
    else if (s2_l4 && s2_options) reason <= card_pkg::REASON_IP_OPTIONS[4:0];
    else reason <= card_pkg::REASON_NONE[4:0];
    ttl_expired <= s2_ttl_expired;
    tuple.source_address <= s2_source;
    tuple.destination_address <= s2_destination;
    tuple.source_port <= s2_ports[31:16];
    tuple.destination_port <= s2_ports[15:0];
    tuple.protocol <= s2_protocol;
    tcp_flags <= {s2_tcp, s2_flags[2], s2_flags[1], s2_flags[0]};
    ip_checksum <= s2_ip_checksum;
    l4_checksum <= s2_tcp ? s2_tcp_checksum : s2_udp_checksum;
  end
endmodule

`default_nettype wire
