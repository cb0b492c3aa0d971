// Numbers of the tables as distinct types. Addresses and ports are in host byte order, as the
// card's rows hold them (10.0.0.1 is 0x0a000001).
#ifndef POINTSMAN_FLOW_TABLES_TYPES_H_
#define POINTSMAN_FLOW_TABLES_TYPES_H_

#include <compare>
#include <cstdint>

#include "hw/card_layout.h"

namespace pointsman {

struct Ipv4Address {
  uint32_t value = 0;
  friend auto operator<=>(const Ipv4Address&, const Ipv4Address&) = default;
};

// The 48 bits of a MAC address: 02:00:00:00:00:01 is 0x020000000001.
struct MacAddress {
  uint64_t value = 0;
  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};

// IANA protocol numbers that the tables carry.
enum class Protocol : uint8_t { kTcp = 6, kUdp = 17, kSctp = 132 };

// "TCP", "UDP", "SCTP"
constexpr const char* Name(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
    case Protocol::kSctp:
      break;
  }
  return "SCTP";
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_TYPES_H_
