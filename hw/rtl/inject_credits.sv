// Counts the lines that injected packets may still occupy in each destination's FIFO. A packet needs its lines in all
// three before it enters the datapath, because where it goes is not known yet; what it does not use it gives back when
// it leaves the datapath, the rest when its lines leave the FIFO. So an injected packet never finds its FIFO full.
//
// Latency: `enough` follows in 4 clocks, is heeded in the fifth, and leaves room for what was taken meanwhile.
`default_nettype none
module inject_credits #(
    parameter DEPTH_LOG2 = 10  // lines of the FIFO behind each destination; injected packets own half of them
) (
    input wire clk,
    input wire rst,
    input wire punt_reset,  // the punt FIFO was emptied while no injected packet was in the datapath

    output logic enough,  // a frame of any length may enter

    input wire taken,
    input wire [7:0] taken_lines,

    input wire exit,
    input wire [2:0] release_to,
    input wire [7:0] release_lines,
    input wire [2:0] shrunk,  // and one line
    input wire [2:0] freed,

    output logic none_inside  // no injected packet is in the datapath
);
  localparam logic [DEPTH_LOG2:0] Lines = 1 << (DEPTH_LOG2 - 1);
  localparam logic [DEPTH_LOG2:0] FrameLinesMax = (DEPTH_LOG2 + 1)'((card_pkg::FRAME_BYTES_MAX + 63) / 64);
  localparam logic [DEPTH_LOG2:0] Margin = 8;  // frames of one line that enter before `enough` follows

  logic [DEPTH_LOG2:0] uplink, node, punt;
  logic [9:0] frames_within;

  function automatic logic [DEPTH_LOG2:0] moved(input logic [DEPTH_LOG2:0] credit, input logic [7:0] minus,
                                                input logic [7:0] plus, input logic [1:0] free);
    moved = credit - (DEPTH_LOG2 + 1)'(minus) + (DEPTH_LOG2 + 1)'(plus) + (DEPTH_LOG2 + 1)'(free);
  endfunction

  logic [7:0] minus, plus_uplink, plus_node, plus_punt;
  logic [1:0] free_uplink, free_node, free_punt;

  always_ff @(posedge clk) begin
    minus <= taken ? taken_lines : '0;
    plus_uplink <= release_to[0] ? release_lines : '0;
    plus_node <= release_to[1] ? release_lines : '0;
    plus_punt <= release_to[2] ? release_lines : '0;
    free_uplink <= 2'(freed[0]) + 2'(shrunk[0]);
    free_node <= 2'(freed[1]) + 2'(shrunk[1]);
    free_punt <= 2'(freed[2]) + 2'(shrunk[2]);
    uplink <= moved(uplink, minus, plus_uplink, free_uplink);
    node <= moved(node, minus, plus_node, free_node);
    punt <= moved(punt, minus, plus_punt, free_punt);
    enough <= uplink >= FrameLinesMax + Margin && node >= FrameLinesMax + Margin && punt >= FrameLinesMax + Margin;
    frames_within <= frames_within + 10'(taken) - 10'(exit);
    none_inside <= frames_within == '0 && !taken;
    if (punt_reset) punt <= Lines;
    if (rst) begin
      minus <= '0;
      plus_uplink <= '0;
      plus_node <= '0;
      plus_punt <= '0;
      free_uplink <= '0;
      free_node <= '0;
      free_punt <= '0;
      uplink <= Lines;
      node <= Lines;
      punt <= Lines;
      enough <= 1'b0;
      frames_within <= '0;
    end
  end
endmodule
`default_nettype wire
