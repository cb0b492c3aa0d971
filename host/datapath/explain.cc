#include "host/datapath/explain.h"

#include <bit>
#include <optional>

#include "flow_tables/flow.h"
#include "flow_tables/frontend_index.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

AddressPrefix PrefixOf(const SourceRow& row) {
  return {Address::FromBits(row.address), row.prefix_length};
}

// The row with the longest prefix; nothing: no row has the source.
std::optional<uint32_t> SourceRowOf(const Image& image, const Address& address) {
  std::optional<uint32_t> longest;
  for (uint32_t i = 0; i < image.sources.size(); ++i) {
    const SourceRow& row = image.sources[i];
    if (!row.valid || !PrefixOf(row).Contains(address)) continue;
    if (!longest || image.sources[*longest].prefix_length < row.prefix_length) longest = i;
  }
  return longest;
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

std::string MasqueradeText(const Configuration& configuration, bool v4) {
  if (v4) return "source becomes " + Describe(configuration.masquerade_address);
  if (configuration.masquerade_address_v6 == Bits128{}) {
    return "there is no address for the source to become: software, which drops it";
  }
  return "source becomes " + Describe(Address::FromBits(configuration.masquerade_address_v6));
}

void AddChoice(const Image& image, const FlowKey& packet, const Half& half, uint32_t affinity_group,
               std::vector<std::string>& lines) {
  if (affinity_group != 0) {
    lines.push_back(fmt::format(
        "affinity group {:#010x}: a client that table affinity knows meets its endpoint; for "
        "others software chooses, by this slot hash or whom they met",
        affinity_group));
  }
  const uint32_t slots = uint32_t{1} << half.log2;
  const uint32_t offset = FlowHash(packet, image.configuration.slot_hash_seed) & (slots - 1);
  const uint32_t id = image.slots[half.base + offset].endpoint;
  const EndpointRow& endpoint = image.endpoints[id];
  lines.push_back(fmt::format("slots[{}], number {} of the run's {}: endpoint {}",
                              half.base + offset, offset, slots, id));
  lines.push_back(fmt::format("endpoints[{}]: {}, next hop {}", id,
                              DescribeSocket(Address::FromBits(endpoint.address), endpoint.port),
                              endpoint.next_hop));
  const bool hairpin = endpoint.address == packet.source.bits();
  if (half.masquerade || hairpin) {
    lines.push_back(MasqueradeText(image.configuration, packet.source.is_v4()) +
                    (hairpin ? ": the client is the endpoint (hairpin)" : ""));
  }
}

std::string WhyNoFrontend(const Image& image, const Address& destination) {
  for (size_t i = 0; i < kServiceRanges; ++i) {
    const ServiceRange& range = image.configuration.service_ranges[i];
    if (!range.Contains(destination.bits())) continue;
    const AddressPrefix prefix{
        Address::FromBits(range.address),
        static_cast<uint8_t>(std::popcount(range.mask.high) + std::popcount(range.mask.low))};
    return fmt::format(
        "service range {} ({}) holds the address: software, which refuses or passes it on", i,
        Describe(prefix));
  }
  return "the card: passes by the other port";
}

}  // namespace

std::vector<std::string> RowsMet(const Image& image, const FlowKey& packet) {
  if (packet.protocol == Protocol::kSctp) return {"software: the card's tables hold TCP and UDP"};
  std::vector<std::string> lines;
  ClientClass client_class = ClientClass::kOutside;
  uint32_t range_sets = 0;
  if (const auto row = SourceRowOf(image, packet.source)) {
    const SourceRow& source = image.sources[*row];
    client_class = source.client_class;
    range_sets = source.range_sets;
    lines.push_back(
        fmt::format("sources[{}]: {} is {}", *row, Describe(PrefixOf(source)), Name(client_class)));
  } else {
    lines.push_back("sources: no row, outside");
  }
  const FrontendRow* row = FindFrontendRow(
      image.frontends, {packet.destination, packet.destination_port, packet.protocol});
  if (row == nullptr) {
    lines.push_back("frontends: no row");
    lines.push_back(WhyNoFrontend(image, packet.destination));
    return lines;
  }
  const FrontendRow& frontend = *row;
  const Half half = HalfOf(frontend, client_class);
  lines.push_back(fmt::format("frontends[{}]: {}, {} half: {}{}", row - image.frontends.data(),
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
      AddChoice(image, packet, half, frontend.affinity_group, lines);
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
