// What a packet's key meets in an image, read the plain way: the reference for tests of plan and
// image, and independent of the pipeline.
#ifndef POINTSMAN_TESTS_FLOW_TABLES_IMAGE_LOOKUP_H_
#define POINTSMAN_TESTS_FLOW_TABLES_IMAGE_LOOKUP_H_

#include <optional>

#include "flow_tables/flow.h"
#include "flow_tables/hash.h"
#include "flow_tables/image.h"
#include "flow_tables/placement.h"
#include "gmock/gmock.h"

namespace pointsman {

struct ClientAnswer {
  ClientClass client_class = ClientClass::kOutside;
  uint32_t range_sets = 0;
  NextHopRow next_hop;  // where replies go
  friend bool operator==(const ClientAnswer&, const ClientAnswer&) = default;
};

inline ClientAnswer LookUpClient(const Image& image, const Address& address) {
  const SourceRow* longest = nullptr;
  for (const SourceRow& row : image.sources) {
    const AddressPrefix prefix{Address::FromBits(row.address), row.prefix_length};
    if (!row.valid || !prefix.Contains(address)) continue;
    if (longest == nullptr || row.prefix_length > longest->prefix_length) longest = &row;
  }
  if (longest == nullptr) {
    return {
        .client_class = ClientClass::kOutside, .range_sets = 0, .next_hop = image.next_hops.at(0)};
  }
  return {.client_class = longest->client_class,
          .range_sets = longest->range_sets,
          .next_hop = image.next_hops.at(longest->next_hop)};
}

struct ServiceAnswer {
  bool found = false;    // a frontend
  bool admitted = true;  // by the source ranges
  FrontendAction action{};
  bool masquerade = false;
  uint16_t counter = 0;
  EndpointRow endpoint;  // for action forward; next_hop is the row below, not the id
  NextHopRow next_hop;
  friend bool operator==(const ServiceAnswer&, const ServiceAnswer&) = default;
};

// The one row that holds the destination. While it moves there are two: they must be equal, for the
// card takes the OR of all that match.
inline std::optional<FrontendRow> FindFrontend(const Image& image, const FlowKey& key) {
  const auto geometry = FrontendGeometry(image.sizes.frontends);
  const HashPair hashes = FrontendHashes(key.destination, key.destination_port, key.protocol);
  std::optional<FrontendRow> found;
  for (const uint32_t bank : {0, 1}) {
    const uint32_t first = geometry.FirstRow(bank, hashes);
    for (uint32_t row = first; row < first + geometry.ways; ++row) {
      const FrontendRow& held = image.frontends.at(row);
      if (held.valid && held.destination_address == key.destination.bits() &&
          held.destination_port == key.destination_port &&
          held.protocol == static_cast<uint8_t>(key.protocol)) {
        EXPECT_TRUE(!found || *found == held) << "two different rows of one frontend";
        found = held;
      }
    }
  }
  return found;
}

inline ServiceAnswer LookUpService(const Image& image, const FlowKey& key, bool inside) {
  const auto frontend = FindFrontend(image, key);
  if (!frontend) return {};
  const uint32_t client_sets = LookUpClient(image, key.source).range_sets;
  const bool admitted =
      frontend->range_set == 0 || (client_sets >> (frontend->range_set - 1) & 1) != 0;
  ServiceAnswer answer{
      .found = true,
      .admitted = admitted,
      .action = inside ? frontend->inside_action : frontend->outside_action,
      .masquerade = inside ? frontend->inside_masquerade : frontend->outside_masquerade,
      .counter = frontend->counter,
      .endpoint = {},
      .next_hop = {}};
  if (answer.action != FrontendAction::kForward) return answer;
  const uint32_t base = inside ? frontend->inside_slots_base : frontend->outside_slots_base;
  const uint32_t log2 = inside ? frontend->inside_slots_log2 : frontend->outside_slots_log2;
  const uint32_t hash = FlowHash(key, image.configuration.slot_hash_seed);
  const uint32_t slot = base + (hash & ((uint32_t{1} << log2) - 1));
  answer.endpoint = image.endpoints.at(image.slots.at(slot).endpoint);
  answer.next_hop = image.next_hops.at(answer.endpoint.next_hop);
  answer.endpoint.next_hop = 0;
  return answer;
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_FLOW_TABLES_IMAGE_LOOKUP_H_
