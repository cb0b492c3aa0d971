// IPv4 and TCP/UDP checksums of a translated packet from the old ones (RFC 1624): what is removed is added complemented.
// Folding may be done at any time: a sum that is not 0 never folds to 0, and stays the same modulo 0xffff.
//
// Latency: 6 clocks. Throughput: one packet a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | sums of pairs of words |
// | 2     | old addresses, new addresses, ports |
// | 3     | all addresses; ports with the old TCP/UDP checksum; TTL with the old IPv4 checksum |
// | 4     | both sums |
// | 5     | folded once |
// | 6     | folded, complemented; UDP's rules about 0 |
`default_nettype none

module checksum_update (
    input wire logic clk,
    input wire logic valid,
    input wire card_pkg::tuple_t old_tuple,
    input wire card_pkg::translation_t translation,
    input wire logic [15:0] old_ip,
    input wire logic [15:0] old_l4,
    output logic [15:0] new_ip,
    output logic [15:0] new_l4
);
  // Time to live is the upper byte of its word, and one less: ~old + new.
  localparam logic [16:0] TTL_STEP = 17'hfeff;
  localparam logic [7:0] UDP = 8'd17;

  function automatic logic [16:0] pair(input logic [31:0] words);
    pair = {1'b0, words[31:16]} + {1'b0, words[15:0]};
  endfunction

  logic [5:1] stage_valid;
  always_ff @(posedge clk) stage_valid <= {stage_valid[4:1], valid};

  wire [15:0] s2_old_ip, s2_old_l4;
  delay #(.WIDTH(32), .CLOCKS(2)) old_delay (.clk(clk), .in({old_ip, old_l4}), .out({s2_old_ip, s2_old_l4}));
  wire s5_udp, s5_no_checksum;
  delay #(.WIDTH(2), .CLOCKS(5)) rule_delay (
      .clk(clk),
      .in({old_tuple.protocol == UDP, old_l4 == 16'd0}),
      .out({s5_udp, s5_no_checksum})
  );

  logic [16:0] s1_old_source, s1_old_destination, s1_old_ports, s1_new_source, s1_new_destination, s1_new_ports;
  logic [17:0] s2_old, s2_new, s2_ports;
  logic [18:0] s3_addresses, s3_ports;
  logic [17:0] s3_ttl;
  logic [19:0] s4_ip, s4_l4;
  logic [16:0] s5_ip, s5_l4;
  wire [15:0] s5_ip_folded = s5_ip[15:0] + {15'd0, s5_ip[16]};
  wire [15:0] s5_l4_folded = s5_l4[15:0] + {15'd0, s5_l4[16]};

  always_ff @(posedge clk) begin
    if (valid) begin
      s1_old_source <= pair(~old_tuple.source_address);
      s1_old_destination <= pair(~old_tuple.destination_address);
      s1_old_ports <= pair(~{old_tuple.source_port, old_tuple.destination_port});
      s1_new_source <= pair(translation.new_source_address);
      s1_new_destination <= pair(translation.new_destination_address);
      s1_new_ports <= pair({translation.new_source_port, translation.new_destination_port});
    end
    if (stage_valid[1]) begin
      s2_old <= {1'b0, s1_old_source} + {1'b0, s1_old_destination};
      s2_new <= {1'b0, s1_new_source} + {1'b0, s1_new_destination};
      s2_ports <= {1'b0, s1_old_ports} + {1'b0, s1_new_ports};
    end
    if (stage_valid[2]) begin
      s3_addresses <= {1'b0, s2_old} + {1'b0, s2_new};
      s3_ports <= {1'b0, s2_ports} + {3'd0, ~s2_old_l4};
      s3_ttl <= {1'b0, TTL_STEP} + {2'd0, ~s2_old_ip};
    end
    if (stage_valid[3]) begin
      s4_ip <= {1'b0, s3_addresses} + {2'd0, s3_ttl};
      s4_l4 <= {1'b0, s3_addresses} + {1'b0, s3_ports};
    end
    if (stage_valid[4]) begin
      s5_ip <= {1'b0, s4_ip[15:0]} + {13'd0, s4_ip[19:16]};
      s5_l4 <= {1'b0, s4_l4[15:0]} + {13'd0, s4_l4[19:16]};
    end
    if (stage_valid[5]) begin
      new_ip <= ~s5_ip_folded;
      if (!s5_udp) new_l4 <= ~s5_l4_folded;
      else if (s5_no_checksum) new_l4 <= 16'd0;
      else new_l4 <= s5_l4_folded == 16'hffff ? 16'hffff : ~s5_l4_folded;
    end
  end
endmodule

`default_nettype wire
