// Where the ports of the module `pointsman_card` live, so that a port model reads and drives the
// Verilated card in place, and a unit test can put plain variables there.
//
// Widths: a 512-bit bus is 16 32-bit words, word 0 holding bits 31..0, so on a little-endian host
// byte i of a beat is byte i of the array. All pointers are borrowed and outlive the port models.
#ifndef POINTSMAN_SIM_CARD_PINS_H_
#define POINTSMAN_SIM_CARD_PINS_H_

#include <cstddef>
#include <cstdint>

namespace pointsman {

inline constexpr size_t kBeatBytes = 64;

// s_axi_control: the card is the slave.
struct AxiLitePins {
  uint16_t* awaddr;
  uint8_t* awvalid;
  const uint8_t* awready;
  uint32_t* wdata;
  uint8_t* wstrb;
  uint8_t* wvalid;
  const uint8_t* wready;
  const uint8_t* bresp;
  const uint8_t* bvalid;
  uint8_t* bready;
  uint16_t* araddr;
  uint8_t* arvalid;
  const uint8_t* arready;
  const uint32_t* rdata;
  const uint8_t* rresp;
  const uint8_t* rvalid;
  uint8_t* rready;
};

// m_axi_host: the card is the master.
struct AxiMemoryPins {
  const uint64_t* awaddr;
  const uint8_t* awlen;
  const uint8_t* awsize;
  const uint8_t* awburst;
  const uint8_t* awvalid;
  uint8_t* awready;
  const uint32_t* wdata;
  const uint64_t* wstrb;
  const uint8_t* wlast;
  const uint8_t* wvalid;
  uint8_t* wready;
  uint8_t* bresp;
  uint8_t* bvalid;
  const uint8_t* bready;
  const uint64_t* araddr;
  const uint8_t* arlen;
  const uint8_t* arsize;
  const uint8_t* arburst;
  const uint8_t* arvalid;
  uint8_t* arready;
  uint32_t* rdata;
  uint8_t* rresp;
  uint8_t* rlast;
  uint8_t* rvalid;
  const uint8_t* rready;
};

// s_axis_*_rx: beats into the card; there is no tready, as on a CMAC.
struct StreamRxPins {
  uint32_t* tdata;
  uint64_t* tkeep;
  uint8_t* tlast;
  uint8_t* tuser;
  uint8_t* tvalid;
};

// m_axis_*_tx: beats out of the card.
struct StreamTxPins {
  const uint32_t* tdata;
  const uint64_t* tkeep;
  const uint8_t* tlast;
  const uint8_t* tvalid;
  uint8_t* tready;
};

struct CardPins {
  uint8_t* ap_clk;
  uint8_t* ap_rst_n;
  AxiLitePins control;
  AxiMemoryPins host;
  StreamRxPins uplink_rx;
  StreamTxPins uplink_tx;
  StreamRxPins node_rx;
  StreamTxPins node_tx;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PINS_H_
