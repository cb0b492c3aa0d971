// Cuts the lines that may be moved between a ring and the card into bursts: at most 64 lines, never over a 4 KiB border
// nor over the ring's end. Knows nothing of the data.
//
// Throughput: a burst in 6 clocks. A burst under request is withdrawn when `run` goes to 0.
`default_nettype none
module ring_bursts (
    input wire clk,
    input wire rst,  // the index returns to 0
    input wire run,

    input wire [63:0] base,
    input wire [4:0] lines_log2,
    // Lines that may be moved from `index` on, as ring and card have it, 64 for more; 2 clocks after `issued`.
    input wire [6:0] available,
    input wire [6:0] room,

    output logic request_valid,
    input wire request_ready,
    output logic [63:0] request_address,
    output logic [6:0] request_beats,

    output logic issued,        // the request was taken in the clock before
    output logic [31:0] index   // lines requested, ever
);
  localparam logic [2:0] Size = 3'd0, Cut = 3'd1, Request = 3'd2, Charge = 3'd3, Settle = 3'd4;

  logic [2:0] state;
  logic [31:0] place_mask;
  logic [5:0] chunk_mask;  // a ring of less than 64 lines ends sooner than a 64-line chunk
  logic near_end;          // less than 64 lines are left before the ring's end
  logic [6:0] wanted, to_end, to_border, least;

  assign to_border = 7'd64 - 7'(request_address[11:6]);
  assign least = wanted < to_end ? wanted : to_end;
  assign request_valid = state == Request;

  always_ff @(posedge clk) begin
    place_mask <= (32'd1 << lines_log2) - 32'd1;
    chunk_mask <= place_mask[5:0];
    near_end <= (index[31:6] | ~place_mask[31:6]) == '1;  // `index` has stood for 2 clocks in Size
    if (state == Size) begin
      request_address <= {base[63:6], 6'd0} + 64'({index & place_mask, 6'd0});
      wanted <= available < room ? available : room;
      to_end <= near_end ? 7'd1 + {1'b0, chunk_mask} - {1'b0, index[5:0] & chunk_mask} : 7'd64;
    end
    if (state == Cut) request_beats <= least < to_border ? least : to_border;
  end

  always_ff @(posedge clk) begin
    issued <= 1'b0;
    unique case (state)
      Size: if (run && available != '0 && room != '0) state <= Cut;
      Cut: state <= Request;
      Request: begin
        if (request_ready) begin
          state <= Charge;
          issued <= 1'b1;
          index <= index + 32'(request_beats);
        end else if (!run) begin
          state <= Size;
        end
      end
      Charge: state <= Settle;
      default: state <= Size;
    endcase
    if (rst) begin
      state <= Size;
      issued <= 1'b0;
      index <= '0;
    end
  end
endmodule
`default_nettype wire
