// Steps 3 and 4 of docs/card.md, as far as the image alone decides.
#include <algorithm>
#include <bit>
#include <optional>

#include "flow_tables/hash.h"
#include "flow_tables/pipeline.h"
#include "flow_tables/pipeline_outcomes.h"

namespace pointsman {
namespace {

// What one kind of client gets at a frontend.
struct Half {
  FrontendAction action;
  bool masquerade;
  uint8_t slots_log2;
  uint32_t slots_base;
};

Half HalfFor(const FrontendRow& row, ClientClass client_class) {
  if (client_class == ClientClass::kOutside) {
    return {row.outside_action, row.outside_masquerade, row.outside_slots_log2,
            row.outside_slots_base};
  }
  return {row.inside_action, row.inside_masquerade, row.inside_slots_log2, row.inside_slots_base};
}

// By the host, which has looked at it.
bool IsGivenBack(const Packet& packet) {
  return packet.directed_endpoint.has_value() || packet.attempt != 0;
}

bool HostHasConnections(const HostProtocols& host, uint8_t protocol) {
  return protocol == static_cast<uint8_t>(Protocol::kTcp) ? host.tcp : host.udp;
}

bool IsInSet(const Client& client, uint8_t range_set) {
  return range_set == 0 || (client.range_sets >> (range_set - 1) & 1) != 0;
}

bool MasqueradesTo(const Configuration& configuration, uint32_t& address) {
  address = configuration.masquerade_address.value;
  return true;
}

// False: there is no address for it.
bool MasqueradesTo(const Configuration& configuration, Bits128& address) {
  address = configuration.masquerade_address_v6;
  return address != Bits128{};
}

// The translation of a connection's first packet; `masquerade`: the source changes too. Nothing:
// there is no address to masquerade to.
template <class Family>
std::optional<typename Family::To> OriginalTranslation(const Configuration& configuration,
                                                       const typename Family::Key& tuple,
                                                       const MasqueradePorts& ports,
                                                       const EndpointRow& endpoint, bool masquerade,
                                                       uint32_t hash, uint8_t attempt) {
  typename Family::To to{.new_source_address = tuple.source_address,
                         .new_destination_address = Family::FromRow(endpoint.address),
                         .new_source_port = tuple.source_port,
                         .new_destination_port = endpoint.port,
                         .next_hop = endpoint.next_hop};
  if (masquerade && !MasqueradesTo(configuration, to.new_source_address)) return std::nullopt;
  if (masquerade || attempt != 0) {
    const uint32_t candidate = (hash >> 16) + attempt * kSourcePortStride;
    to.new_source_port = static_cast<uint16_t>(ports.base | (candidate & ports.mask));
  }
  return to;
}

}  // namespace

template <class Family>
void Pipeline::StartPlan(const typename Family::Key& tuple, Plan<Family>& plan) const {
  plan.frontend_hashes = FrontendHashes(Address::FromBits(Family::ToRow(tuple.destination_address)),
                                        tuple.destination_port, Protocol{tuple.protocol});
  plan.frontend_candidates = frontend_tags_.Candidates(plan.frontend_hashes);
  for (uint32_t left = plan.frontend_candidates; left != 0; left &= left - 1) {
    const auto bit = static_cast<uint32_t>(std::countr_zero(left));
    const FrontendRow* row = &image_->frontends[frontend_tags_.RowOf(plan.frontend_hashes, bit)];
    __builtin_prefetch(row);
    __builtin_prefetch(reinterpret_cast<const char*>(row + 1) - 1);
  }
}

template <class Family>
void Pipeline::ChooseSlot(const Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                          Plan<Family>& plan) const {
  const auto& tuple = parsed.tuple;
  plan.connects = false;
  if (HostHasConnections(image_->configuration.host_protocols, tuple.protocol) &&
      !IsGivenBack(packet)) [[unlikely]] {
    plan.refusal = PuntFor(Reason::kHostConnections);
    return;
  }
  const FrontendRow* frontend = FindFrontend<Family>(tuple, plan);
  if (frontend == nullptr) {
    plan.refusal = WithoutFrontend(packet, Family::ToRow(tuple.destination_address));
    return;
  }
  const Client& client = sources_.Find(tuple.source_address);
  const Half half = HalfFor(*frontend, client.client_class);
  if (half.action == FrontendAction::kDrop || !IsInSet(client, frontend->range_set)) {
    plan.refusal = DropFor(Reason::kFrontendDrop);
    return;
  }
  if (half.action == FrontendAction::kReject) {
    plan.refusal = PuntFor(Reason::kReject);
    return;
  }
  if (half.action == FrontendAction::kHost && !packet.directed_endpoint) {
    plan.refusal = PuntFor(Reason::kHostDecides);
    return;
  }
  plan.hash = SlotHash(tuple, image_->configuration.slot_hash_seed);
  plan.masquerade = half.masquerade;
  plan.client_next_hop = client.next_hop;
  plan.frontend_counter = frontend->counter;
  const uint32_t slots_mask = (uint32_t{1} << half.slots_log2) - 1;
  plan.slot = half.slots_base + (plan.hash & slots_mask);
  if (frontend->affinity_group != 0 && !packet.directed_endpoint) [[unlikely]] {
    const auto met = SlotByAffinity(frontend->affinity_group, Family::ToRow(tuple.source_address),
                                    half.slots_base, slots_mask);
    if (!met) {
      plan.refusal = PuntFor(Reason::kHostDecides);
      return;
    }
    plan.slot = *met;
  }
  plan.connects = true;
  __builtin_prefetch(&RowAt(image_->slots, plan.slot));
}

template <class Family>
void Pipeline::MakePlan(const Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                        Plan<Family>& plan) {
  if (!plan.connects) return;
  plan.connects = false;
  const auto& tuple = parsed.tuple;
  const uint32_t endpoint_id =
      packet.directed_endpoint.value_or(RowAt(image_->slots, plan.slot).endpoint);
  const EndpointRow& endpoint = RowAt(image_->endpoints, endpoint_id);
  if (!endpoint.valid) {
    plan.refusal = PuntFor(Reason::kNoEndpoint);
    return;
  }
  if (*(HeaderOf(packet, parsed) + Family::kHopLimit) < kLowestTtlToForward) {
    plan.refusal = PuntFor(Reason::kTtlExpired);
    return;
  }
  const bool hairpin = endpoint.address == Family::ToRow(tuple.source_address);
  auto to = OriginalTranslation<Family>(image_->configuration, tuple, masquerade_ports_, endpoint,
                                        plan.masquerade || hairpin, plan.hash, packet.attempt);
  if (!to) {
    plan.refusal = PuntFor(Reason::kNoMasqueradeAddress);
    return;
  }
  to->frontend_counter = plan.frontend_counter;
  to->endpoint = endpoint_id;
  plan.connects = true;
  plan.connection = MakeConnection<Family>(tuple, *to, plan.client_next_hop);
  plan.connection.last_seen = tick_;
  plan.reply_placement = Table<Family>().Hash(ReplyKey(plan.connection));
}

std::optional<uint32_t> Pipeline::SlotByAffinity(uint32_t group, const Bits128& client,
                                                 uint32_t slots_base, uint32_t slots_mask) const {
  const AffinityRow* met = affinity_.Find(group, client);
  if (met == nullptr || (met->slot & ~slots_mask) != slots_base) return std::nullopt;
  if (RowAt(image_->slots, met->slot).endpoint != met->endpoint) return std::nullopt;
  return met->slot;
}

// To an address of Services the host looks after it, else it passes.
Outcome Pipeline::WithoutFrontend(const Packet& packet, const Bits128& destination) const {
  const bool watched =
      std::ranges::any_of(image_->configuration.service_ranges,
                          [&](const ServiceRange& range) { return range.Contains(destination); });
  return watched ? PuntFor(Reason::kServiceRange) : PassFrom(packet.ingress);
}

// nullptr: none.
template <class Family>
const FrontendRow* Pipeline::FindFrontend(const typename Family::Key& tuple,
                                          const Plan<Family>& plan) const {
  const Bits128 address = Family::ToRow(tuple.destination_address);
  const FrontendRow* found = nullptr;
  for (uint32_t left = plan.frontend_candidates; left != 0; left &= left - 1) {
    const auto bit = static_cast<uint32_t>(std::countr_zero(left));
    const FrontendRow& row = image_->frontends[frontend_tags_.RowOf(plan.frontend_hashes, bit)];
    if (row.valid && row.destination_address == address &&
        row.destination_port == tuple.destination_port && row.protocol == tuple.protocol) {
      found = &row;
    }
  }
  return found;
}

template void Pipeline::StartPlan<Ipv4>(const Tuple&, Plan<Ipv4>&) const;
template void Pipeline::StartPlan<Ipv6>(const TupleIpv6&, Plan<Ipv6>&) const;
template void Pipeline::ChooseSlot<Ipv4>(const Packet&, const Parsed&, Plan<Ipv4>&) const;
template void Pipeline::ChooseSlot<Ipv6>(const Packet&, const ParsedIpv6&, Plan<Ipv6>&) const;
template void Pipeline::MakePlan<Ipv4>(const Packet&, const Parsed&, Plan<Ipv4>&);
template void Pipeline::MakePlan<Ipv6>(const Packet&, const ParsedIpv6&, Plan<Ipv6>&);

}  // namespace pointsman
