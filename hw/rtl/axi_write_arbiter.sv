// Shares m_axi_host's write channels between four writers. Bursts are requested in turn; their data is taken in the
// same order, and the answers go back in that order too.
//
// Latency: 1 clock for a request, 2 for data. Throughput: a burst and a beat every clock, no clock lost between bursts.
`default_nettype none
module axi_write_arbiter (
    input wire clk,
    input wire rst,

    input wire [3:0] request_valid,
    output logic [3:0] request_ready,
    input wire [255:0] request_address,
    input wire [27:0] request_beats,

    input wire [3:0] line_valid,
    input wire [2047:0] line,
    output logic [3:0] beat_taken,
    output logic beat_last,
    output logic [3:0] done,
    output logic failed,  // with `done`
    output logic idle,    // nothing is open

    output logic [63:0] m_axi_awaddr,
    output logic [7:0] m_axi_awlen,
    output logic m_axi_awvalid,
    input wire m_axi_awready,
    output logic [511:0] m_axi_wdata,
    output logic m_axi_wlast,
    output logic m_axi_wvalid,
    input wire m_axi_wready,
    input wire [1:0] m_axi_bresp,
    input wire m_axi_bvalid,
    output logic m_axi_bready
);
  logic [3:0] behind;  // writers behind the last one served: their turn comes first
  logic [3:0] early, chosen;
  logic [5:0] room;
  logic take;

  assign early = request_valid & behind;
  assign chosen = early != '0 ? early & -early : request_valid & -request_valid;
  assign take = request_valid != '0 && (!m_axi_awvalid || m_axi_awready) && room != '0;
  assign request_ready = chosen & {4{take}};

  logic [63:0] chosen_address;
  logic [6:0] chosen_beats;
  always_comb begin
    chosen_address = '0;
    chosen_beats = '0;
    for (int i = 0; i < 4; i++) begin
      chosen_address = chosen_address | (request_address[i*64+:64] & {64{chosen[i]}});
      chosen_beats = chosen_beats | (request_beats[i*7+:7] & {7{chosen[i]}});
    end
  end

  logic [3:0] owner;
  logic [6:0] owner_beats;
  logic owner_valid;
  fifo #(
      .WIDTH(11),
      .DEPTH_LOG2(5),
      .STYLE("distributed")
  ) bursts (
      .clk, .rst,
      .write(take),
      .write_data({chosen, chosen_beats}),
      .commit(1'b1),
      .rollback(1'b0),
      .room,
      .read_valid(owner_valid),
      .read_data({owner, owner_beats}),
      .read(beat_taken != '0 && beat_last)
  );

  logic [6:0] beat;
  logic [511:0] data;
  logic data_ready;
  assign beat_taken = owner & line_valid & {4{owner_valid && data_ready}};
  assign beat_last = beat + 7'd1 == owner_beats;
  always_comb begin
    data = '0;
    for (int i = 0; i < 4; i++) data = data | (line[i*512+:512] & {512{owner[i]}});
  end

  skid_buffer #(
      .WIDTH(513)
  ) data_register (
      .clk, .rst,
      .in_valid(owner_valid && (owner & line_valid) != '0),
      .in_ready(data_ready),
      .in_data({beat_last, data}),
      .out_valid(m_axi_wvalid),
      .out_ready(m_axi_wready),
      .out_data({m_axi_wlast, m_axi_wdata})
  );

  logic [3:0] answered;
  logic answered_valid;
  fifo #(
      .WIDTH(4),
      .DEPTH_LOG2(6),
      .STYLE("distributed")
  ) answers (
      .clk, .rst,
      .write(take),
      .write_data(chosen),
      .commit(1'b1),
      .rollback(1'b0),
      .room(),
      .read_valid(answered_valid),
      .read_data(answered),
      .read(m_axi_bvalid && m_axi_bready)
  );
  assign m_axi_bready = answered_valid;

  logic [5:0] open;
  always_ff @(posedge clk) begin
    if (take) begin
      m_axi_awaddr <= chosen_address;
      m_axi_awlen <= 8'(chosen_beats) - 8'd1;
    end
  end

  always_ff @(posedge clk) begin
    if (take) begin
      m_axi_awvalid <= 1'b1;
      behind <= ~(chosen | (chosen - 4'd1));
    end else if (m_axi_awready) begin
      m_axi_awvalid <= 1'b0;
    end
    if (beat_taken != '0) beat <= beat_last ? '0 : beat + 7'd1;
    done <= answered & {4{m_axi_bvalid && m_axi_bready}};
    failed <= m_axi_bvalid && m_axi_bready && m_axi_bresp != '0;
    open <= open + 6'(take) - 6'(m_axi_bvalid && m_axi_bready);
    idle <= open == '0 && request_valid == '0 && done == '0;
    if (rst) begin
      m_axi_awvalid <= 1'b0;
      behind <= '0;
      beat <= '0;
      done <= '0;
      failed <= 1'b0;
      open <= '0;
      idle <= 1'b0;
    end
  end
endmodule
`default_nettype wire
