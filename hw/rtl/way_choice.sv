// Where a new connection goes: the lowest free way of the bucket in the bank that is preferred, or of the other one if
// there is none.
//
// Combinational, 4 levels of LUTs.
`default_nettype none

module way_choice #(
    parameter int WAYS = 16  // of a bucket
) (
    input wire logic [2*WAYS-1:0] free,  // bit = bank * WAYS + way
    input wire logic prefer,  // bank 1
    output logic any,
    output logic [2*WAYS-1:0] pick  // one-hot, or 0
);
  function automatic logic [WAYS-1:0] lowest(input logic [WAYS-1:0] bits);
    lowest = bits & (~bits + 1'b1);
  endfunction

  wire any_first = |free[WAYS-1:0];
  wire any_second = |free[2*WAYS-1:WAYS];
  wire second = any_second && (prefer || !any_first);
  assign any = any_first || any_second;
  assign pick = {lowest(free[2*WAYS-1:WAYS]) & {WAYS{second}}, lowest(free[WAYS-1:0]) & {WAYS{!second}}};
endmodule

`default_nettype wire
