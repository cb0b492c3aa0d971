// IPv4 and TCP/UDP checksums of a translated packet from the old ones (RFC 1624): what is removed is added complemented.
// Folding may be done at any time: a sum that is not 0 never folds to 0, and stays the same modulo 0xffff. So what stands
// before an IPv4 address, removed and added again, may be summed up with it.
//
// Latency: 8 clocks. Throughput: one packet a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | sums of pairs of words |
// | 2..4  | sums of two sums each; ports with the old TCP/UDP checksum |
// | 5     | addresses; TTL and ECN with the old IPv4 checksum |
// | 6     | both sums |
// | 7     | folded once |
// | 8     | folded, complemented; UDP's rules about 0 |
`default_nettype none

module checksum_update (
    input wire logic clk,
    input wire logic valid,
    input wire card_pkg::tuple_ipv6_t old_tuple,
    input wire card_pkg::tuple_ipv6_t new_tuple,
    input wire logic [1:0] ecn_step,  // what is added to the ECN field
    input wire logic [15:0] old_ip,
    input wire logic [15:0] old_l4,
    output logic [15:0] new_ip,
    output logic [15:0] new_l4
);
  // Time to live is the upper byte of its word, and one less: ~old + new.
  localparam logic [16:0] TTL_STEP = 17'hfeff;
  localparam logic [7:0] UDP = 8'd17;
  localparam int PAIRS = 16;

  function automatic logic [16:0] pair(input logic [31:0] words);
    pair = {1'b0, words[31:16]} + {1'b0, words[15:0]};
  endfunction

  logic [7:1] stage_valid;
  always_ff @(posedge clk) stage_valid <= {stage_valid[6:1], valid};

  wire [15:0] s4_old_ip, s2_old_l4;
  wire [1:0] s4_ecn_step;
  delay #(.WIDTH(18), .CLOCKS(4)) old_ip_delay (.clk(clk), .in({ecn_step, old_ip}), .out({s4_ecn_step, s4_old_ip}));
  delay #(.WIDTH(16), .CLOCKS(2)) old_l4_delay (.clk(clk), .in(old_l4), .out(s2_old_l4));
  wire s7_udp, s7_no_checksum;
  delay #(.WIDTH(2), .CLOCKS(7)) rule_delay (
      .clk(clk),
      .in({old_tuple.protocol == UDP, old_l4 == 16'd0}),
      .out({s7_udp, s7_no_checksum})
  );

  wire [PAIRS*32-1:0] addresses = {~old_tuple.source_address, ~old_tuple.destination_address,
                                   new_tuple.source_address, new_tuple.destination_address};
  logic [16:0] s1_pair[PAIRS];
  logic [16:0] s1_old_ports, s1_new_ports;
  logic [17:0] s2_sum[PAIRS/2];
  logic [17:0] s2_ports;
  logic [18:0] s3_sum[PAIRS/4];
  logic [18:0] s3_ports;
  logic [19:0] s4_sum[PAIRS/8];
  logic [18:0] s4_ports, s5_ports;
  logic [20:0] s5_addresses;
  logic [17:0] s5_ttl;
  logic [21:0] s6_ip, s6_l4;
  logic [16:0] s7_ip, s7_l4;
  wire [15:0] s7_ip_folded = s7_ip[15:0] + {15'd0, s7_ip[16]};
  wire [15:0] s7_l4_folded = s7_l4[15:0] + {15'd0, s7_l4[16]};

  always_ff @(posedge clk) begin
    if (valid) begin
      for (int i = 0; i < PAIRS; i++) s1_pair[i] <= pair(addresses[i*32+:32]);
      s1_old_ports <= pair(~{old_tuple.source_port, old_tuple.destination_port});
      s1_new_ports <= pair({new_tuple.source_port, new_tuple.destination_port});
    end
    if (stage_valid[1]) begin
      for (int i = 0; i < PAIRS / 2; i++) s2_sum[i] <= {1'b0, s1_pair[2*i]} + {1'b0, s1_pair[2*i+1]};
      s2_ports <= {1'b0, s1_old_ports} + {1'b0, s1_new_ports};
    end
    if (stage_valid[2]) begin
      for (int i = 0; i < PAIRS / 4; i++) s3_sum[i] <= {1'b0, s2_sum[2*i]} + {1'b0, s2_sum[2*i+1]};
      s3_ports <= {1'b0, s2_ports} + {3'd0, ~s2_old_l4};
    end
    if (stage_valid[3]) begin
      for (int i = 0; i < PAIRS / 8; i++) s4_sum[i] <= {1'b0, s3_sum[2*i]} + {1'b0, s3_sum[2*i+1]};
      s4_ports <= s3_ports;
    end
    if (stage_valid[4]) begin
      s5_addresses <= {1'b0, s4_sum[0]} + {1'b0, s4_sum[1]};
      s5_ports <= s4_ports;
      s5_ttl <= {1'b0, TTL_STEP} + {2'd0, ~s4_old_ip} + {16'd0, s4_ecn_step};
    end
    if (stage_valid[5]) begin
      s6_ip <= {1'b0, s5_addresses} + {4'd0, s5_ttl};
      s6_l4 <= {1'b0, s5_addresses} + {3'd0, s5_ports};
    end
    if (stage_valid[6]) begin
      s7_ip <= {1'b0, s6_ip[15:0]} + {11'd0, s6_ip[21:16]};
      s7_l4 <= {1'b0, s6_l4[15:0]} + {11'd0, s6_l4[21:16]};
    end
    if (stage_valid[7]) begin
      new_ip <= ~s7_ip_folded;
      if (!s7_udp) new_l4 <= ~s7_l4_folded;
      else if (s7_no_checksum) new_l4 <= 16'd0;
      else new_l4 <= s7_l4_folded == 16'hffff ? 16'hffff : ~s7_l4_folded;
    end
  end
endmodule

`default_nettype wire
