// The connection tables of both families, side by side: a packet is looked up in those of its own (docs/card.md, steps 2
// and 4). In one clock there is one operation in both together: a packet, or one of the host, or one of a sweeper; so
// events and changes of counts never meet.
//
// Latency: 14 clocks (see connections). Throughput: one packet a clock.
`default_nettype none

module connection_tables (
    input wire logic clk,
    input wire logic rst,
    input wire logic [19:0] tick,
    input wire logic [139:0] timeouts,
    output logic [31:0] sweeps,
    output logic sweeper_waits,  // for a clock without an operation

    input wire logic lookup,  // there is a packet, and it has a tuple to look up
    input wire logic ipv6,
    input wire logic candidate,
    input wire logic ttl_expired,
    input wire logic [1:0] verdict,  // stands if the packet is neither found nor a candidate
    input wire logic [4:0] reason,
    input wire card_pkg::tuple_ipv6_t tuple,
    input wire card_pkg::tuple_ipv6_t reply_key,
    input wire logic [11:0] endpoint_next_hop,
    input wire logic [11:0] client_next_hop,
    input wire logic [15:0] frontend_counter,
    input wire logic [19:0] endpoint,
    input wire logic [3:0] s11_tcp_flags,  // {TCP, RST, SYN, FIN}

    output logic translate,
    output logic [1:0] out_verdict,  // if not translated
    output logic [4:0] out_reason,
    output logic learned,
    output logic translation_bad,  // a row it was read from has lost its content
    output logic out_ipv6,
    output card_pkg::tuple_ipv6_t out_tuple,
    output card_pkg::tuple_ipv6_t out_other,  // turned round, what the packet leaves with
    output logic [11:0] out_next_hop,
    output logic [15:0] out_frontend_counter,
    output logic [19:0] out_endpoint,

    output logic event_valid,
    output logic [511:0] event_line,

    output logic s12_busy,  // a connection's count may change two clocks later
    output logic quota_add,
    output logic quota_subtract,
    output logic [15:0] quota_counter,

    input wire logic [15:0] host_write,  // by table id; of connections only if host_busy was low two clocks before
    input wire logic [15:0] host_read,  // the row follows 6 clocks later
    input wire logic host_connections,  // one of these in the next clock, of connections
    output logic host_busy,
    input wire logic [19:0] host_index,
    input wire logic [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] host_data,
    output logic [card_pkg::ORIGINAL_ROW_BITS-1:0] host_row,
    output logic [card_pkg::ORIGINAL_IPV6_ROW_BITS-1:0] host_row_ipv6,
    input wire logic host_flip_key,
    input wire logic host_flip_value,

    output logic [13:0] report,  // for parity_reports: {IPv6, IPv4}, each as in connections
    output logic [279:0] report_index
);
  localparam int TUPLE_BITS = card_pkg::TUPLE_BITS;
  localparam logic [95:0] MAPPED = 96'(card_pkg::MAPPED_IPV4_PREFIX);
  localparam logic [15:0] CONNECTION_TABLES =
      (16'd1 << card_pkg::TABLE_ORIGINALS) | (16'd1 << card_pkg::TABLE_REPLIES) |
      (16'd1 << card_pkg::TABLE_ORIGINALS_IPV6) | (16'd1 << card_pkg::TABLE_REPLIES_IPV6);

  wire card_pkg::tuple_t tuple_ipv4, reply_key_ipv4;
  assign tuple_ipv4.source_address = tuple.source_address[31:0];
  assign tuple_ipv4.destination_address = tuple.destination_address[31:0];
  assign tuple_ipv4.source_port = tuple.source_port;
  assign tuple_ipv4.destination_port = tuple.destination_port;
  assign tuple_ipv4.protocol = tuple.protocol;
  assign reply_key_ipv4.source_address = reply_key.source_address[31:0];
  assign reply_key_ipv4.destination_address = reply_key.destination_address[31:0];
  assign reply_key_ipv4.source_port = reply_key.source_port;
  assign reply_key_ipv4.destination_port = reply_key.destination_port;
  assign reply_key_ipv4.protocol = reply_key.protocol;

  // Whose packet comes out, and whose turn it is to sweep: it changes with every clock that is left free.
  delay #(.WIDTH(1), .CLOCKS(14)) family_delay (.clk(clk), .in(ipv6), .out(out_ipv6));
  wire [1:0] swept, wants_sweep, s6_packets;
  logic s7_packet, s8_busy, turn, was_swept;
  logic [1:0] s8_sweep;
  wire s7_busy = s7_packet || host_connections;
  wire next_turn = turn ^ !s8_busy;
  assign sweeper_waits = wants_sweep != '0 && s8_busy;
  assign host_busy = s6_packets != '0;
  always_ff @(posedge clk) begin
    s7_packet <= host_busy && !rst;
    s8_busy <= s7_busy && !rst;
    s8_sweep <= s7_busy ? 2'b00 : next_turn ? 2'b10 : 2'b01;
    turn <= next_turn;
    was_swept <= &swept;
    if (&swept && !was_swept) sweeps <= sweeps + 32'd1;
    if (rst) begin
      turn <= 1'b0;
      was_swept <= 1'b1;
      sweeps <= '0;
    end
  end

  // By family: IPv4, IPv6.
  wire [1:0] translates, learns, bad, event_valids, busy, adds, subtracts;
  wire [3:0] verdicts;
  wire [9:0] reasons;
  wire [23:0] next_hops;
  wire [31:0] counters, quota_counters;
  wire [39:0] endpoints;
  wire [TUPLE_BITS-1:0] out_tuple_ipv4, out_other_ipv4;
  wire [card_pkg::TUPLE_IPV6_BITS-1:0] out_tuple_ipv6, out_other_ipv6;
  wire card_pkg::event_line_t event_ipv4;
  wire card_pkg::event_ipv6_line_t event_ipv6;
  wire [7:0] kind_ipv4, kind_ipv6;
  wire [15:0] counter_ipv4, counter_ipv6;
  wire [TUPLE_BITS-1:0] original_ipv4, reply_ipv4;
  wire card_pkg::tuple_ipv6_t original_ipv6, reply_ipv6;
  wire [card_pkg::ORIGINALS_ROWS_LOG2-1:0] original_row_ipv4, reply_row_ipv4;
  wire [card_pkg::ORIGINALS_IPV6_ROWS_LOG2-1:0] original_row_ipv6, reply_row_ipv6;
  wire [2:0] state_ipv4, state_ipv6;
  wire [19:0] endpoint_ipv4, endpoint_ipv6;

  connections #(
      .ADDRESS_BITS(32),
      .ROWS_LOG2(card_pkg::ORIGINALS_ROWS_LOG2)
  ) ipv4_connections (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .timeouts(timeouts),
      .swept(swept[0]),
      .wants_sweep(wants_sweep[0]),
      .s8_sweep(s8_sweep[0]),
      .lookup(lookup && !ipv6),
      .candidate(candidate),
      .ttl_expired(ttl_expired),
      .verdict(verdict),
      .reason(reason),
      .tuple(tuple_ipv4),
      .reply_key(reply_key_ipv4),
      .endpoint_next_hop(endpoint_next_hop),
      .client_next_hop(client_next_hop),
      .frontend_counter(frontend_counter),
      .endpoint(endpoint),
      .s11_tcp_flags(s11_tcp_flags),
      .translate(translates[0]),
      .out_verdict(verdicts[0+:2]),
      .out_reason(reasons[0+:5]),
      .learned(learns[0]),
      .translation_bad(bad[0]),
      .out_tuple(out_tuple_ipv4),
      .out_other(out_other_ipv4),
      .out_next_hop(next_hops[0+:12]),
      .out_frontend_counter(counters[0+:16]),
      .out_endpoint(endpoints[0+:20]),
      .event_valid(event_valids[0]),
      .event_kind(kind_ipv4),
      .event_state(state_ipv4),
      .event_original_row(original_row_ipv4),
      .event_reply_row(reply_row_ipv4),
      .event_original(original_ipv4),
      .event_reply(reply_ipv4),
      .event_endpoint(endpoint_ipv4),
      .event_frontend_counter(counter_ipv4),
      .s12_busy(busy[0]),
      .quota_add(adds[0]),
      .quota_subtract(subtracts[0]),
      .quota_counter(quota_counters[0+:16]),
      .hash_write(host_write[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .host_write_originals(host_write[card_pkg::TABLE_ORIGINALS[3:0]]),
      .host_write_replies(host_write[card_pkg::TABLE_REPLIES[3:0]]),
      .host_read_originals(host_read[card_pkg::TABLE_ORIGINALS[3:0]]),
      .host_read_replies(host_read[card_pkg::TABLE_REPLIES[3:0]]),
      .s6_packet(s6_packets[0]),
      .host_index(host_index),
      .host_data(host_data[card_pkg::ORIGINAL_ROW_BITS-1:0]),
      .host_row(host_row),
      .host_flip_key(host_flip_key),
      .host_flip_value(host_flip_value),
      .report(report[6:0]),
      .report_index(report_index[139:0])
  );
  connections #(
      .ADDRESS_BITS(128),
      .ROWS_LOG2(card_pkg::ORIGINALS_IPV6_ROWS_LOG2)
  ) ipv6_connections (
      .clk(clk),
      .rst(rst),
      .tick(tick),
      .timeouts(timeouts),
      .swept(swept[1]),
      .wants_sweep(wants_sweep[1]),
      .s8_sweep(s8_sweep[1]),
      .lookup(lookup && ipv6),
      .candidate(candidate),
      .ttl_expired(ttl_expired),
      .verdict(verdict),
      .reason(reason),
      .tuple(tuple),
      .reply_key(reply_key),
      .endpoint_next_hop(endpoint_next_hop),
      .client_next_hop(client_next_hop),
      .frontend_counter(frontend_counter),
      .endpoint(endpoint),
      .s11_tcp_flags(s11_tcp_flags),
      .translate(translates[1]),
      .out_verdict(verdicts[2+:2]),
      .out_reason(reasons[5+:5]),
      .learned(learns[1]),
      .translation_bad(bad[1]),
      .out_tuple(out_tuple_ipv6),
      .out_other(out_other_ipv6),
      .out_next_hop(next_hops[12+:12]),
      .out_frontend_counter(counters[16+:16]),
      .out_endpoint(endpoints[20+:20]),
      .event_valid(event_valids[1]),
      .event_kind(kind_ipv6),
      .event_state(state_ipv6),
      .event_original_row(original_row_ipv6),
      .event_reply_row(reply_row_ipv6),
      .event_original(original_ipv6),
      .event_reply(reply_ipv6),
      .event_endpoint(endpoint_ipv6),
      .event_frontend_counter(counter_ipv6),
      .s12_busy(busy[1]),
      .quota_add(adds[1]),
      .quota_subtract(subtracts[1]),
      .quota_counter(quota_counters[16+:16]),
      .hash_write(host_write[card_pkg::TABLE_HASH_KEYS[3:0]]),
      .host_write_originals(host_write[card_pkg::TABLE_ORIGINALS_IPV6[3:0]]),
      .host_write_replies(host_write[card_pkg::TABLE_REPLIES_IPV6[3:0]]),
      .host_read_originals(host_read[card_pkg::TABLE_ORIGINALS_IPV6[3:0]]),
      .host_read_replies(host_read[card_pkg::TABLE_REPLIES_IPV6[3:0]]),
      .s6_packet(s6_packets[1]),
      .host_index(host_index),
      .host_data(host_data),
      .host_row(host_row_ipv6),
      .host_flip_key(host_flip_key),
      .host_flip_value(host_flip_value),
      .report(report[13:7]),
      .report_index(report_index[279:140])
  );

  function automatic logic [card_pkg::TUPLE_IPV6_BITS-1:0] widened(input logic [TUPLE_BITS-1:0] narrow);
    widened = {narrow[TUPLE_BITS-1:64], MAPPED, narrow[63:32], MAPPED, narrow[31:0]};
  endfunction
  assign translate = out_ipv6 ? translates[1] : translates[0];
  assign learned = out_ipv6 ? learns[1] : learns[0];
  assign translation_bad = out_ipv6 ? bad[1] : bad[0];
  assign out_verdict = out_ipv6 ? verdicts[2+:2] : verdicts[0+:2];
  assign out_reason = out_ipv6 ? reasons[5+:5] : reasons[0+:5];
  assign out_next_hop = out_ipv6 ? next_hops[12+:12] : next_hops[0+:12];
  assign out_frontend_counter = out_ipv6 ? counters[16+:16] : counters[0+:16];
  assign out_endpoint = out_ipv6 ? endpoints[20+:20] : endpoints[0+:20];
  assign out_tuple = out_ipv6 ? out_tuple_ipv6 : widened(out_tuple_ipv4);
  assign out_other = out_ipv6 ? out_other_ipv6 : widened(out_other_ipv4);

  assign s12_busy = busy != '0;
  assign quota_add = adds != '0;
  assign quota_subtract = subtracts != '0;
  assign quota_counter = adds[1] || subtracts[1] ? quota_counters[16+:16] : quota_counters[0+:16];

  assign event_ipv4.kind = kind_ipv4;
  assign event_ipv4.original = original_ipv4;
  assign event_ipv4.reply = reply_ipv4;
  assign event_ipv4.frontend_counter = counter_ipv4;
  assign event_ipv4.state = {5'd0, state_ipv4};
  assign event_ipv4.table_ = card_pkg::TABLE_ORIGINALS;
  assign event_ipv4.original_row = 32'(original_row_ipv4);
  assign event_ipv4.reply_row = 32'(reply_row_ipv4);
  assign event_ipv4.endpoint = 32'(endpoint_ipv4);
  assign event_ipv4.reserved = '0;
  assign event_ipv4.reserved_2 = '0;
  assign event_ipv6.kind = kind_ipv6;
  assign event_ipv6.original = original_ipv6;
  assign event_ipv6.frontend_counter = counter_ipv6;
  assign event_ipv6.state = {5'd0, state_ipv6};
  assign event_ipv6.table_ = card_pkg::TABLE_ORIGINALS_IPV6;
  assign event_ipv6.original_row = 32'(original_row_ipv6);
  assign event_ipv6.reply_row = 32'(reply_row_ipv6);
  assign event_ipv6.endpoint = 32'(endpoint_ipv6);
  assign event_ipv6.new_source_port = reply_ipv6.destination_port;
  assign event_ipv6.masqueraded = {7'd0, reply_ipv6.destination_address != original_ipv6.source_address};
  assign event_ipv6.reserved = '0;
  assign event_ipv6.reserved_2 = '0;
  always_ff @(posedge clk) begin
    event_valid <= event_valids != '0 && !rst;
    event_line <= event_valids[1] ? event_ipv6 : event_ipv4;
  end

`ifndef SYNTHESIS
  logic s8_host;
  always_ff @(posedge clk) begin
    s8_host <= host_connections && !rst;
    if (!rst) begin
      assert (event_valids != '1 && !(adds[0] && subtracts[1]) && !(adds[1] && subtracts[0]));
      assert (s6_packets != '1 && !(s7_packet && host_connections));
      assert (s8_host == (((host_write | host_read) & CONNECTION_TABLES) != '0));
    end
  end
`endif
endmodule

`default_nettype wire
