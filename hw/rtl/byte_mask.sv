// The byte mask of a frame's last beat from the low bits of the frame's length: `bytes` ones, 0 meaning 64.
// Combinational, one level of logic.
`default_nettype none
module byte_mask (
    input  wire  [ 5:0] bytes,
    output logic [63:0] mask
);
  always_comb begin
    for (int i = 0; i < 64; i++) mask[i] = bytes == 6'd0 || bytes > 6'(i);
  end
endmodule
`default_nettype wire
