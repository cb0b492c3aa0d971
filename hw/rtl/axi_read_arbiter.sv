// Shares m_axi_host's read channels between two readers. Requests are taken in turn and answered in order; up to 32
// bursts are open, so a memory far away does not starve a reader that asks ahead.
//
// Latency: 1 clock on the way out, 1 back. Throughput: a burst and a beat every clock.
`default_nettype none
module axi_read_arbiter (
    input wire clk,
    input wire rst,

    input wire [1:0] request_valid,
    output logic [1:0] request_ready,
    input wire [127:0] request_address,
    input wire [13:0] request_beats,

    output logic [1:0] arrived,  // whose line is in `line`
    output logic [511:0] line,
    output logic failed,  // a beat came with an error answer
    output logic idle,    // nothing is open

    output logic [63:0] m_axi_araddr,
    output logic [7:0] m_axi_arlen,
    output logic m_axi_arvalid,
    input wire m_axi_arready,
    input wire [511:0] m_axi_rdata,
    input wire [1:0] m_axi_rresp,
    input wire m_axi_rlast,
    input wire m_axi_rvalid,
    output logic m_axi_rready
);
  logic turn;  // the reader that goes first
  logic [5:0] room;
  logic chosen, take, owner_valid, owner;

  assign chosen = request_valid[turn] ? turn : !turn;
  assign take = request_valid != '0 && (!m_axi_arvalid || m_axi_arready) && room != '0;
  assign request_ready = {take && chosen, take && !chosen};

  fifo #(
      .WIDTH(1),
      .DEPTH_LOG2(5),
      .STYLE("distributed")
  ) owners (
      .clk, .rst,
      .write(take),
      .write_data(chosen),
      .commit(1'b1),
      .rollback(1'b0),
      .room,
      .read_valid(owner_valid),
      .read_data(owner),
      .read(m_axi_rvalid && m_axi_rready && m_axi_rlast)
  );

  assign m_axi_rready = owner_valid;

  always_ff @(posedge clk) begin
    if (take) begin
      m_axi_araddr <= chosen ? request_address[127:64] : request_address[63:0];
      m_axi_arlen <= {1'b0, chosen ? request_beats[13:7] : request_beats[6:0]} - 8'd1;
    end
    line <= m_axi_rdata;
  end

  logic [5:0] open;
  always_ff @(posedge clk) begin
    if (take) begin
      m_axi_arvalid <= 1'b1;
      turn <= !chosen;
    end else if (m_axi_arready) begin
      m_axi_arvalid <= 1'b0;
    end
    arrived <= {owner, !owner} & {2{m_axi_rvalid && m_axi_rready}};
    failed <= m_axi_rvalid && m_axi_rready && m_axi_rresp != '0;
    open <= open + 6'(take) - 6'(m_axi_rvalid && m_axi_rready && m_axi_rlast);
    idle <= open == '0 && request_valid == '0 && arrived == '0;
    if (rst) begin
      m_axi_arvalid <= 1'b0;
      turn <= 1'b0;
      arrived <= '0;
      failed <= 1'b0;
      open <= '0;
      idle <= 1'b0;
    end
  end
endmodule
`default_nettype wire
