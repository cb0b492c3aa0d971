// The card: two ports, a datapath between them, and rings in the host's memory. docs/card.md says what it does.
//
//   uplink rx -> receive_port --+                              +-> transmit_port -> uplink tx
//   node rx ---> receive_port --+-> packet_arbiter -> datapath -> egress -> transmit_port -> node tx
//   inject ring -> inject_reader +          |                  +-> punt_writer -> punt ring
//   command ring -> command_engine <- rows -+- events -> event_writer -> event ring
//
// Latency from rx to tx: 13 clocks and the datapath's, for a frame of one beat. Throughput: a beat every clock.
`default_nettype none
module pointsman_card #(
    parameter ROM_FILE = "card_rom.hex"
) (
    input wire ap_clk,
    input wire ap_rst_n,

    input wire [15:0] s_axi_control_awaddr,
    input wire s_axi_control_awvalid,
    output logic s_axi_control_awready,
    input wire [31:0] s_axi_control_wdata,
    input wire [3:0] s_axi_control_wstrb,
    input wire s_axi_control_wvalid,
    output logic s_axi_control_wready,
    output logic [1:0] s_axi_control_bresp,
    output logic s_axi_control_bvalid,
    input wire s_axi_control_bready,
    input wire [15:0] s_axi_control_araddr,
    input wire s_axi_control_arvalid,
    output logic s_axi_control_arready,
    output logic [31:0] s_axi_control_rdata,
    output logic [1:0] s_axi_control_rresp,
    output logic s_axi_control_rvalid,
    input wire s_axi_control_rready,

    output logic [63:0] m_axi_host_awaddr,
    output logic [7:0] m_axi_host_awlen,
    output logic [2:0] m_axi_host_awsize,
    output logic [1:0] m_axi_host_awburst,
    output logic m_axi_host_awvalid,
    input wire m_axi_host_awready,
    output logic [511:0] m_axi_host_wdata,
    output logic [63:0] m_axi_host_wstrb,
    output logic m_axi_host_wlast,
    output logic m_axi_host_wvalid,
    input wire m_axi_host_wready,
    input wire [1:0] m_axi_host_bresp,
    input wire m_axi_host_bvalid,
    output logic m_axi_host_bready,
    output logic [63:0] m_axi_host_araddr,
    output logic [7:0] m_axi_host_arlen,
    output logic [2:0] m_axi_host_arsize,
    output logic [1:0] m_axi_host_arburst,
    output logic m_axi_host_arvalid,
    input wire m_axi_host_arready,
    input wire [511:0] m_axi_host_rdata,
    input wire [1:0] m_axi_host_rresp,
    input wire m_axi_host_rlast,
    input wire m_axi_host_rvalid,
    output logic m_axi_host_rready,

    input wire [511:0] s_axis_uplink_rx_tdata,
    input wire [63:0] s_axis_uplink_rx_tkeep,
    input wire s_axis_uplink_rx_tlast,
    input wire s_axis_uplink_rx_tuser,
    input wire s_axis_uplink_rx_tvalid,
    output logic [511:0] m_axis_uplink_tx_tdata,
    output logic [63:0] m_axis_uplink_tx_tkeep,
    output logic m_axis_uplink_tx_tlast,
    output logic m_axis_uplink_tx_tvalid,
    input wire m_axis_uplink_tx_tready,

    input wire [511:0] s_axis_node_rx_tdata,
    input wire [63:0] s_axis_node_rx_tkeep,
    input wire s_axis_node_rx_tlast,
    input wire s_axis_node_rx_tuser,
    input wire s_axis_node_rx_tvalid,
    output logic [511:0] m_axis_node_tx_tdata,
    output logic [63:0] m_axis_node_tx_tkeep,
    output logic m_axis_node_tx_tlast,
    output logic m_axis_node_tx_tvalid,
    input wire m_axis_node_tx_tready
);
  localparam QUEUE_LOG2 = 10;  // lines that wait for each transmit port and for the punt ring

  logic clk, rst;
  assign clk = ap_clk;
  always_ff @(posedge ap_clk) rst <= !ap_rst_n;

  // Registers and rings' control.
  logic [1:0] mode;
  logic capture;
  logic [31:0] slot_hash_seed, masquerade_address;
  logic [15:0] masquerade_port_base, masquerade_port_mask;
  logic [127:0] masquerade_ipv6_address;
  logic host_sctp, host_tcp, host_udp;
  logic [31:0] vxlan_address;
  logic [15:0] vxlan_port, vxlan_mtu;
  logic [23:0] vxlan_vni;
  logic [47:0] vxlan_mac;
  logic [2047:0] service_ranges;
  logic [19:0] tick, unconfirmed_quota;
  logic [139:0] timeouts;
  logic [31:0] sweeps;
  logic ring_enable, ring_busy, ring_reset;
  logic [63:0] status_address, command_address, response_address, inject_address, punt_address, event_address;
  logic [31:0] command_lines_log2, inject_lines_log2, punt_lines_log2, event_lines_log2;
  logic [3:0] doorbell_write;
  logic [31:0] doorbell_value, command_tail, command_head, inject_tail, inject_head;
  logic [31:0] punt_tail, punt_head, event_tail, event_head, events_lost, error, heartbeat;
  logic [63:0] cycles;
  logic [5:0] statistic_index;
  logic [31:0] statistic;
  logic run_status, run_command, run_inject, run_punt, run_event;
  logic read_failed, write_failed, reads_idle, writes_idle, commands_idle, inject_broken, sending, none_inside, idle;

  assign s_axi_control_bresp = 2'b00;
  assign s_axi_control_rresp = 2'b00;

  control_registers #(
      .ROM_FILE(ROM_FILE)
  ) registers (
      .clk, .rst,
      .s_axi_awaddr(s_axi_control_awaddr),
      .s_axi_awvalid(s_axi_control_awvalid),
      .s_axi_awready(s_axi_control_awready),
      .s_axi_wdata(s_axi_control_wdata),
      .s_axi_wstrb(s_axi_control_wstrb),
      .s_axi_wvalid(s_axi_control_wvalid),
      .s_axi_wready(s_axi_control_wready),
      .s_axi_bvalid(s_axi_control_bvalid),
      .s_axi_bready(s_axi_control_bready),
      .s_axi_araddr(s_axi_control_araddr),
      .s_axi_arvalid(s_axi_control_arvalid),
      .s_axi_arready(s_axi_control_arready),
      .s_axi_rdata(s_axi_control_rdata),
      .s_axi_rvalid(s_axi_control_rvalid),
      .s_axi_rready(s_axi_control_rready),
      .mode, .capture, .slot_hash_seed, .masquerade_address, .masquerade_port_base, .masquerade_port_mask,
      .masquerade_ipv6_address, .host_sctp, .host_tcp, .host_udp, .vxlan_address, .vxlan_port, .vxlan_vni, .vxlan_mac, .vxlan_mtu, .service_ranges, .tick, .timeouts, .unconfirmed_quota, .sweeps,
      .ring_enable, .status_address, .command_address, .response_address, .inject_address, .punt_address,
      .event_address, .command_lines_log2, .inject_lines_log2, .punt_lines_log2, .event_lines_log2, .doorbell_write,
      .doorbell_value, .ring_busy, .command_tail, .inject_tail, .punt_head, .event_head, .error, .heartbeat, .cycles,
      .statistic_index, .statistic
  );

  always_ff @(posedge clk) idle <= reads_idle && writes_idle && commands_idle && none_inside && !sending;

  ring_control control (
      .clk, .rst,
      .enable(ring_enable),
      .busy(ring_busy),
      .ring_reset, .run_status, .run_command, .run_inject, .run_punt, .run_event, .idle, .command_lines_log2,
      .inject_lines_log2, .punt_lines_log2, .event_lines_log2, .doorbell_write, .doorbell_value, .command_tail,
      .inject_tail, .punt_head, .event_head, .command_head, .inject_head, .punt_tail, .event_tail,
      .bus_failed(read_failed || write_failed),
      .inject_broken, .error
  );

  // The host's memory. Readers 0 command, 1 inject; writers 0 response, 1 punt, 2 event, 3 status.
  logic [1:0] read_valid, read_ready, read_arrived;
  logic [127:0] read_address;
  logic [13:0] read_beats;
  logic [511:0] read_line;
  logic [3:0] write_valid, write_ready, line_valid, beat_taken, write_done;
  logic [255:0] write_address;
  logic [27:0] write_beats;
  logic [2047:0] line;
  logic beat_last;

  assign m_axi_host_arsize = 3'd6;
  assign m_axi_host_arburst = 2'b01;
  assign m_axi_host_awsize = 3'd6;
  assign m_axi_host_awburst = 2'b01;
  assign m_axi_host_wstrb = '1;

  axi_read_arbiter reads (
      .clk, .rst,
      .request_valid(read_valid),
      .request_ready(read_ready),
      .request_address(read_address),
      .request_beats(read_beats),
      .arrived(read_arrived),
      .line(read_line),
      .failed(read_failed),
      .idle(reads_idle),
      .m_axi_araddr(m_axi_host_araddr),
      .m_axi_arlen(m_axi_host_arlen),
      .m_axi_arvalid(m_axi_host_arvalid),
      .m_axi_arready(m_axi_host_arready),
      .m_axi_rdata(m_axi_host_rdata),
      .m_axi_rresp(m_axi_host_rresp),
      .m_axi_rlast(m_axi_host_rlast),
      .m_axi_rvalid(m_axi_host_rvalid),
      .m_axi_rready(m_axi_host_rready)
  );

  axi_write_arbiter writes (
      .clk, .rst,
      .request_valid(write_valid),
      .request_ready(write_ready),
      .request_address(write_address),
      .request_beats(write_beats),
      .line_valid, .line, .beat_taken, .beat_last,
      .done(write_done),
      .failed(write_failed),
      .idle(writes_idle),
      .m_axi_awaddr(m_axi_host_awaddr),
      .m_axi_awlen(m_axi_host_awlen),
      .m_axi_awvalid(m_axi_host_awvalid),
      .m_axi_awready(m_axi_host_awready),
      .m_axi_wdata(m_axi_host_wdata),
      .m_axi_wlast(m_axi_host_wlast),
      .m_axi_wvalid(m_axi_host_wvalid),
      .m_axi_wready(m_axi_host_wready),
      .m_axi_bresp(m_axi_host_bresp),
      .m_axi_bvalid(m_axi_host_bvalid),
      .m_axi_bready(m_axi_host_bready)
  );

  // From the ports and the inject ring into the datapath.
  logic [2:0] source_valid, source_last, source_take, started;
  logic [511:0] uplink_data, node_data, inject_data;
  logic [15:0] uplink_length, node_length, inject_length;
  logic inject_transmit, inject_ingress, inject_egress;
  logic [3:0] inject_attempt;
  logic inject_directed;
  logic [19:0] inject_endpoint;
  logic [31:0] inject_tag;
  logic [1:0] receive_overflow, receive_error;
  logic enough_credit, credit_taken;
  logic [7:0] credit_lines;

  receive_port uplink_receive (
      .clk, .rst,
      .s_axis_tdata(s_axis_uplink_rx_tdata),
      .s_axis_tkeep(s_axis_uplink_rx_tkeep),
      .s_axis_tlast(s_axis_uplink_rx_tlast),
      .s_axis_tuser(s_axis_uplink_rx_tuser),
      .s_axis_tvalid(s_axis_uplink_rx_tvalid),
      .frame_valid(source_valid[0]),
      .frame_last(source_last[0]),
      .frame_data(uplink_data),
      .frame_length(uplink_length),
      .frame_take(source_take[0]),
      .overflow(receive_overflow[0]),
      .error(receive_error[0])
  );

  receive_port node_receive (
      .clk, .rst,
      .s_axis_tdata(s_axis_node_rx_tdata),
      .s_axis_tkeep(s_axis_node_rx_tkeep),
      .s_axis_tlast(s_axis_node_rx_tlast),
      .s_axis_tuser(s_axis_node_rx_tuser),
      .s_axis_tvalid(s_axis_node_rx_tvalid),
      .frame_valid(source_valid[1]),
      .frame_last(source_last[1]),
      .frame_data(node_data),
      .frame_length(node_length),
      .frame_take(source_take[1]),
      .overflow(receive_overflow[1]),
      .error(receive_error[1])
  );

  inject_reader inject (
      .clk,
      .rst(ring_reset),
      .run(run_inject),
      .enough_credit,
      .broken(inject_broken),
      .base(inject_address),
      .lines_log2(inject_lines_log2[4:0]),
      .tail(inject_tail),
      .head(inject_head),
      .request_valid(read_valid[1]),
      .request_ready(read_ready[1]),
      .request_address(read_address[127:64]),
      .request_beats(read_beats[13:7]),
      .arrived(read_arrived[1]),
      .line(read_line),
      .frame_valid(source_valid[2]),
      .frame_last(source_last[2]),
      .frame_data(inject_data),
      .frame_length(inject_length),
      .frame_transmit(inject_transmit),
      .frame_ingress(inject_ingress),
      .frame_egress(inject_egress),
      .frame_attempt(inject_attempt),
      .frame_directed(inject_directed),
      .frame_endpoint(inject_endpoint),
      .frame_tag(inject_tag),
      .frame_take(source_take[2]),
      .sending,
      .taken(credit_taken),
      .taken_lines(credit_lines)
  );

  logic in_valid, in_first, in_last, in_ingress, in_injected, in_transmit, in_egress;
  logic [511:0] in_data;
  logic [63:0] in_keep;
  logic [15:0] in_length;
  logic [3:0] in_attempt;
  logic in_directed;
  logic [19:0] in_endpoint;
  logic [31:0] in_tag;

  packet_arbiter arbiter (
      .clk, .rst, .source_valid, .source_last, .uplink_data, .node_data, .inject_data, .uplink_length, .node_length,
      .inject_length, .inject_transmit, .inject_ingress, .inject_egress, .inject_attempt, .inject_directed,
      .inject_endpoint, .inject_tag,
      .leave_gap(want_gap),
      .source_take, .started,
      .out_valid(in_valid),
      .out_first(in_first),
      .out_last(in_last),
      .out_data(in_data),
      .out_keep(in_keep),
      .out_length(in_length),
      .out_ingress(in_ingress),
      .out_injected(in_injected),
      .out_transmit(in_transmit),
      .out_egress(in_egress),
      .out_attempt(in_attempt),
      .out_directed(in_directed),
      .out_endpoint(in_endpoint),
      .out_tag(in_tag)
  );

  logic out_valid, out_first, out_last, out_ingress, out_injected, out_egress, out_learned;
  logic [511:0] out_data;
  logic [63:0] out_keep;
  logic [15:0] out_length, out_frontend_counter;
  logic [3:0] out_attempt;
  logic [31:0] out_tag;
  logic [1:0] out_verdict;
  logic [7:0] out_reason;
  logic [19:0] out_endpoint;
  logic row_valid, row_ready, row_write, row_read_valid;
  logic [7:0] row_table;
  logic [1:0] row_flip;
  logic [31:0] row_index;
  logic [415:0] row_data, row_read_data;
  logic event_valid, event_lost, want_gap;
  logic [511:0] event_line;

  datapath datapath (
      .clk, .rst, .mode, .slot_hash_seed, .masquerade_address, .masquerade_port_base, .masquerade_port_mask,
      .masquerade_ipv6_address, .host_sctp, .host_tcp, .host_udp, .vxlan_address, .vxlan_port, .vxlan_vni, .vxlan_mac, .vxlan_mtu, .service_ranges, .tick, .timeouts, .unconfirmed_quota, .sweeps, .in_valid,
      .in_first, .in_last, .in_data, .in_keep, .in_length, .in_ingress, .in_injected, .in_transmit, .in_egress,
      .in_attempt, .in_directed, .in_endpoint, .in_tag, .out_valid, .out_first, .out_last, .out_data, .out_keep, .out_length, .out_ingress,
      .out_injected, .out_attempt, .out_tag, .out_verdict, .out_reason, .out_egress, .out_frontend_counter,
      .out_endpoint, .out_learned, .out_strip_bytes, .out_wrapped, .out_vxlan_address, .out_outer_macs, .out_tos, .out_flow_port, .row_valid, .row_ready, .row_write, .row_flip, .row_table, .row_index, .row_data,
      .row_read_valid, .row_read_data, .want_gap, .event_valid, .event_line
  );

  // From the datapath to the ports and the punt ring.
  logic [2:0] queue_write, freed, freed_injected, injected_release, injected_shrunk;
  logic queue_injected, queue_wrapped, queue_last, record_write, injected_exit;
  logic out_wrapped;
  logic [5:0] out_strip_bytes;
  logic [31:0] out_vxlan_address, wrap_address;
  logic [95:0] out_outer_macs, wrap_macs;
  logic [7:0] out_tos, wrap_tos;
  logic [15:0] out_flow_port, wrap_flow_port, wrap_length;
  logic [2:0] wrap_write, header_write;
  logic [183:0] header;
  logic [5:0] queue_bytes;
  logic [511:0] queue_data;
  card_pkg::punt_line_t record;
  logic [7:0] injected_lines, counted_reason;
  logic [1:0] sent, counted_verdict;
  logic counted, counted_punted, counted_captured, counted_dropped;
  logic command_done, command_error;

  egress #(
      .DEPTH_LOG2(QUEUE_LOG2)
  ) egress (
      .clk, .rst, .capture,
      .punt_enable(run_status),
      .punt_reset(ring_reset),
      .cycle(cycles),
      .in_valid(out_valid),
      .in_first(out_first),
      .in_last(out_last),
      .in_data(out_data),
      .in_length(out_length),
      .in_ingress(out_ingress),
      .in_injected(out_injected),
      .in_attempt(out_attempt),
      .in_tag(out_tag),
      .in_verdict(out_verdict),
      .in_reason(out_reason),
      .in_egress(out_egress),
      .in_frontend_counter(out_frontend_counter),
      .in_endpoint(out_endpoint),
      .in_learned(out_learned),
      .in_strip_bytes(out_strip_bytes),
      .in_wrapped(out_wrapped),
      .in_vxlan_address(out_vxlan_address),
      .in_outer_macs(out_outer_macs),
      .in_tos(out_tos),
      .in_flow_port(out_flow_port),
      .write(queue_write),
      .write_injected(queue_injected),
      .write_wrapped(queue_wrapped),
      .write_last(queue_last),
      .write_bytes(queue_bytes),
      .write_data(queue_data),
      .wrap_write, .wrap_length, .wrap_address, .wrap_macs, .wrap_tos, .wrap_flow_port,
      .record_write, .record, .freed, .injected_exit, .injected_release, .injected_shrunk, .injected_lines, .counted, .counted_verdict,
      .counted_punted, .counted_captured, .counted_dropped, .counted_reason
  );

  tunnel_header wraps (
      .clk, .rst, .vxlan_address,
      .write(wrap_write),
      .length(wrap_length),
      .address(wrap_address),
      .macs(wrap_macs),
      .tos(wrap_tos),
      .flow_port(wrap_flow_port),
      .out_write(header_write),
      .header
  );

  inject_credits #(
      .DEPTH_LOG2(QUEUE_LOG2)
  ) credits (
      .clk, .rst,
      .punt_reset(ring_reset),
      .enough(enough_credit),
      .taken(credit_taken),
      .taken_lines(credit_lines),
      .exit(injected_exit),
      .release_to(injected_release),
      .release_lines(injected_lines),
      .shrunk(injected_shrunk),
      .freed(freed_injected),
      .none_inside
  );

  transmit_port #(
      .DEPTH_LOG2(QUEUE_LOG2)
  ) uplink_transmit (
      .clk, .rst, .vxlan_address, .vxlan_port, .vxlan_vni,
      .header_write(header_write[0]),
      .header,
      .write(queue_write[0]),
      .write_injected(queue_injected),
      .write_wrapped(queue_wrapped),
      .write_last(queue_last),
      .write_bytes(queue_bytes),
      .write_data(queue_data),
      .freed(freed[0]),
      .freed_injected(freed_injected[0]),
      .sent(sent[0]),
      .m_axis_tdata(m_axis_uplink_tx_tdata),
      .m_axis_tkeep(m_axis_uplink_tx_tkeep),
      .m_axis_tlast(m_axis_uplink_tx_tlast),
      .m_axis_tvalid(m_axis_uplink_tx_tvalid),
      .m_axis_tready(m_axis_uplink_tx_tready)
  );

  transmit_port #(
      .DEPTH_LOG2(QUEUE_LOG2)
  ) node_transmit (
      .clk, .rst, .vxlan_address, .vxlan_port, .vxlan_vni,
      .header_write(header_write[1]),
      .header,
      .write(queue_write[1]),
      .write_injected(queue_injected),
      .write_wrapped(queue_wrapped),
      .write_last(queue_last),
      .write_bytes(queue_bytes),
      .write_data(queue_data),
      .freed(freed[1]),
      .freed_injected(freed_injected[1]),
      .sent(sent[1]),
      .m_axis_tdata(m_axis_node_tx_tdata),
      .m_axis_tkeep(m_axis_node_tx_tkeep),
      .m_axis_tlast(m_axis_node_tx_tlast),
      .m_axis_tvalid(m_axis_node_tx_tvalid),
      .m_axis_tready(m_axis_node_tx_tready)
  );

  punt_writer #(
      .DEPTH_LOG2(QUEUE_LOG2)
  ) punt (
      .clk,
      .rst(ring_reset),
      .run(run_punt),
      .vxlan_address, .vxlan_port, .vxlan_vni,
      .header_write(header_write[2]),
      .header,
      .write(queue_write[2]),
      .write_injected(queue_injected),
      .write_wrapped(queue_wrapped),
      .write_last(queue_last),
      .write_bytes(queue_bytes),
      .write_data(queue_data),
      .record_write, .record,
      .freed(freed[2]),
      .freed_injected(freed_injected[2]),
      .base(punt_address),
      .lines_log2(punt_lines_log2[4:0]),
      .head(punt_head),
      .tail(punt_tail),
      .request_valid(write_valid[1]),
      .request_ready(write_ready[1]),
      .request_address(write_address[127:64]),
      .request_beats(write_beats[13:7]),
      .line_valid(line_valid[1]),
      .line(line[1023:512]),
      .beat_taken(beat_taken[1]),
      .beat_last,
      .done(write_done[1]),
      .failed(write_failed)
  );

  command_engine commands (
      .clk,
      .rst(ring_reset),
      .run(run_command),
      .idle(commands_idle),
      .base(command_address),
      .response_base(response_address),
      .lines_log2(command_lines_log2[4:0]),
      .tail(command_tail),
      .done_head(command_head),
      .request_valid(read_valid[0]),
      .request_ready(read_ready[0]),
      .request_address(read_address[63:0]),
      .request_beats(read_beats[6:0]),
      .arrived(read_arrived[0]),
      .line(read_line),
      .row_valid, .row_ready, .row_write, .row_flip, .row_table, .row_index, .row_data, .row_read_valid, .row_read_data,
      .response_request_valid(write_valid[0]),
      .response_request_ready(write_ready[0]),
      .response_request_address(write_address[63:0]),
      .response_request_beats(write_beats[6:0]),
      .response_valid(line_valid[0]),
      .response(line[511:0]),
      .beat_taken(beat_taken[0]),
      .beat_last,
      .done(write_done[0]),
      .failed(write_failed),
      .counted(command_done),
      .counted_error(command_error)
  );

  event_writer events (
      .clk,
      .rst(ring_reset),
      .run(run_event),
      .event_valid, .event_line,
      .lost(event_lost),
      .losses(events_lost),
      .base(event_address),
      .lines_log2(event_lines_log2[4:0]),
      .head(event_head),
      .tail(event_tail),
      .request_valid(write_valid[2]),
      .request_ready(write_ready[2]),
      .request_address(write_address[191:128]),
      .request_beats(write_beats[20:14]),
      .line_valid(line_valid[2]),
      .line(line[1535:1024]),
      .beat_taken(beat_taken[2]),
      .beat_last,
      .done(write_done[2]),
      .failed(write_failed)
  );

  status_writer status (
      .clk,
      .rst(ring_reset),
      .run(run_status),
      .base(status_address),
      .command_head, .inject_head, .punt_tail, .event_tail, .events_lost, .heartbeat, .error,
      .request_valid(write_valid[3]),
      .request_ready(write_ready[3]),
      .request_address(write_address[255:192]),
      .request_beats(write_beats[27:21]),
      .line_valid(line_valid[3]),
      .line(line[2047:1536]),
      .done(write_done[3])
  );

  statistics packet_counters (
      .clk, .rst, .started, .sent, .receive_overflow, .receive_error, .counted, .counted_verdict, .counted_punted,
      .counted_captured, .counted_dropped, .counted_reason,
      .event_valid,
      .event_kind(event_line[7:0]),
      .event_lost, .command_done, .command_error,
      .index(statistic_index),
      .value(statistic)
  );
endmodule
`default_nettype wire
