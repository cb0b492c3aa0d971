// The content of every table that the host fills, row by row as the card holds it, and the
// configuration registers. The software pipeline reads the same image. A plain value: copying it is
// a snapshot.
#ifndef POINTSMAN_FLOW_TABLES_IMAGE_H_
#define POINTSMAN_FLOW_TABLES_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/forwarding.h"

namespace pointsman {

// What the registers slot-hash-seed and masquerade-* hold.
struct Configuration {
  uint32_t slot_hash_seed = 0;
  Ipv4Address masquerade_address;
  MasqueradePorts masquerade_ports;
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
  friend bool operator==(const Image&, const Image&) = default;
};

// All tables zero: every frame passes.
Image EmptyImage(const CardSizes& sizes);

// The image of `wanted`, made as an heir of `previous`: what stays keeps its rows and ids, and what
// is new takes only rows that `previous` does not use, so that a plan between the two can make
// before it breaks. Errors, naming the frontend or table: ResourceExhausted when a table has no
// room, InvalidArgument for a repeated frontend or source.
absl::StatusOr<Image> BuildImage(const Forwarding& wanted, const Image& previous);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_IMAGE_H_
