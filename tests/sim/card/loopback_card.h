// The registers of the test double, loopback_card.sv.
#ifndef POINTSMAN_TESTS_SIM_CARD_LOOPBACK_CARD_H_
#define POINTSMAN_TESTS_SIM_CARD_LOOPBACK_CARD_H_

#include <cstdint>

namespace pointsman::loopback {

inline constexpr uint32_t kMagic = 0x00;
inline constexpr uint32_t kMagicValue = 0x4c4f4f50;
inline constexpr uint32_t kClockCount = 0x04;
inline constexpr uint32_t kFramesCrossed = 0x08;
inline constexpr uint32_t kScratch = 0x10;
inline constexpr uint32_t kCopyFrom = 0x80;  // 64 bits: low word, high word
inline constexpr uint32_t kCopyTo = 0x88;
inline constexpr uint32_t kCopyLines = 0x90;
inline constexpr uint32_t kCopyStart = 0x94;  // reads 1 while copying
inline constexpr uint32_t kMisbehave = 0x98;
inline constexpr uint32_t kNoRegister = 0x200;

// Values of kMisbehave.
inline constexpr uint32_t kHang = 1;
inline constexpr uint32_t kFailAssertion = 2;
inline constexpr uint32_t kFinish = 3;
inline constexpr uint32_t kGapsToNode = 4;
inline constexpr uint32_t kCrossBorder = 5;

}  // namespace pointsman::loopback

#endif  // POINTSMAN_TESTS_SIM_CARD_LOOPBACK_CARD_H_
