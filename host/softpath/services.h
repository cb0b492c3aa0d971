// Small words of the software path. Of software_path*.cc alone.
#ifndef POINTSMAN_HOST_SOFTPATH_SERVICES_H_
#define POINTSMAN_HOST_SOFTPATH_SERVICES_H_

#include <cstdint>

#include "host/softpath/software_path.h"

namespace pointsman {

inline constexpr uint8_t kLowestHopLimitToForward = 2;

// A scout is settled after one round, or two where the host chooses the endpoint; more are for
// source ports that are taken.
inline constexpr uint8_t kRoundsMax = 4;

inline Port Other(Port port) { return port == Port::kUplink ? Port::kNode : Port::kUplink; }

inline PuntService Drop(Reason reason) { return {.fate = Fate::kDropped, .reason = reason}; }

inline PuntService PassOn(const HandedOver& packet) {
  return {.fate = Fate::kPassed,
          .egress = Other(packet.ingress),
          .frames = {{packet.frame.begin(), packet.frame.end()}}};
}

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_SERVICES_H_
