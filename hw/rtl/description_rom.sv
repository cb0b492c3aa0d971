// The device tree blob that describes this card, as little-endian words; 0 behind its end.
//
// Latency: 2 clocks.
`default_nettype none
module description_rom #(
    parameter ROM_FILE = "card_rom.hex"  // for $readmemh, as the generator writes it
) (
    input wire clk,
    input wire [12:0] index,
    output logic [31:0] word
);
  localparam WORDS = (card_pkg::DESCRIPTION_BYTES_VALUE + 3) / 4;

  (* rom_style = "block" *) logic [31:0] memory[WORDS];
  initial $readmemh(ROM_FILE, memory);

  logic [31:0] fetched;
  logic in_blob;
  always_ff @(posedge clk) begin
    fetched <= memory[index[$clog2(WORDS)-1:0]];
    in_blob <= index < 13'(WORDS);
    word <= in_blob ? fetched : '0;
  end
endmodule
`default_nettype wire
