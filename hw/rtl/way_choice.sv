// Where a new connection goes: the bank whose bucket has more free ways (bank 0 if equal), there the lowest free way.
// Two choices and the emptier one fill a table to about half before the first pair of buckets is full (./figures card).
//
// Combinational, 4 levels of LUTs: numbers are compared as thermometers (bit k: more than k ways are free).
`default_nettype none

module way_choice (
    input wire logic [7:0] free,  // bit = bank * 4 + way
    output logic any,
    output logic [7:0] pick  // one-hot, or 0
);
  function automatic logic [3:0] thermometer(input logic [3:0] bits);
    thermometer = {
      &bits,
      (bits[0] & bits[1] & (bits[2] | bits[3])) | (bits[2] & bits[3] & (bits[0] | bits[1])),
      (bits[0] & bits[1]) | (bits[2] & bits[3]) | ((bits[0] | bits[1]) & (bits[2] | bits[3])),
      |bits
    };
  endfunction

  function automatic logic [3:0] lowest(input logic [3:0] bits);
    lowest = {bits[3] & ~|bits[2:0], bits[2] & ~|bits[1:0], bits[1] & ~bits[0], bits[0]};
  endfunction

  wire bank = |(thermometer(free[7:4]) & ~thermometer(free[3:0]));
  assign any = |free;
  assign pick = {lowest(free[7:4]) & {4{bank}}, lowest(free[3:0]) & {4{!bank}}};
endmodule

`default_nettype wire
