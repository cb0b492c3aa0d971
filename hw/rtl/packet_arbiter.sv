// Merges the two receive ports and the inject ring into the datapath's one stream of beats: whole packets, round robin,
// no idle clock while any source has a packet. Sources hold whole frames, so a packet's beats follow one another.
//
// | stage | what |
// |---|---|
// | s1 | the chosen source's beat |
// | s2 | the same with the byte mask: what goes to the datapath |
//
// Latency: 2 clocks. Throughput: a beat every clock.
`default_nettype none
module packet_arbiter (
    input wire clk,
    input wire rst,

    // Sources 0 uplink, 1 node, 2 inject.
    input wire [2:0] source_valid,
    input wire [2:0] source_last,
    input wire [511:0] uplink_data,
    input wire [511:0] node_data,
    input wire [511:0] inject_data,
    input wire [15:0] uplink_length,
    input wire [15:0] node_length,
    input wire [15:0] inject_length,
    input wire inject_transmit,
    input wire inject_ingress,
    input wire inject_egress,
    input wire [3:0] inject_attempt,
    input wire inject_directed,
    input wire [19:0] inject_endpoint,
    input wire [31:0] inject_tag,
    input wire leave_gap,  // begin no packet in this clock
    output logic [2:0] source_take,
    output logic [2:0] started,  // a packet of this source begins

    output logic out_valid,
    output logic out_first,
    output logic out_last,
    output logic [511:0] out_data,
    output logic [63:0] out_keep,
    output logic [15:0] out_length,
    output logic out_ingress,
    output logic out_injected,
    output logic out_transmit,
    output logic out_egress,
    output logic [3:0] out_attempt,
    output logic out_directed,
    output logic [19:0] out_endpoint,
    output logic [31:0] out_tag
);
  logic in_packet;
  logic [2:0] current;  // one-hot: the source of the packet that is under way or was the last

  // The next source in turn behind `current` that has something.
  always_comb begin
    source_take = 3'b000;
    if (in_packet) begin
      source_take = current & source_valid;
    end else if (!leave_gap) begin
      unique case (current)
        3'b001: source_take = source_valid[1] ? 3'b010 : source_valid[2] ? 3'b100 : {2'b00, source_valid[0]};
        3'b010: source_take = source_valid[2] ? 3'b100 : source_valid[0] ? 3'b001 : {1'b0, source_valid[1], 1'b0};
        default: source_take = source_valid[0] ? 3'b001 : source_valid[1] ? 3'b010 : {source_valid[2], 2'b00};
      endcase
    end
  end

  logic s1_valid, s1_first, s1_last;
  logic [2:0] s1_source;
  logic [511:0] s1_data;
  logic [15:0] s1_length;
  logic s1_transmit, s1_ingress, s1_egress;
  logic [3:0]  s1_attempt;
  logic s1_directed;
  logic [19:0] s1_endpoint;
  logic [31:0] s1_tag;

  always_ff @(posedge clk) begin
    if (source_take != '0) begin
      current <= source_take;
      in_packet <= (source_take & source_last) == '0;
    end
    s1_valid <= source_take != '0;
    if (rst) begin
      current <= 3'b100;
      in_packet <= 1'b0;
      s1_valid <= 1'b0;
    end
  end

  always_ff @(posedge clk) begin
    s1_source <= source_take;
    s1_first <= !in_packet;
    s1_last <= (source_take & source_last) != '0;
    s1_data <= (uplink_data & {512{source_take[0]}}) | (node_data & {512{source_take[1]}}) |
               (inject_data & {512{source_take[2]}});
    s1_length <= (uplink_length & {16{source_take[0]}}) | (node_length & {16{source_take[1]}}) |
                 (inject_length & {16{source_take[2]}});
    s1_transmit <= inject_transmit && source_take[2];
    s1_ingress <= source_take[2] ? inject_ingress : source_take[1];
    s1_egress <= inject_egress;
    s1_attempt <= inject_attempt & {4{source_take[2]}};
    s1_directed <= inject_directed && source_take[2];
    s1_endpoint <= inject_endpoint;
    s1_tag <= inject_tag & {32{source_take[2]}};
  end

  logic [63:0] last_keep;
  byte_mask last_mask (
      .bytes(s1_length[5:0]),
      .mask (last_keep)
  );

  always_ff @(posedge clk) begin
    out_first <= s1_first;
    out_last <= s1_last;
    out_data <= s1_data;
    out_keep <= s1_last ? last_keep : '1;
    out_length <= s1_length;
    out_ingress <= s1_ingress;
    out_injected <= s1_source[2];
    out_transmit <= s1_transmit;
    out_egress <= s1_egress;
    out_attempt <= s1_attempt;
    out_directed <= s1_directed;
    out_endpoint <= s1_endpoint;
    out_tag <= s1_tag;
  end

  always_ff @(posedge clk) begin
    out_valid <= s1_valid && !rst;
    started <= s1_source & {3{s1_valid && s1_first && !rst}};
  end
endmodule
`default_nettype wire
