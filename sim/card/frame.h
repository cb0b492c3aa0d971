// An Ethernet frame as it crosses a port of the card: without preamble and frame check sequence.
#ifndef POINTSMAN_SIM_CARD_FRAME_H_
#define POINTSMAN_SIM_CARD_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pointsman {

// A MAC pads what is shorter (IEEE 802.3: 64 bytes with the 4 of the check sequence).
inline constexpr size_t kMinFrameBytes = 60;
// A jumbo frame of 9000 bytes with VLAN tags and VXLAN outside it fits well.
inline constexpr size_t kMaxFrameBytes = 9600;

struct Frame {
  std::vector<uint8_t> bytes;
  // Into the card: the MAC found a bad check sequence (tuser with the last beat).
  bool damaged = false;
  // Out of the card: simulated time of the last beat, counted from the card's start.
  uint64_t time_ns = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_FRAME_H_
