// What a fake card in a child process is told by frames.
#ifndef POINTSMAN_TESTS_HOST_CARDD_FAKE_ORDERS_H_
#define POINTSMAN_TESTS_HOST_CARDD_FAKE_ORDERS_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "hw/card_layout.h"

namespace pointsman::cardd {

inline constexpr size_t kOrderAt = 14;

enum class FakeOrder : uint8_t {
  kTell,     // the event line that follows
  kAllOnes,  // every register reads all ones
  kDecay,    // endpoints[7] reads back differently
  kHang,
  kExit,  // with code 7
};

inline std::vector<uint8_t> OrderFrame(FakeOrder order, const LineBits& line = {}) {
  std::vector<uint8_t> frame(kOrderAt + 1 + sizeof(line));
  frame[12] = 0x88;
  frame[13] = 0xb5;
  frame[kOrderAt] = static_cast<uint8_t>(order);
  std::memcpy(&frame[kOrderAt + 1], line.data(), sizeof(line));
  return frame;
}

}  // namespace pointsman::cardd

#endif  // POINTSMAN_TESTS_HOST_CARDD_FAKE_ORDERS_H_
