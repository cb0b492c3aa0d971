// Wall time as connections count it.
#ifndef POINTSMAN_HOST_SOFTPATH_TICK_H_
#define POINTSMAN_HOST_SOFTPATH_TICK_H_

#include <cstdint>

#include "absl/time/time.h"
#include "flow_tables/connection_life.h"

namespace pointsman {

// The tick that `now` belongs to.
inline uint32_t TickOf(absl::Time now) {
  return static_cast<uint32_t>(absl::ToUnixMillis(now) * kTicksPerSecond / 1000) & kTickMask;
}

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_TICK_H_
