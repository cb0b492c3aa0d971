// The XOR of many bits: folded to a sixth of their number again and again, as a LUT has six inputs. Written as one XOR
// it would be mapped in pairs, which takes more levels.
//
// Combinational: 3 levels of LUTs up to 216 bits, 4 up to 1296.
`default_nettype none

module xor_tree #(
    parameter int WIDTH = 8  // at most 1296
) (
    input wire logic [WIDTH-1:0] in,
    output logic out
);
  localparam int FIRST = (WIDTH + 5) / 6;
  localparam int SECOND = (FIRST + 5) / 6;
  localparam int THIRD = (SECOND + 5) / 6;

  wire [6*FIRST-1:0] row = (6 * FIRST)'(in);
  logic [FIRST-1:0] first;
  wire [6*SECOND-1:0] first_row = (6 * SECOND)'(first);
  logic [SECOND-1:0] second;
  wire [6*THIRD-1:0] second_row = (6 * THIRD)'(second);
  logic [THIRD-1:0] third;
  always_comb begin
    first = '0;
    for (int i = 0; i < 6; i++) first = first ^ row[i*FIRST+:FIRST];
  end
  always_comb begin
    second = '0;
    for (int i = 0; i < 6; i++) second = second ^ first_row[i*SECOND+:SECOND];
  end
  always_comb begin
    third = '0;
    for (int i = 0; i < 6; i++) third = third ^ second_row[i*THIRD+:THIRD];
  end
  assign out = ^third;

  initial if (WIDTH > 1296) $fatal(1, "xor_tree: at most 1296 bits");
endmodule

`default_nettype wire
