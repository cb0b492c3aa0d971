// The answer for a packet that begins a connection: endpoint and translation, as if it were one (docs/card.md, steps 3
// and 4). Whether the packet does begin a connection is decided later.
//
// Latency: 8 clocks. Throughput: one packet a clock.
//
// | stage | what is registered |
// |-------|--------------------|
// | 1     | the client's half of the frontend; slot hash; which service range holds the destination |
// | 2     | slot, by hash or the one that shows the client's endpoint; source port before its mask; is it the host's? |
// | 3, 4  | endpoint's number (memory); source port |
// | 5     | is it still the client's endpoint? |
// | 5, 6  | endpoint (memory) |
// | 7     | does the source address change? |
// | 8     | reply key, outcome |
//
// Host reads are made in place of stage 2's (slots) or stage 4's (endpoints) address, the row follows 2 clocks later.
`default_nettype none

module first_packet #(
    parameter int SLOTS_LOG2 = card_pkg::SLOTS_ROWS_LOG2,
    parameter int ENDPOINTS_LOG2 = card_pkg::ENDPOINTS_ROWS_LOG2
) (
    input wire logic clk,
    input wire logic [31:0] slot_hash_seed,
    input wire logic [31:0] masquerade_address,
    input wire logic [127:0] masquerade_ipv6_address,
    input wire logic [15:0] masquerade_port_base,
    input wire logic [15:0] masquerade_port_mask,
    input wire logic [2047:0] service_ranges,
    input wire logic host_tcp,  // the host has connections of its own over it
    input wire logic host_udp,

    input wire logic valid,
    input wire logic ipv6,
    input wire card_pkg::tuple_ipv6_t tuple,
    input wire logic [3:0] attempt,
    input wire logic directed,  // to directed_endpoint, whatever the slot says
    input wire logic [19:0] directed_endpoint,
    input wire logic ttl_expired,
    input wire logic [1:0] client_class,
    input wire logic hit,  // of a frontend
    input wire logic frontend_bad,  // parity, without a hit
    input wire logic [27:0] outside,
    input wire logic [27:0] inside_,
    input wire logic [5:0] range_set,  // of the frontend
    input wire logic [31:0] range_sets,  // of the client
    input wire logic s2_affine,  // the frontend has session affinity
    input wire logic s2_affinity,  // and the client is known: by this slot, if it leads to this endpoint
    input wire logic [19:0] s2_affinity_slot,
    input wire logic [19:0] s2_affinity_endpoint,
    input wire logic s3_over_quota,  // the frontend may have no more unconfirmed connections

    output logic candidate,  // a connection may be recorded; else verdict and reason stand
    output logic [1:0] verdict,
    output logic [4:0] reason,
    output card_pkg::tuple_ipv6_t out_tuple,
    output card_pkg::tuple_ipv6_t reply_key,
    output logic [11:0] next_hop,
    output logic [19:0] endpoint,

    input wire logic host_read_slots,
    input wire logic host_read_endpoints,
    input wire logic host_write_slots,
    input wire logic host_write_endpoints,
    input wire logic [19:0] host_index,
    input wire logic [card_pkg::ENDPOINT_ROW_BITS-1:0] host_data,
    output logic [card_pkg::SLOT_ROW_BITS-1:0] host_slot,
    output logic [card_pkg::ENDPOINT_ROW_BITS-1:0] host_endpoint,

    input wire logic host_flip,
    output logic slot_report,  // for parity_reports
    output logic [19:0] slot_report_index,
    output logic endpoint_report,
    output logic [19:0] endpoint_report_index
);
  logic [6:1] stage_valid;
  always_ff @(posedge clk) stage_valid <= {stage_valid[5:1], valid};

  // Stage 1
  wire [27:0] half = client_class == card_pkg::CLIENT_CLASS_OUTSIDE[1:0] ? outside : inside_;
  wire [card_pkg::TUPLE_IPV6_BITS-1:0] key = tuple;
  wire [card_pkg::TUPLE_BITS-1:0] key_ipv4 = {key[card_pkg::TUPLE_IPV6_BITS-1:256], key[128+:32], key[0+:32]};
  localparam logic [7:0] UDP = 8'd17;
  logic s1_hit, s1_masquerade, s1_kept_out, s1_ttl_expired, s1_udp, s1_directed;
  logic [1:0] s1_action;
  logic [19:0] s1_base, s1_mask;
  logic [31:0] s1_hash;
  logic [3:0] s1_attempt;
  always_ff @(posedge clk) begin
    if (valid) begin
      s1_hit <= hit;
      s1_ttl_expired <= ttl_expired;
      s1_attempt <= attempt;
      s1_udp <= tuple.protocol == UDP;
      s1_directed <= directed;
      s1_action <= half[1:0];
      s1_masquerade <= half[2];
      s1_kept_out <= range_set != '0 && !range_sets[range_set[4:0]-5'd1];
      s1_mask <= ~(20'hfffff << half[7:3]);
      s1_base <= half[27:8];
      s1_hash <= ipv6 ? card_pkg::slot_hash_ipv6('0, key) ^ of_seed_ipv6 : card_pkg::slot_hash('0, key_ipv4) ^ of_seed;
    end
  end

  // The hash is linear: of seed and key it is the XOR of both.
  logic [31:0] of_seed, of_seed_ipv6;
  always_ff @(posedge clk) begin
    of_seed <= card_pkg::slot_hash(slot_hash_seed, '0);
    of_seed_ipv6 <= card_pkg::slot_hash_ipv6(slot_hash_seed, '0);
  end

  logic [7:0] range_used, s1_in_range;
  genvar g;
  generate
    for (g = 0; g < 8; g++) begin : range
      wire [127:0] mask = service_ranges[g*256+128+:128];
      always_ff @(posedge clk) begin
        range_used[g] <= mask != '0;
        if (valid) s1_in_range[g] <= (tuple.destination_address & mask) == service_ranges[g*256+:128];
      end
    end
  endgenerate

  // Stage 2
  logic s2_in_range, tcp_is_hosts, udp_is_hosts, s2_is_hosts;
  always_ff @(posedge clk) begin
    tcp_is_hosts <= host_tcp;
    udp_is_hosts <= host_udp;
    s2_is_hosts <= (s1_udp ? udp_is_hosts : tcp_is_hosts) && !s1_directed && s1_attempt == 4'd0;
  end
  always_ff @(posedge clk) s2_in_range <= (s1_in_range & range_used) != '0;
  logic [19:0] s2_hash_slot, s2_base, s2_mask;
  logic [15:0] s2_port;
  wire [15:0] stride_sum = 16'(s1_attempt * 16'(card_pkg::SOURCE_PORT_STRIDE));
  always_ff @(posedge clk) begin
    if (stage_valid[1]) begin
      s2_hash_slot <= s1_base + (s1_hash[19:0] & s1_mask);
      s2_base <= s1_base;
      s2_mask <= s1_mask;
      s2_port <= s1_hash[31:16] + stride_sum;
    end
  end

  // Stages 2 to 5: is the client known, and does its endpoint still belong to its half?
  wire [19:0] s2_slot = s2_affine && s2_affinity ? s2_affinity_slot : s2_hash_slot;
  logic s3_in_run;
  wire s4_affine, s4_known;
  wire [19:0] s4_affinity_endpoint;
  always_ff @(posedge clk) s3_in_run <= s2_affinity && ((s2_affinity_slot ^ s2_base) & ~s2_mask) == '0;
  delay #(.WIDTH(1), .CLOCKS(1)) known_delay (.clk(clk), .in(s3_in_run), .out(s4_known));
  delay #(.WIDTH(21), .CLOCKS(2)) affinity_delay (
      .clk(clk),
      .in({s2_affine, s2_affinity_endpoint}),
      .out({s4_affine, s4_affinity_endpoint})
  );

  // Stages 2 to 6: slot, then endpoint
  logic [19:0] s4_slot_endpoint, s4_directed_endpoint;
  logic s4_directed;
  delay #(.WIDTH(21), .CLOCKS(4)) directed_delay (
      .clk(clk),
      .in({directed, directed_endpoint}),
      .out({s4_directed, s4_directed_endpoint})
  );
  wire [19:0] s4_endpoint = s4_directed ? s4_directed_endpoint : s4_slot_endpoint;
  wire slot_parity, endpoint_parity;
  xor_tree #(.WIDTH(card_pkg::SLOT_ROW_BITS + 1)) of_slot (
      .in({host_flip, host_data[card_pkg::SLOT_ROW_BITS-1:0]}),
      .out(slot_parity)
  );
  xor_tree #(.WIDTH(card_pkg::ENDPOINT_ROW_BITS + 1)) of_endpoint (.in({host_flip, host_data}), .out(endpoint_parity));
  card_pkg::endpoint_row_t s6_row;
  wire s5_slot_bad, s7_endpoint_bad;
  parity_ram #(
      .WIDTH(card_pkg::SLOT_ROW_BITS),
      .DEPTH_LOG2(SLOTS_LOG2),
      .RAM_STYLE("ultra")
  ) slots (
      .clk(clk),
      .write_enable(host_write_slots),
      .write_address(host_index[SLOTS_LOG2-1:0]),
      .write_data(host_data[card_pkg::SLOT_ROW_BITS-1:0]),
      .write_parity(slot_parity),
      .read_enable(stage_valid[2] || host_read_slots),
      .read_address(host_read_slots ? host_index[SLOTS_LOG2-1:0] : s2_slot[SLOTS_LOG2-1:0]),
      .read_data(s4_slot_endpoint),
      .read_bad(s5_slot_bad)
  );
  parity_ram #(
      .WIDTH(card_pkg::ENDPOINT_ROW_BITS),
      .DEPTH_LOG2(ENDPOINTS_LOG2),
      .RAM_STYLE("ultra")
  ) endpoints (
      .clk(clk),
      .write_enable(host_write_endpoints),
      .write_address(host_index[ENDPOINTS_LOG2-1:0]),
      .write_data(host_data),
      .write_parity(endpoint_parity),
      .read_enable(stage_valid[4] || host_read_endpoints),
      .read_address(host_read_endpoints ? host_index[ENDPOINTS_LOG2-1:0] : s4_endpoint[ENDPOINTS_LOG2-1:0]),
      .read_data(s6_row),
      .read_bad(s7_endpoint_bad)
  );
  // What was met but not used (a directed packet's slot, rows of no frontend) is not reported.
  logic s5_directed, s5_unmet, s6_unmet, s6_slot_bad, s7_slot_bad;
  wire s5_hit, s7_uses_rows;
  wire [19:0] s5_slot;
  delay #(.WIDTH(1), .CLOCKS(4)) hit_delay_5 (.clk(clk), .in(s1_hit), .out(s5_hit));
  delay #(.WIDTH(20), .CLOCKS(3)) slot_delay (.clk(clk), .in(s2_slot), .out(s5_slot));
  always_ff @(posedge clk) begin
    s5_directed <= s4_directed;
    s5_unmet <= s4_affine && !(s4_known && s4_slot_endpoint == s4_affinity_endpoint);
    s6_unmet <= s5_unmet;
    s6_slot_bad <= s5_slot_bad && !s5_directed && s5_hit;
    s7_slot_bad <= s6_slot_bad;
    slot_report <= stage_valid[5] && s5_slot_bad && !s5_directed && s5_hit;
    slot_report_index <= s5_slot;
    endpoint_report <= s7_valid && s7_endpoint_bad && s7_uses_rows;
    endpoint_report_index <= s7_endpoint;
  end
  assign host_slot = s4_slot_endpoint;
  assign host_endpoint = s6_row;

  // What waits meanwhile
  logic s6_kept_out, s6_hit, s6_masquerade, s6_ttl_expired, s6_retry, s6_in_range, s6_is_hosts, s6_directed;
  logic [1:0] s6_action;
  logic [15:0] s6_port;
  logic [15:0] s3_port;
  logic [19:0] s6_endpoint;
  card_pkg::tuple_ipv6_t s6_tuple;
  delay #(.WIDTH(7), .CLOCKS(5)) flags_delay (
      .clk(clk),
      .in({s1_kept_out, s1_hit, s1_masquerade, s1_ttl_expired, s1_attempt != 4'd0, s1_action}),
      .out({s6_kept_out, s6_hit, s6_masquerade, s6_ttl_expired, s6_retry, s6_action})
  );
  delay #(.WIDTH(2), .CLOCKS(4)) in_range_delay (
      .clk(clk),
      .in({s2_is_hosts, s2_in_range}),
      .out({s6_is_hosts, s6_in_range})
  );
  logic s6_over_quota, s7_over_quota, s6_ipv6, s7_ipv6, no_masquerade_ipv6;
  delay #(.WIDTH(1), .CLOCKS(6)) ipv6_delay (.clk(clk), .in(ipv6), .out(s6_ipv6));
  delay #(.WIDTH(1), .CLOCKS(3)) quota_delay (.clk(clk), .in(s3_over_quota), .out(s6_over_quota));
  delay #(.WIDTH(1), .CLOCKS(2)) is_directed_delay (.clk(clk), .in(s4_directed), .out(s6_directed));
  always_ff @(posedge clk) s3_port <= masquerade_port_base | (s2_port & masquerade_port_mask);
  delay #(.WIDTH(16), .CLOCKS(3)) port_delay (.clk(clk), .in(s3_port), .out(s6_port));
  delay #(.WIDTH(20), .CLOCKS(2)) endpoint_delay (.clk(clk), .in(s4_endpoint), .out(s6_endpoint));
  delay #(.WIDTH(card_pkg::TUPLE_IPV6_BITS), .CLOCKS(6)) tuple_delay (.clk(clk), .in(tuple), .out(s6_tuple));

  // Stage 7
  card_pkg::endpoint_row_t s7_row;
  card_pkg::tuple_ipv6_t s7_tuple;
  logic s7_valid, s7_frontend_bad, s7_dropped, s7_hit, s7_ttl_expired, s7_new_address, s7_new_port, s7_in_range, s7_is_hosts, s7_undirected;
  logic [1:0] s7_action;
  logic [15:0] s7_port;
  logic [19:0] s7_endpoint;
  assign s7_uses_rows = s7_hit && !s7_undirected && !s7_dropped &&
                        s7_action != card_pkg::FRONTEND_ACTION_REJECT[1:0];
  logic s6_frontend_bad;
  delay #(.WIDTH(1), .CLOCKS(6)) frontend_bad_delay (.clk(clk), .in(frontend_bad), .out(s6_frontend_bad));
  wire hairpin = s6_row.address == s6_tuple.source_address;
  always_ff @(posedge clk) begin
    s7_valid <= stage_valid[6];
    if (stage_valid[6]) begin
      s7_frontend_bad <= s6_frontend_bad;
      s7_row <= s6_row;
      s7_tuple <= s6_tuple;
      s7_hit <= s6_hit;
      s7_ttl_expired <= s6_ttl_expired;
      s7_action <= s6_action;
      s7_dropped <= s6_kept_out || s6_action == card_pkg::FRONTEND_ACTION_DROP[1:0];
      s7_in_range <= s6_in_range;
      s7_is_hosts <= s6_is_hosts;
      s7_over_quota <= s6_over_quota;
      s7_ipv6 <= s6_ipv6;
      s7_undirected <= (s6_action == card_pkg::FRONTEND_ACTION_HOST[1:0] || s6_unmet) && !s6_directed;
      s7_port <= s6_port;
      s7_endpoint <= s6_endpoint;
      s7_new_address <= s6_masquerade || hairpin;
      s7_new_port <= s6_masquerade || hairpin || s6_retry;
    end
  end

  // Stage 8
  localparam logic [95:0] MAPPED = 96'(card_pkg::MAPPED_IPV4_PREFIX);
  always_ff @(posedge clk) begin
    no_masquerade_ipv6 <= masquerade_ipv6_address == '0;
    candidate <= 1'b0;
    verdict <= card_pkg::VERDICT_PUNT[1:0];
    reason <= card_pkg::REASON_NONE[4:0];
    if (s7_is_hosts) reason <= card_pkg::REASON_HOST_CONNECTIONS[4:0];
    else if (s7_frontend_bad && !s7_hit) reason <= card_pkg::REASON_TABLE_PARITY[4:0];
    else if (!s7_hit && s7_in_range) reason <= card_pkg::REASON_SERVICE_RANGE[4:0];
    else if (!s7_hit) verdict <= card_pkg::VERDICT_PASS[1:0];
    else if (s7_dropped) begin
      verdict <= card_pkg::VERDICT_DROP[1:0];
      reason <= card_pkg::REASON_FRONTEND_DROP[4:0];
    end else if (s7_action == card_pkg::FRONTEND_ACTION_REJECT[1:0]) reason <= card_pkg::REASON_REJECT[4:0];
    else if (s7_undirected) reason <= card_pkg::REASON_HOST_DECIDES[4:0];
    else if (s7_slot_bad || s7_endpoint_bad) reason <= card_pkg::REASON_TABLE_PARITY[4:0];
    else if (!s7_row.valid) reason <= card_pkg::REASON_NO_ENDPOINT[4:0];
    else if (s7_ttl_expired) reason <= card_pkg::REASON_TTL_EXPIRED[4:0];
    else if (s7_ipv6 && s7_new_address && no_masquerade_ipv6) reason <= card_pkg::REASON_NO_MASQUERADE_ADDRESS[4:0];
    else if (s7_over_quota) begin
      verdict <= card_pkg::VERDICT_DROP[1:0];
      reason <= card_pkg::REASON_UNCONFIRMED_QUOTA[4:0];
    end else candidate <= 1'b1;
    reply_key.source_address <= s7_row.address;
    if (!s7_new_address) reply_key.destination_address <= s7_tuple.source_address;
    else reply_key.destination_address <= s7_ipv6 ? masquerade_ipv6_address : {MAPPED, masquerade_address};
    reply_key.source_port <= s7_row.port;
    reply_key.destination_port <= s7_new_port ? s7_port : s7_tuple.source_port;
    reply_key.protocol <= s7_tuple.protocol;
    next_hop <= s7_row.next_hop;
    endpoint <= s7_endpoint;
    out_tuple <= s7_tuple;
  end
endmodule

`default_nettype wire
