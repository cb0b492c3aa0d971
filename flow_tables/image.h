// The content of every table that the host fills, row by row as the card holds it, and the
// configuration registers. The software pipeline reads the same image. A plain value: copying it is
// a snapshot.
#ifndef POINTSMAN_FLOW_TABLES_IMAGE_H_
#define POINTSMAN_FLOW_TABLES_IMAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/connection_life.h"
#include "flow_tables/forwarding.h"

namespace pointsman {

// Addresses of either family that only Services have: (address & mask) == range's address. Mask 0:
// not used.
struct ServiceRange {
  Bits128 address{};
  Bits128 mask{};
  constexpr bool Contains(const Bits128& other) const {
    return mask != Bits128{} && (other.low & mask.low) == address.low &&
           (other.high & mask.high) == address.high;
  }
  friend bool operator==(const ServiceRange&, const ServiceRange&) = default;
};
inline constexpr size_t kServiceRanges = kServiceRangesWords / 8;

// Bits of range-sets in a row of sources.
inline constexpr size_t kRangeSets = 32;

// What the host carries by itself: SCTP, and connections over TCP or UDP that the card has no room
// for.
struct HostProtocols {
  bool sctp = false;
  bool tcp = false;
  bool udp = false;
  friend bool operator==(const HostProtocols&, const HostProtocols&) = default;
};

// What the registers slot-hash-seed, masquerade-*, vxlan-*, host-protocols, service-ranges,
// timeout-* and unconfirmed-quota hold.
struct Configuration {
  uint32_t slot_hash_seed = 0;
  Ipv4Address masquerade_address;
  Bits128 masquerade_address_v6{};  // 0: there is none
  MasqueradePorts masquerade_ports;
  Tunnel tunnel{};
  HostProtocols host_protocols{};
  std::array<ServiceRange, kServiceRanges> service_ranges{};
  ConnectionTimeouts timeouts{};
  uint32_t unconfirmed_quota = 0;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

struct Image {
  CardSizes sizes;
  Configuration configuration;
  std::vector<FrontendRow> frontends;  // each vector has as many rows as `sizes` says
  std::vector<SourceRow> sources;
  std::vector<SlotRow> slots;
  std::vector<EndpointRow> endpoints;
  std::vector<NextHopRow> next_hops;
  // Frontend::name by row of frontend-counters; empty where the counter is free.
  std::vector<std::string> counter_names;
  // The source-range sets by number, from 1; empty where the number is free.
  std::array<std::vector<AddressPrefix>, kRangeSets> range_sets{};
  friend bool operator==(const Image&, const Image&) = default;
};

// All tables zero: every frame passes.
Image EmptyImage(const CardSizes& sizes);

// The image of `wanted`, made as an heir of `previous` in one step (image_keeper.h says how): what
// stays keeps its rows and ids. Errors, naming table and object: those of ImageKeeper::Replace, and
// ResourceExhausted where a frontend does not fit. REQUIRES: `previous` is from EmptyImage or
// BuildImage.
absl::StatusOr<Image> BuildImage(const Forwarding& wanted, const Image& previous);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_IMAGE_H_
