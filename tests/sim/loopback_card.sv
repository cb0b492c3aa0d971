// Test double of the card: the ports of `pointsman_card` and the least behind them that shows that
// everything around a card works. Frames cross from one port to the other; registers:
//   0x00 ro  0x4c4f4f50          0x04 ro  clock counter         0x08 ro  frames crossed
//   0x10 - 0x4c rw  scratch      0x80/84 rw  copy from          0x88/8c rw  copy to
//   0x90 rw  64-byte lines to copy, 1 to 64, in one burst       0x94 w  start; r  1 while copying
//   0x98 w  misbehave: 1 answer no register access any more, 2 fail an assertion, 3 $finish,
//                      4 a gap in every frame to the node, 5 a burst over a 4 KiB border
// Everything else answers SLVERR.
`default_nettype none
module pointsman_card (
    input  wire         ap_clk,
    input  wire         ap_rst_n,
    input  wire  [15:0] s_axi_control_awaddr,
    input  wire         s_axi_control_awvalid,
    output logic        s_axi_control_awready,
    input  wire  [31:0] s_axi_control_wdata,
    input  wire  [ 3:0] s_axi_control_wstrb,
    input  wire         s_axi_control_wvalid,
    output logic        s_axi_control_wready,
    output logic [ 1:0] s_axi_control_bresp,
    output logic        s_axi_control_bvalid,
    input  wire         s_axi_control_bready,
    input  wire  [15:0] s_axi_control_araddr,
    input  wire         s_axi_control_arvalid,
    output logic        s_axi_control_arready,
    output logic [31:0] s_axi_control_rdata,
    output logic [ 1:0] s_axi_control_rresp,
    output logic        s_axi_control_rvalid,
    input  wire         s_axi_control_rready,
    output logic [63:0] m_axi_host_awaddr,
    output logic [ 7:0] m_axi_host_awlen,
    output logic [ 2:0] m_axi_host_awsize,
    output logic [ 1:0] m_axi_host_awburst,
    output logic        m_axi_host_awvalid,
    input  wire         m_axi_host_awready,
    output logic [511:0] m_axi_host_wdata,
    output logic [63:0] m_axi_host_wstrb,
    output logic        m_axi_host_wlast,
    output logic        m_axi_host_wvalid,
    input  wire         m_axi_host_wready,
    input  wire  [ 1:0] m_axi_host_bresp,
    input  wire         m_axi_host_bvalid,
    output logic        m_axi_host_bready,
    output logic [63:0] m_axi_host_araddr,
    output logic [ 7:0] m_axi_host_arlen,
    output logic [ 2:0] m_axi_host_arsize,
    output logic [ 1:0] m_axi_host_arburst,
    output logic        m_axi_host_arvalid,
    input  wire         m_axi_host_arready,
    input  wire [511:0] m_axi_host_rdata,
    input  wire  [ 1:0] m_axi_host_rresp,
    input  wire         m_axi_host_rlast,
    input  wire         m_axi_host_rvalid,
    output logic        m_axi_host_rready,
    input  wire [511:0] s_axis_uplink_rx_tdata,
    input  wire  [63:0] s_axis_uplink_rx_tkeep,
    input  wire         s_axis_uplink_rx_tlast,
    input  wire         s_axis_uplink_rx_tuser,
    input  wire         s_axis_uplink_rx_tvalid,
    output logic [511:0] m_axis_uplink_tx_tdata,
    output logic [63:0] m_axis_uplink_tx_tkeep,
    output logic        m_axis_uplink_tx_tlast,
    output logic        m_axis_uplink_tx_tvalid,
    input  wire         m_axis_uplink_tx_tready,
    input  wire [511:0] s_axis_node_rx_tdata,
    input  wire  [63:0] s_axis_node_rx_tkeep,
    input  wire         s_axis_node_rx_tlast,
    input  wire         s_axis_node_rx_tuser,
    input  wire         s_axis_node_rx_tvalid,
    output logic [511:0] m_axis_node_tx_tdata,
    output logic [63:0] m_axis_node_tx_tkeep,
    output logic        m_axis_node_tx_tlast,
    output logic        m_axis_node_tx_tvalid,
    input  wire         m_axis_node_tx_tready
);
  logic [31:0] clock_count, crossed, lines;
  logic [31:0] scratch[16];
  logic [63:0] copy_from, copy_to;
  logic [2:0] misbehave;

  // Streams: 576 bits an entry, deep enough for a jumbo frame in each direction.
  loopback_fifo to_node (
      .clk(ap_clk), .rst_n(ap_rst_n), .gaps(misbehave == 4),
      .in({s_axis_uplink_rx_tlast, s_axis_uplink_rx_tkeep, s_axis_uplink_rx_tdata}),
      .in_valid(s_axis_uplink_rx_tvalid),
      .out({m_axis_node_tx_tlast, m_axis_node_tx_tkeep, m_axis_node_tx_tdata}),
      .out_valid(m_axis_node_tx_tvalid), .out_ready(m_axis_node_tx_tready));
  loopback_fifo to_uplink (
      .clk(ap_clk), .rst_n(ap_rst_n), .gaps(1'b0),
      .in({s_axis_node_rx_tlast, s_axis_node_rx_tkeep, s_axis_node_rx_tdata}),
      .in_valid(s_axis_node_rx_tvalid),
      .out({m_axis_uplink_tx_tlast, m_axis_uplink_tx_tkeep, m_axis_uplink_tx_tdata}),
      .out_valid(m_axis_uplink_tx_tvalid), .out_ready(m_axis_uplink_tx_tready));

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      clock_count <= 0;
      crossed <= 0;
    end else begin
      clock_count <= clock_count + 1;
      crossed <= crossed
          + 32'(m_axis_node_tx_tvalid && m_axis_node_tx_tready && m_axis_node_tx_tlast)
          + 32'(m_axis_uplink_tx_tvalid && m_axis_uplink_tx_tready && m_axis_uplink_tx_tlast);
      assert (misbehave != 2) else $error("register 0x98 asked for a failed assertion");
      if (misbehave == 3) $finish;
    end
  end

  // Registers
  wire write_now = s_axi_control_awvalid && s_axi_control_wvalid && !s_axi_control_bvalid
      && misbehave != 1;
  wire read_now = s_axi_control_arvalid && !s_axi_control_rvalid && misbehave != 1;
  assign s_axi_control_awready = write_now;
  assign s_axi_control_wready = write_now;
  assign s_axi_control_arready = read_now;
  wire start_copy = write_now && s_axi_control_awaddr == 16'h94;
  logic copying;

  function automatic logic is_scratch(input [15:0] offset);
    is_scratch = offset >= 16'h10 && offset < 16'h50;
  endfunction

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      s_axi_control_bvalid <= 0;
      s_axi_control_rvalid <= 0;
      misbehave <= 0;
    end else begin
      if (s_axi_control_bready) s_axi_control_bvalid <= 0;
      if (s_axi_control_rready) s_axi_control_rvalid <= 0;
      if (write_now) begin
        s_axi_control_bvalid <= 1;
        s_axi_control_bresp  <= 0;
        case (s_axi_control_awaddr)
          16'h80: copy_from[31:0] <= s_axi_control_wdata;
          16'h84: copy_from[63:32] <= s_axi_control_wdata;
          16'h88: copy_to[31:0] <= s_axi_control_wdata;
          16'h8c: copy_to[63:32] <= s_axi_control_wdata;
          16'h90: lines <= s_axi_control_wdata;
          16'h94: ;
          16'h98: misbehave <= s_axi_control_wdata[2:0];
          default:
            if (is_scratch(s_axi_control_awaddr)) scratch[4'(s_axi_control_awaddr[6:2] - 5'd4)] <= s_axi_control_wdata;
            else s_axi_control_bresp <= 2;
        endcase
      end
      if (read_now) begin
        s_axi_control_rvalid <= 1;
        s_axi_control_rresp  <= 0;
        case (s_axi_control_araddr)
          16'h00: s_axi_control_rdata <= 32'h4c4f4f50;
          16'h04: s_axi_control_rdata <= clock_count;
          16'h08: s_axi_control_rdata <= crossed;
          16'h90: s_axi_control_rdata <= lines;
          16'h94: s_axi_control_rdata <= 32'(copying);
          default: begin
            s_axi_control_rdata <= scratch[4'(s_axi_control_araddr[6:2] - 5'd4)];
            if (!is_scratch(s_axi_control_araddr)) s_axi_control_rresp <= 2;
          end
        endcase
      end
    end
  end

  // Copy: one read burst and one write burst; a beat read is a beat written.
  logic [7:0] beats_left;
  wire [7:0] burst_length = 8'(lines - 1);
  assign m_axi_host_arsize = 6;
  assign m_axi_host_awsize = 6;
  assign m_axi_host_arburst = 1;
  assign m_axi_host_awburst = 1;
  assign m_axi_host_bready = 1;
  assign m_axi_host_wdata = m_axi_host_rdata;
  assign m_axi_host_wstrb = '1;
  assign m_axi_host_wvalid = m_axi_host_rvalid;
  assign m_axi_host_wlast = beats_left == 0;
  assign m_axi_host_rready = m_axi_host_wready;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      copying <= 0;
      m_axi_host_arvalid <= 0;
      m_axi_host_awvalid <= 0;
    end else begin
      if (m_axi_host_arready) m_axi_host_arvalid <= 0;
      if (m_axi_host_awready) m_axi_host_awvalid <= 0;
      if (m_axi_host_wvalid && m_axi_host_wready) beats_left <= beats_left - 1;
      if (m_axi_host_bvalid) copying <= 0;
      if (start_copy && !copying) begin
        copying <= 1;
        beats_left <= burst_length;
        m_axi_host_arvalid <= 1;
        m_axi_host_araddr <= misbehave == 5 ? copy_from | 64'hfc0 : copy_from;
        m_axi_host_arlen <= burst_length;
        m_axi_host_awvalid <= 1;
        m_axi_host_awaddr <= copy_to;
        m_axi_host_awlen <= burst_length;
      end
    end
  end
endmodule

// First in, first out, 256 beats; with `gaps`, one idle clock after every beat.
module loopback_fifo (
    input  wire          clk,
    input  wire          rst_n,
    input  wire          gaps,
    input  wire  [576:0] in,
    input  wire          in_valid,
    output logic [576:0] out,
    output logic         out_valid,
    input  wire          out_ready
);
  logic [576:0] beats[256];
  logic [8:0] head, tail;
  logic pause;
  assign out = beats[head[7:0]];
  assign out_valid = head != tail && !pause;
  always_ff @(posedge clk) begin
    if (!rst_n) begin
      head  <= 0;
      tail  <= 0;
      pause <= 0;
    end else begin
      pause <= gaps && out_valid && out_ready;
      if (in_valid) begin
        beats[tail[7:0]] <= in;
        tail <= tail + 1;
        assert (tail - head != 256) else $error("loopback FIFO overflow");
      end
      if (out_valid && out_ready) head <= head + 1;
    end
  end
endmodule
`default_nettype wire
