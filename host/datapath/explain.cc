#include "host/datapath/explain.h"

#include <optional>

#include "flow_tables/hash.h"
#include "flow_tables/placement.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

std::string Text(uint32_t address) { return Describe(Address(Ipv4Address{address})); }

// The row with the longest prefix; nothing: no row has the source.
std::optional<uint32_t> SourceRowOf(const Image& image, uint32_t address) {
  std::optional<uint32_t> longest;
  for (uint32_t i = 0; i < image.sources.size(); ++i) {
    const SourceRow& row = image.sources[i];
    const AddressPrefix prefix = Ipv4Prefix({row.address}, row.prefix_length);
    if (!row.valid || !prefix.Contains(Ipv4Address{address})) continue;
    if (!longest || image.sources[*longest].prefix_length < row.prefix_length) longest = i;
  }
  return longest;
}

std::optional<uint32_t> FrontendRowOf(const Image& image, const FlowKey& packet) {
  const Ipv4Address address = packet.destination.v4();
  const HashPair hashes = FrontendHashes(address, packet.destination_port, packet.protocol);
  const BucketGeometry geometry = FrontendGeometry(static_cast<uint32_t>(image.frontends.size()));
  for (uint32_t bank = 0; bank < kPlacementBanks; ++bank) {
    const uint32_t first = geometry.FirstRow(bank, hashes);
    for (uint32_t at = first; at < first + geometry.ways; ++at) {
      const FrontendRow& row = image.frontends[at];
      if (row.valid && row.destination_address == address.value &&
          row.destination_port == packet.destination_port &&
          row.protocol == static_cast<uint8_t>(packet.protocol)) {
        return at;
      }
    }
  }
  return std::nullopt;
}

// What one kind of client gets at a frontend.
struct Half {
  const char* name;
  FrontendAction action;
  bool masquerade;
  uint32_t log2;
  uint32_t base;
};

Half HalfOf(const FrontendRow& row, ClientClass client_class) {
  if (client_class == ClientClass::kOutside) {
    return {"outside", row.outside_action, row.outside_masquerade, row.outside_slots_log2,
            row.outside_slots_base};
  }
  return {"inside", row.inside_action, row.inside_masquerade, row.inside_slots_log2,
          row.inside_slots_base};
}

void AddChoice(const Image& image, const FlowKey& packet, const Half& half,
               std::vector<std::string>& lines) {
  const Tuple tuple{.source_address = packet.source.v4().value,
                    .destination_address = packet.destination.v4().value,
                    .source_port = packet.source_port,
                    .destination_port = packet.destination_port,
                    .protocol = static_cast<uint8_t>(packet.protocol)};
  const uint32_t slots = uint32_t{1} << half.log2;
  const uint32_t offset = SlotHash(tuple, image.configuration.slot_hash_seed) & (slots - 1);
  const uint32_t id = image.slots[half.base + offset].endpoint;
  const EndpointRow& endpoint = image.endpoints[id];
  lines.push_back(fmt::format("slots[{}], number {} of the run's {}: endpoint {}",
                              half.base + offset, offset, slots, id));
  lines.push_back(fmt::format("endpoints[{}]: {}:{}, next hop {}", id, Text(endpoint.address),
                              endpoint.port, endpoint.next_hop));
  const bool hairpin = endpoint.address == packet.source.v4().value;
  if (half.masquerade || hairpin) {
    lines.push_back(fmt::format("source becomes {}{}",
                                Describe(image.configuration.masquerade_address),
                                hairpin ? ": the client is the endpoint (hairpin)" : ""));
  }
}

std::string WhyNoFrontend(const Image& image, uint32_t destination) {
  for (size_t i = 0; i < kServiceRanges; ++i) {
    const ServiceRange& range = image.configuration.service_ranges[i];
    if (range.mask == 0 || (destination & range.mask) != range.address) continue;
    return fmt::format(
        "service-range {} ({} mask {}) holds the address: software, which refuses or passes it on",
        i, Text(range.address), Text(range.mask));
  }
  return "the card: passes by the other port";
}

}  // namespace

std::vector<std::string> RowsMet(const Image& image, const FlowKey& packet) {
  if (!packet.source.is_v4()) return {"software: the card's tables hold IPv4"};
  if (packet.protocol == Protocol::kSctp) return {"software: the card's tables hold TCP and UDP"};
  std::vector<std::string> lines;
  ClientClass client_class = ClientClass::kOutside;
  uint32_t range_sets = 0;
  if (const auto row = SourceRowOf(image, packet.source.v4().value)) {
    const SourceRow& source = image.sources[*row];
    client_class = source.client_class;
    range_sets = source.range_sets;
    lines.push_back(fmt::format("sources[{}]: {}/{} is {}", *row, Text(source.address),
                                source.prefix_length, Name(client_class)));
  } else {
    lines.push_back("sources: no row, outside");
  }
  const auto row = FrontendRowOf(image, packet);
  if (!row) {
    lines.push_back("frontends: no row");
    lines.push_back(WhyNoFrontend(image, packet.destination.v4().value));
    return lines;
  }
  const FrontendRow& frontend = image.frontends[*row];
  const Half half = HalfOf(frontend, client_class);
  lines.push_back(fmt::format("frontends[{}]: {}, {} half: {}{}", *row,
                              image.counter_names[frontend.counter], half.name, Name(half.action),
                              half.masquerade ? ", masquerade" : ""));
  if (frontend.range_set != 0) {
    const bool holds = (range_sets >> (frontend.range_set - 1) & 1) != 0;
    lines.push_back(fmt::format("source-range set {}: {}", frontend.range_set,
                                holds ? "holds the client" : "does not hold the client"));
    if (!holds) {
      lines.push_back("the card: drops it");
      return lines;
    }
  }
  switch (half.action) {
    case FrontendAction::kForward:
      AddChoice(image, packet, half, lines);
      lines.push_back("the card: records the connection and translates it");
      break;
    case FrontendAction::kDrop:
      lines.push_back("the card: drops it");
      break;
    case FrontendAction::kReject:
      lines.push_back("software: makes the TCP reset or the ICMP message");
      break;
    case FrontendAction::kHost:
      lines.push_back("software: decides on the first packet, the card carries the connection");
      break;
  }
  return lines;
}

}  // namespace pointsman
