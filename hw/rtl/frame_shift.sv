// Takes the first bytes of a frame away: none, a VLAN tag's 4 (the MAC addresses, which are written anew, move back by as
// much), or a tunnel's headers. A beat gets what it lacks from the next one, and a last beat that gives away all it has is no
// more.
//
// Combinational; the beat and the one behind it are there at once.
`default_nettype none

module frame_shift (
    input wire logic tag,  // 4 bytes go; or
    input wire logic tunnel,  // TUNNEL_BYTES
    input wire logic first,
    input wire logic last,
    input wire logic [511:0] data,
    input wire logic [63:0] keep,
    input wire logic next,  // there is a next beat of this frame
    input wire logic [511:0] next_data,
    input wire logic [63:0] next_keep,
    output logic out_none,  // all of this beat went with the one before
    output logic out_last,
    output logic [511:0] out_data,
    output logic [63:0] out_keep
);
  localparam int TAG_BYTES = 4;
  localparam int TUNNEL_BYTES = card_pkg::TUNNEL_BYTES;
  wire [63:0] behind = next ? next_keep : '0;

  always_comb begin
    out_data = data;
    out_keep = keep;
    out_last = last;
    if (tag) begin
      out_data = {next_data[TAG_BYTES*8-1:0], data[511:TAG_BYTES*8]};
      out_keep = {behind[TAG_BYTES-1:0], keep[63:TAG_BYTES]};
      out_last = !behind[TAG_BYTES];
    end
    if (tunnel) begin
      out_data = {next_data[TUNNEL_BYTES*8-1:0], data[511:TUNNEL_BYTES*8]};
      out_keep = {behind[TUNNEL_BYTES-1:0], keep[63:TUNNEL_BYTES]};
      out_last = !behind[TUNNEL_BYTES];
    end
  end
  assign out_none = !first && ((tag && !keep[TAG_BYTES]) || (tunnel && !keep[TUNNEL_BYTES]));
endmodule

`default_nettype wire
