// What the host does with a packet that a card (or the pipeline) handed over. Pure.
#ifndef POINTSMAN_HOST_SOFTPATH_PUNTS_H_
#define POINTSMAN_HOST_SOFTPATH_PUNTS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "flow_tables/types.h"

namespace pointsman {

// A packet that was handed over. Borrowed for the call.
struct HandedOver {
  std::span<const uint8_t> frame;
  Port ingress = Port::kUplink;
  Reason reason = Reason::kNone;
  uint8_t attempt = 0;
};

struct PuntService {
  // Process the packet again with this candidate for its source port.
  std::optional<uint8_t> retry_attempt;
  // Else send this by `egress`; empty: the packet is dropped.
  Port egress = Port::kUplink;
  std::vector<uint8_t> frame;
};

// `node_address` is the source of what the node itself has to say (ICMP time exceeded).
PuntService ServePunt(const HandedOver& packet, Ipv4Address node_address);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_PUNTS_H_
