// What passes the ports of the datapath, told to C++ (pipeline_probe.h). Bound to the card from outside: the RTL knows
// nothing of it. It reads ports only, so it holds whatever the stages behind them do.
`default_nettype none

module pipeline_probe (
    input wire logic clk,
    input wire logic rst,
    input wire logic [1:0] mode,
    input wire logic [31:0] slot_hash_seed,

    input wire logic in_valid,
    input wire logic in_first,
    input wire logic [511:0] in_data,
    input wire logic [15:0] in_length,
    input wire logic in_ingress,
    input wire logic in_injected,
    input wire logic in_transmit,
    input wire logic [3:0] in_attempt,
    input wire logic in_directed,
    input wire logic [19:0] in_endpoint,
    input wire logic [31:0] in_tag,

    input wire logic out_valid,
    input wire logic out_first,
    input wire logic [1:0] out_verdict,
    input wire logic [7:0] out_reason,
    input wire logic out_egress,
    input wire logic [15:0] out_frontend_counter,
    input wire logic [19:0] out_endpoint,
    input wire logic out_learned,

    input wire logic row_valid,
    input wire logic row_ready,
    input wire logic row_write,
    input wire logic [7:0] row_table,
    input wire logic [31:0] row_index,
    input wire logic [415:0] row_data,

    input wire logic event_valid,
    input wire logic [511:0] event_line
);
  import "DPI-C" function bit pointsman_probe_watched();
  import "DPI-C" function void pointsman_probe_packet_in(
    input bit [511:0] data, input int unsigned length, input bit ingress, input bit injected, input int unsigned tag,
    input bit transmit, input int unsigned attempt, input bit directed, input int unsigned endpoint,
    input int unsigned mode, input int unsigned slot_hash_seed
  );
  import "DPI-C" function void pointsman_probe_packet_out(
    input int unsigned verdict, input int unsigned reason, input bit egress, input int unsigned frontend_counter,
    input int unsigned endpoint, input bit learned
  );
  import "DPI-C" function void pointsman_probe_row(
    input bit write, input int unsigned table_id, input int unsigned index, input bit [415:0] row
  );
  import "DPI-C" function void pointsman_probe_event(input bit [511:0] line);

  bit watched;
  initial watched = pointsman_probe_watched();

  always_ff @(posedge clk) begin
    if (watched && !rst) begin
      if (in_valid && in_first)
        pointsman_probe_packet_in(in_data, 32'(in_length), in_ingress, in_injected, in_tag, in_transmit,
                                  32'(in_attempt), in_directed, 32'(in_endpoint), 32'(mode), slot_hash_seed);
      if (event_valid) pointsman_probe_event(event_line);
      if (out_valid && out_first)
        pointsman_probe_packet_out(32'(out_verdict), 32'(out_reason), out_egress, 32'(out_frontend_counter),
                                   32'(out_endpoint), out_learned);
      if (row_valid && row_ready) pointsman_probe_row(row_write, 32'(row_table), row_index, row_data);
    end
  end
endmodule

module punt_ring_probe (
    input wire logic clk,
    input wire logic rst,
    input wire logic [31:0] punt_tail,
    input wire logic [31:0] punt_head
);
  import "DPI-C" function bit pointsman_probe_watched();
  import "DPI-C" function void pointsman_probe_punt_ring(input int unsigned lines);

  bit watched;
  initial watched = pointsman_probe_watched();

  logic [31:0] told;
  always_ff @(posedge clk) begin
    if (watched) begin
      if (rst) told <= '0;
      else if (punt_tail - punt_head != told) begin
        told <= punt_tail - punt_head;
        pointsman_probe_punt_ring(punt_tail - punt_head);
      end
    end
  end
endmodule

bind datapath pipeline_probe pipeline_probe (.*);
bind pointsman_card punt_ring_probe punt_ring_probe (.*);

`default_nettype wire
