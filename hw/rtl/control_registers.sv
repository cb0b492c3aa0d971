// The AXI4-Lite registers: one access at a time. Offsets that name no register read 0; writes to them, to read-only
// registers and of parts of a word do nothing. Every answer is OKAY.
//
// Latency: a write is answered 7 clocks after address and data are both there, when all it does is done (errors of
// doorbells included); a read 4 clocks after its address.
`default_nettype none
module control_registers #(
    parameter ROM_FILE = "card_rom.hex"
) (
    input wire clk,
    input wire rst,

    input wire [15:0] s_axi_awaddr,
    input wire s_axi_awvalid,
    output logic s_axi_awready,
    input wire [31:0] s_axi_wdata,
    input wire [3:0] s_axi_wstrb,
    input wire s_axi_wvalid,
    output logic s_axi_wready,
    output logic s_axi_bvalid,
    input wire s_axi_bready,
    input wire [15:0] s_axi_araddr,
    input wire s_axi_arvalid,
    output logic s_axi_arready,
    output logic [31:0] s_axi_rdata,
    output logic s_axi_rvalid,
    input wire s_axi_rready,

    output logic [1:0] mode,
    output logic capture,
    output logic [31:0] slot_hash_seed,
    output logic [31:0] masquerade_address,
    output logic [15:0] masquerade_port_base,
    output logic [15:0] masquerade_port_mask,
    output logic [127:0] masquerade_ipv6_address,
    output logic host_sctp,
    output logic host_tcp,
    output logic host_udp,
    output logic [31:0] vxlan_address,
    output logic [15:0] vxlan_port,
    output logic [23:0] vxlan_vni,
    output logic [47:0] vxlan_mac,
    output logic [15:0] vxlan_mtu,
    output logic [2047:0] service_ranges,  // {mask, address} eight times
    output logic [19:0] tick,
    output logic [139:0] timeouts,  // 20 bits each, in the order of the registers
    output logic [19:0] unconfirmed_quota,
    input wire [31:0] sweeps,

    output logic ring_enable,
    output logic [63:0] status_address,
    output logic [63:0] command_address,
    output logic [63:0] response_address,
    output logic [63:0] inject_address,
    output logic [63:0] punt_address,
    output logic [63:0] event_address,
    output logic [31:0] command_lines_log2,
    output logic [31:0] inject_lines_log2,
    output logic [31:0] punt_lines_log2,
    output logic [31:0] event_lines_log2,
    output logic [3:0] doorbell_write,
    output logic [31:0] doorbell_value,

    input wire ring_busy,
    input wire [31:0] command_tail,
    input wire [31:0] inject_tail,
    input wire [31:0] punt_head,
    input wire [31:0] event_head,
    input wire [31:0] error,

    output logic [31:0] heartbeat,
    output logic [63:0] cycles,
    output logic [5:0] statistic_index,
    input wire [31:0] statistic  // 1 clock after the index
);
  localparam logic [7:0] HeartbeatMark = 8'ha5;
  localparam logic [7:0] RangesPage = card_pkg::REG_SERVICE_RANGES[15:8];
  localparam logic [7:0] StatisticsPage = card_pkg::REG_STATISTICS[15:8];

  logic [31:0] cycles_high;
  logic cycles_read;
  assign heartbeat = {HeartbeatMark, cycles[29:6]};
  always_ff @(posedge clk) begin
    cycles <= rst ? '0 : cycles + 64'd1;
    if (cycles_read) cycles_high <= cycles[63:32];
  end

  // Writes: address and data are taken together, the page is found, then the register written, then all answered.
  logic whole;
  logic [3:0] apply;  // to a register of this page
  logic [5:0] write_step;  // one bit on its way
  logic [15:0] write_offset;
  logic [31:0] value;

  assign s_axi_awready = s_axi_awvalid && s_axi_wvalid && write_step == '0 && !s_axi_bvalid;
  assign s_axi_wready = s_axi_awready;
  assign doorbell_value = value;

  always_ff @(posedge clk) begin
    if (s_axi_awready) begin
      write_offset <= {s_axi_awaddr[15:2], 2'b00};
      value <= s_axi_wdata;
    end
    whole <= s_axi_awready && s_axi_wstrb == '1;
    for (int i = 0; i < 4; i++) apply[i] <= whole && write_offset[15:8] == 8'(i);
    write_step <= {write_step[4:0], s_axi_awready};
    if (write_step[5]) s_axi_bvalid <= 1'b1;
    else if (s_axi_bready) s_axi_bvalid <= 1'b0;
    if (rst) begin
      whole <= 1'b0;
      apply <= '0;
      write_step <= '0;
      s_axi_bvalid <= 1'b0;
    end
  end

  always_ff @(posedge clk) begin
    doorbell_write <= '0;
    if (apply[0]) begin
      unique case ({8'd0, write_offset[7:0]})
        card_pkg::REG_MODE: mode <= value[1:0];
        card_pkg::REG_CAPTURE: capture <= value[0];
        default: ;
      endcase
    end
    if (apply[1]) begin
      unique case ({8'd1, write_offset[7:0]})
        card_pkg::REG_RING_ENABLE: ring_enable <= value[0];
        card_pkg::REG_STATUS_ADDRESS_LOW: status_address[31:0] <= value;
        card_pkg::REG_STATUS_ADDRESS_HIGH: status_address[63:32] <= value;
        card_pkg::REG_COMMAND_ADDRESS_LOW: command_address[31:0] <= value;
        card_pkg::REG_COMMAND_ADDRESS_HIGH: command_address[63:32] <= value;
        card_pkg::REG_COMMAND_LINES_LOG2: command_lines_log2 <= value;
        card_pkg::REG_COMMAND_TAIL: doorbell_write[0] <= 1'b1;
        card_pkg::REG_RESPONSE_ADDRESS_LOW: response_address[31:0] <= value;
        card_pkg::REG_RESPONSE_ADDRESS_HIGH: response_address[63:32] <= value;
        card_pkg::REG_INJECT_ADDRESS_LOW: inject_address[31:0] <= value;
        card_pkg::REG_INJECT_ADDRESS_HIGH: inject_address[63:32] <= value;
        card_pkg::REG_INJECT_LINES_LOG2: inject_lines_log2 <= value;
        card_pkg::REG_INJECT_TAIL: doorbell_write[1] <= 1'b1;
        card_pkg::REG_PUNT_ADDRESS_LOW: punt_address[31:0] <= value;
        card_pkg::REG_PUNT_ADDRESS_HIGH: punt_address[63:32] <= value;
        card_pkg::REG_PUNT_LINES_LOG2: punt_lines_log2 <= value;
        card_pkg::REG_PUNT_HEAD: doorbell_write[2] <= 1'b1;
        card_pkg::REG_EVENT_ADDRESS_LOW: event_address[31:0] <= value;
        card_pkg::REG_EVENT_ADDRESS_HIGH: event_address[63:32] <= value;
        card_pkg::REG_EVENT_LINES_LOG2: event_lines_log2 <= value;
        card_pkg::REG_EVENT_HEAD: doorbell_write[3] <= 1'b1;
        default: ;
      endcase
    end
    if (apply[2]) begin
      unique case ({8'd2, write_offset[7:0]})
        card_pkg::REG_SLOT_HASH_SEED: slot_hash_seed <= value;
        card_pkg::REG_MASQUERADE_ADDRESS: masquerade_address <= value;
        card_pkg::REG_MASQUERADE_PORT_BASE: masquerade_port_base <= value[15:0];
        card_pkg::REG_MASQUERADE_PORT_MASK: masquerade_port_mask <= value[15:0];
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS: masquerade_ipv6_address[31:0] <= value;
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS + 16'd4: masquerade_ipv6_address[63:32] <= value;
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS + 16'd8: masquerade_ipv6_address[95:64] <= value;
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS + 16'd12: masquerade_ipv6_address[127:96] <= value;
        card_pkg::REG_VXLAN_ADDRESS: vxlan_address <= value;
        card_pkg::REG_VXLAN_PORT: vxlan_port <= value[15:0];
        card_pkg::REG_VXLAN_VNI: vxlan_vni <= value[23:0];
        card_pkg::REG_VXLAN_MAC_LOW: vxlan_mac[31:0] <= value;
        card_pkg::REG_VXLAN_MAC_HIGH: vxlan_mac[47:32] <= value[15:0];
        card_pkg::REG_VXLAN_MTU: vxlan_mtu <= value[15:0];
        card_pkg::REG_HOST_PROTOCOLS: begin
          host_sctp <= value[card_pkg::HOST_PROTOCOL_SCTP[4:0]];
          host_tcp <= value[card_pkg::HOST_PROTOCOL_TCP[4:0]];
          host_udp <= value[card_pkg::HOST_PROTOCOL_UDP[4:0]];
        end
        card_pkg::REG_TICK_CYCLES: tick_cycles <= value;
        card_pkg::REG_TIMEOUT_TCP_UNCONFIRMED: timeouts[0+:20] <= value[19:0];
        card_pkg::REG_TIMEOUT_TCP_HALF_OPEN: timeouts[20+:20] <= value[19:0];
        card_pkg::REG_TIMEOUT_TCP_ESTABLISHED: timeouts[40+:20] <= value[19:0];
        card_pkg::REG_TIMEOUT_TCP_CLOSING: timeouts[60+:20] <= value[19:0];
        card_pkg::REG_TIMEOUT_TCP_CLOSED: timeouts[80+:20] <= value[19:0];
        card_pkg::REG_TIMEOUT_UDP_UNCONFIRMED: timeouts[100+:20] <= value[19:0];
        card_pkg::REG_TIMEOUT_UDP_ESTABLISHED: timeouts[120+:20] <= value[19:0];
        card_pkg::REG_UNCONFIRMED_QUOTA: unconfirmed_quota <= value[19:0];
        default: ;
      endcase
    end
    if (rst) begin
      doorbell_write <= '0;
      mode <= card_pkg::MODE_BYPASS[1:0];
      capture <= 1'b0;
      ring_enable <= 1'b0;
      status_address <= '0;
      command_address <= '0;
      response_address <= '0;
      inject_address <= '0;
      punt_address <= '0;
      event_address <= '0;
      command_lines_log2 <= '0;
      inject_lines_log2 <= '0;
      punt_lines_log2 <= '0;
      event_lines_log2 <= '0;
      slot_hash_seed <= '0;
      masquerade_address <= '0;
      masquerade_port_base <= '0;
      masquerade_port_mask <= '0;
      masquerade_ipv6_address <= '0;
      host_sctp <= 1'b0;
      host_tcp <= 1'b0;
      host_udp <= 1'b0;
      vxlan_address <= '0;
      vxlan_port <= '0;
      vxlan_vni <= '0;
      vxlan_mac <= '0;
      vxlan_mtu <= '0;
      tick_cycles <= '0;
      timeouts <= '1;
      unconfirmed_quota <= '0;
    end
  end

  // The card's time
  logic [31:0] tick_cycles, tick_left;
  always_ff @(posedge clk) begin
    tick_left <= tick_left <= 32'd1 ? tick_cycles : tick_left - 32'd1;
    if (tick_left == 32'd1 && tick_cycles != '0) tick <= tick + 20'd1;
    if (apply[2] && {8'd2, write_offset[7:0]} == card_pkg::REG_TICK) tick <= value[19:0];
    if (apply[2] && {8'd2, write_offset[7:0]} == card_pkg::REG_TICK_CYCLES) tick_left <= value;
    if (rst) begin
      tick <= '0;
      tick_left <= '0;
    end
  end

  // Reads: the address, then 2 clocks for ROM and counters, then the answer.
  logic [2:0] read_step;  // one bit on its way
  logic [15:0] read_offset;
  logic [31:0] rom_word, register_word;

  assign s_axi_arready = s_axi_arvalid && read_step == '0 && !s_axi_rvalid;
  assign statistic_index = read_offset[7:2];
  assign cycles_read = read_step[0] && read_offset == card_pkg::REG_CYCLES_LOW;

  always_ff @(posedge clk) begin
    if (s_axi_arready) read_offset <= {s_axi_araddr[15:2], 2'b00};
    read_step <= {read_step[1:0], s_axi_arready};
    if (read_step[2]) begin
      s_axi_rvalid <= 1'b1;
      s_axi_rdata <= read_offset[15] ? rom_word
          : read_offset[15:8] == StatisticsPage ? statistic
          : read_offset[15:8] == RangesPage ? range_word : register_word;
    end else if (s_axi_rready) begin
      s_axi_rvalid <= 1'b0;
    end
    if (rst) begin
      read_step <= '0;
      s_axi_rvalid <= 1'b0;
    end
  end

  // A word of each page, then the page's
  logic [31:0] page_0_word, page_1_word, page_2_word;
  always_ff @(posedge clk) begin
    if (read_step[0]) begin
      unique case ({8'd0, read_offset[7:0]})
        card_pkg::REG_MAGIC: page_0_word <= card_pkg::MAGIC_VALUE;
        card_pkg::REG_LAYOUT_HASH: page_0_word <= card_pkg::LAYOUT_HASH;
        card_pkg::REG_HEARTBEAT: page_0_word <= heartbeat;
        card_pkg::REG_DESCRIPTION_BYTES: page_0_word <= card_pkg::DESCRIPTION_BYTES_VALUE;
        card_pkg::REG_MODE: page_0_word <= 32'(mode);
        card_pkg::REG_CAPTURE: page_0_word <= 32'(capture);
        card_pkg::REG_CYCLES_LOW: page_0_word <= cycles[31:0];
        card_pkg::REG_CYCLES_HIGH: page_0_word <= cycles_high;
        card_pkg::REG_ERROR: page_0_word <= error;
        default: page_0_word <= '0;
      endcase
      unique case ({8'd1, read_offset[7:0]})
        card_pkg::REG_RING_ENABLE: page_1_word <= 32'(ring_enable || ring_busy);
        card_pkg::REG_STATUS_ADDRESS_LOW: page_1_word <= status_address[31:0];
        card_pkg::REG_STATUS_ADDRESS_HIGH: page_1_word <= status_address[63:32];
        card_pkg::REG_COMMAND_ADDRESS_LOW: page_1_word <= command_address[31:0];
        card_pkg::REG_COMMAND_ADDRESS_HIGH: page_1_word <= command_address[63:32];
        card_pkg::REG_COMMAND_LINES_LOG2: page_1_word <= command_lines_log2;
        card_pkg::REG_COMMAND_TAIL: page_1_word <= command_tail;
        card_pkg::REG_RESPONSE_ADDRESS_LOW: page_1_word <= response_address[31:0];
        card_pkg::REG_RESPONSE_ADDRESS_HIGH: page_1_word <= response_address[63:32];
        card_pkg::REG_INJECT_ADDRESS_LOW: page_1_word <= inject_address[31:0];
        card_pkg::REG_INJECT_ADDRESS_HIGH: page_1_word <= inject_address[63:32];
        card_pkg::REG_INJECT_LINES_LOG2: page_1_word <= inject_lines_log2;
        card_pkg::REG_INJECT_TAIL: page_1_word <= inject_tail;
        card_pkg::REG_PUNT_ADDRESS_LOW: page_1_word <= punt_address[31:0];
        card_pkg::REG_PUNT_ADDRESS_HIGH: page_1_word <= punt_address[63:32];
        card_pkg::REG_PUNT_LINES_LOG2: page_1_word <= punt_lines_log2;
        card_pkg::REG_PUNT_HEAD: page_1_word <= punt_head;
        card_pkg::REG_EVENT_ADDRESS_LOW: page_1_word <= event_address[31:0];
        card_pkg::REG_EVENT_ADDRESS_HIGH: page_1_word <= event_address[63:32];
        card_pkg::REG_EVENT_LINES_LOG2: page_1_word <= event_lines_log2;
        card_pkg::REG_EVENT_HEAD: page_1_word <= event_head;
        default: page_1_word <= '0;
      endcase
      unique case ({8'd2, read_offset[7:0]})
        card_pkg::REG_SLOT_HASH_SEED: page_2_word <= slot_hash_seed;
        card_pkg::REG_MASQUERADE_ADDRESS: page_2_word <= masquerade_address;
        card_pkg::REG_MASQUERADE_PORT_BASE: page_2_word <= 32'(masquerade_port_base);
        card_pkg::REG_MASQUERADE_PORT_MASK: page_2_word <= 32'(masquerade_port_mask);
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS: page_2_word <= masquerade_ipv6_address[31:0];
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS + 16'd4: page_2_word <= masquerade_ipv6_address[63:32];
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS + 16'd8: page_2_word <= masquerade_ipv6_address[95:64];
        card_pkg::REG_MASQUERADE_IPV6_ADDRESS + 16'd12: page_2_word <= masquerade_ipv6_address[127:96];
        card_pkg::REG_VXLAN_ADDRESS: page_2_word <= vxlan_address;
        card_pkg::REG_VXLAN_PORT: page_2_word <= 32'(vxlan_port);
        card_pkg::REG_VXLAN_VNI: page_2_word <= 32'(vxlan_vni);
        card_pkg::REG_VXLAN_MAC_LOW: page_2_word <= vxlan_mac[31:0];
        card_pkg::REG_VXLAN_MAC_HIGH: page_2_word <= 32'(vxlan_mac[47:32]);
        card_pkg::REG_VXLAN_MTU: page_2_word <= 32'(vxlan_mtu);
        card_pkg::REG_HOST_PROTOCOLS: page_2_word <= 32'(host_sctp) << card_pkg::HOST_PROTOCOL_SCTP |
                                                     32'(host_tcp) << card_pkg::HOST_PROTOCOL_TCP |
                                                     32'(host_udp) << card_pkg::HOST_PROTOCOL_UDP;
        card_pkg::REG_TICK: page_2_word <= 32'(tick);
        card_pkg::REG_TICK_CYCLES: page_2_word <= tick_cycles;
        card_pkg::REG_SWEEPS: page_2_word <= sweeps;
        card_pkg::REG_TIMEOUT_TCP_UNCONFIRMED: page_2_word <= 32'(timeouts[0+:20]);
        card_pkg::REG_TIMEOUT_TCP_HALF_OPEN: page_2_word <= 32'(timeouts[20+:20]);
        card_pkg::REG_TIMEOUT_TCP_ESTABLISHED: page_2_word <= 32'(timeouts[40+:20]);
        card_pkg::REG_TIMEOUT_TCP_CLOSING: page_2_word <= 32'(timeouts[60+:20]);
        card_pkg::REG_TIMEOUT_TCP_CLOSED: page_2_word <= 32'(timeouts[80+:20]);
        card_pkg::REG_TIMEOUT_UDP_UNCONFIRMED: page_2_word <= 32'(timeouts[100+:20]);
        card_pkg::REG_TIMEOUT_UDP_ESTABLISHED: page_2_word <= 32'(timeouts[120+:20]);
        card_pkg::REG_UNCONFIRMED_QUOTA: page_2_word <= 32'(unconfirmed_quota);
        default: page_2_word <= '0;
      endcase
    end
    if (read_step[1]) begin
      unique case (read_offset[15:8])
        8'd0: register_word <= page_0_word;
        8'd1: register_word <= page_1_word;
        8'd2: register_word <= page_2_word;
        default: register_word <= '0;
      endcase
    end
  end

  // A page of its own: 64 words
  logic [31:0] range_word;
  logic [31:0] range[64];
  always_comb for (int i = 0; i < 64; i++) range[i] = service_ranges[i*32+:32];
  always_ff @(posedge clk) begin
    for (int i = 0; i < 64; i++) begin
      if (apply[RangesPage[1:0]] && write_offset[7:2] == 6'(i)) service_ranges[i*32+:32] <= value;
    end
    range_word <= range[read_offset[7:2]];
    if (rst) service_ranges <= '0;
  end

  description_rom #(
      .ROM_FILE(ROM_FILE)
  ) rom (
      .clk,
      .index(read_offset[14:2]),
      .word(rom_word)
  );
endmodule
`default_nettype wire
