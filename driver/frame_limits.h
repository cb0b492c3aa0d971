// How short a frame may be; how long is the card's own limit (CardDescription::frame_bytes_max).
#ifndef POINTSMAN_DRIVER_FRAME_LIMITS_H_
#define POINTSMAN_DRIVER_FRAME_LIMITS_H_

#include <cstdint>

namespace pointsman {

inline constexpr uint32_t kFrameBytesMin = 14;  // an Ethernet header

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_FRAME_LIMITS_H_
