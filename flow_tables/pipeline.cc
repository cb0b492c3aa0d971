#include "flow_tables/pipeline.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "flow_tables/pipeline_outcomes.h"

namespace pointsman {
namespace {

std::vector<Hop> MakeHops(const Image& image) {
  std::vector<Hop> hops;
  hops.reserve(image.next_hops.size());
  for (const NextHopRow& row : image.next_hops) {
    hops.push_back(MakeHop(row, image.configuration.tunnel));
  }
  return hops;
}

bool IsTcp(uint8_t protocol) { return protocol == static_cast<uint8_t>(Protocol::kTcp); }

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Image> image, uint64_t placement_seed,
                   std::pmr::memory_resource* memory, const Shard& shard)
    : shard_(shard),
      image_(std::move(image)),
      sources_(image_->sources),
      connections_(image_->sizes.originals >> shard.count_log2, placement_seed, memory),
      connections_ipv6_(image_->sizes.originals_ipv6 >> shard.count_log2, placement_seed, memory),
      affinity_(image_->sizes.affinity) {
  SetImage(image_);
}

void Pipeline::SetImage(std::shared_ptr<const Image> image) {
  image_ = std::move(image);
  masquerade_ports_ = PortsOfShard(image_->configuration.masquerade_ports, shard_);
  unconfirmed_quota_ = ShareOf(image_->configuration.unconfirmed_quota, shard_);
  hops_ = MakeHops(*image_);
  sources_ = SourceRanges(image_->sources);
}

void Pipeline::Sweep() {
  const ConnectionTimeouts& timeouts = image_->configuration.timeouts;
  connections_.Sweep(timeouts, tick_, [](const Connection&) {});
  connections_ipv6_.Sweep(timeouts, tick_, [](const ConnectionIpv6&) {});
}

void Pipeline::Process(std::span<Packet> packets, std::span<Outcome> outcomes) {
  for (size_t at = 0; at < packets.size(); at += kBatchPackets) {
    const size_t count = std::min(kBatchPackets, packets.size() - at);
    ProcessBatch(packets.subspan(at, count), outcomes.subspan(at, count));
  }
}

// Stages that only read and prefetch come first, for all packets; what a packet does to the
// connections comes last, packet by packet, so that the next one sees it.
void Pipeline::ProcessBatch(std::span<Packet> packets, std::span<Outcome> outcomes) {
  const uint32_t planned = ParseBatch(packets);
  if (planned != 0) PlanBatch(packets, planned);
  FinishBatch(packets, outcomes, planned);
}

// Bit i of the result: packet i belongs to no connection of an earlier batch for sure. Memory is
// asked for in loops that do nothing else: a processor follows only as many hints at once as it
// sees ahead.
uint32_t Pipeline::ParseBatch(std::span<const Packet> packets) {
  static_assert(kBatchPackets <= 32);
  for (const Packet& packet : packets) __builtin_prefetch(packet.frame.data(), 1);
  for (size_t i = 0; i < packets.size(); ++i) ParsePacket(packets[i], i);
  for (size_t i = 0; i < packets.size(); ++i) connections_.PrefetchBucket(placements_[i]);
  uint32_t planned = 0;
  for (size_t i = 0; i < packets.size(); ++i) {
    if (connections_.MayKnow(placements_[i])) {
      connections_.PrefetchRecord(placements_[i]);
    } else if (parsed_[i].kind == ParseKind::kTuple) {
      planned |= 1U << i;
    }
  }
  return planned;
}

void Pipeline::PlanBatch(std::span<const Packet> packets, uint32_t planned) {
  std::array<uint8_t, kBatchPackets> places;
  size_t count = 0;
  for (uint32_t left = planned; left != 0; left &= left - 1) {
    places[count++] = static_cast<uint8_t>(std::countr_zero(left));
  }
  const std::span<const uint8_t> all = std::span(places).first(count);
  for (const size_t i : all) StartPlan(parsed_[i].tuple, plans_[i]);
  for (const size_t i : all) ChooseSlot(packets[i], parsed_[i], plans_[i]);
  for (const size_t i : all) MakePlan(packets[i], parsed_[i], plans_[i]);
  for (const size_t i : all) {
    if (plans_[i].connects) connections_.PrefetchBucket(plans_[i].reply_placement);
  }
}

// What came through the tunnel, behind its headers.
[[gnu::noinline]] Parsed ParseTunnelled(std::span<const uint8_t> frame) {
  Parsed parsed = Parse(frame.subspan(kTunnelBytes));
  if (parsed.tag_bytes != 0) parsed = {};
  parsed.tunnel_bytes = kTunnelBytes;
  return parsed;
}

[[gnu::always_inline]] inline void Pipeline::ParsePacket(const Packet& packet, size_t i) {
  Parsed& parsed = parsed_[i];
  ParseInto(packet.frame, parsed);
  if (TunnelBytes(packet.frame, packet.ingress, image_->configuration.tunnel) != 0) [[unlikely]] {
    parsed = ParseTunnelled(packet.frame);
  }
  placements_[i] = connections_.Hash(parsed.tuple);
}

template <class Family>
[[gnu::always_inline]] inline void Pipeline::Forward(Packet& packet,
                                                     const ParsedAs<typename Family::Key>& parsed,
                                                     const RewriteAs<Family>& rewrite,
                                                     Outcome& outcome) const {
  if (*(HeaderOf(packet, parsed) + Family::kHopLimit) < kLowestTtlToForward) {
    outcome = PuntFor(Reason::kTtlExpired);
    return;
  }
  const Hop& hop = RowAt(hops_, rewrite.to.next_hop);
  if (!hop.valid) {
    outcome = PuntFor(Reason::kNoNextHop);
    return;
  }
  const bool enters = hop.tunnel.address != Ipv4Address{};
  if (enters || parsed.tunnel_bytes != 0) [[unlikely]] {
    if (const auto refusal = RefusalOfTunnel<Family>(packet, parsed, hop)) {
      outcome = *refusal;
      return;
    }
    if (parsed.tunnel_bytes != 0) LeaveTunnel<Family>(packet, parsed);
  }
  outcome = {.verdict = Verdict::kForward,
             .egress = hop.egress,
             .frontend_counter = rewrite.to.frontend_counter,
             .endpoint = rewrite.to.endpoint};
  RewriteFrame(packet.frame.data(), parsed.tag_bytes, IsTcp(parsed.tuple.protocol), rewrite, hop);
  if (enters) [[unlikely]]
    EnterTunnel<Family>(packet, parsed.tag_bytes, hop);
}

// A packet of a connection that is known.
template <class Family>
[[gnu::always_inline]] inline void Pipeline::Translate(
    Packet& packet, const ParsedAs<typename Family::Key>& parsed,
    const typename ConnectionTable<Family>::Found& known, Outcome& outcome) {
  const uint8_t* header = HeaderOf(packet, parsed);
  if (header[Family::kHopLimit] >= kLowestTtlToForward) {
    const bool tcp = IsTcp(known.connection->protocol);
    const uint8_t flags = tcp ? header[Family::kTransport + kTcpFlagsInHeader] : uint8_t{0};
    Table<Family>().Touch(known,
                          {.tcp = tcp,
                           .fin = (flags & kTcpFin) != 0,
                           .syn = (flags & kTcpSyn) != 0,
                           .rst = (flags & kTcpRst) != 0},
                          tick_);
  }
  Forward<Family>(packet, parsed, known.rewrite(), outcome);
}

void Pipeline::FinishBatch(std::span<Packet> packets, std::span<Outcome> outcomes,
                           uint32_t planned) {
  for (size_t i = 0; i < packets.size(); ++i) {
    Packet& packet = packets[i];
    const Tuple& tuple = parsed_[i].tuple;
    if (parsed_[i].kind == ParseKind::kPass) {
      ProcessOther(packet, parsed_[i].tunnel_bytes, outcomes[i]);
    } else if (parsed_[i].kind == ParseKind::kPunt) {
      outcomes[i] = PuntFor(parsed_[i].reason);
    } else if (const Connections::Found known = connections_.Find(tuple, placements_[i])) {
      Translate<Ipv4>(packet, parsed_[i], known, outcomes[i]);
    } else {
      if ((planned >> i & 1) == 0) {
        StartPlan(tuple, plans_[i]);
        ChooseSlot(packet, parsed_[i], plans_[i]);
        MakePlan(packet, parsed_[i], plans_[i]);
      }
      Connect(packet, parsed_[i], plans_[i], placements_[i], outcomes[i]);
    }
  }
}

void Pipeline::ProcessOther(Packet& packet, uint8_t tunnel_bytes, Outcome& outcome) {
  ParsedIpv6 parsed =
      ParseOther(packet.frame.subspan(tunnel_bytes), image_->configuration.host_protocols.sctp);
  if (tunnel_bytes != 0 && parsed.tag_bytes != 0) parsed = {};
  parsed.tunnel_bytes = tunnel_bytes;
  if (parsed.kind != ParseKind::kTuple) {
    const bool punt = parsed.kind == ParseKind::kPunt;
    outcome = punt ? PuntFor(parsed.reason) : PassFrom(packet.ingress);
    return;
  }
  const ConnectionsIpv6::Placement placement = connections_ipv6_.Hash(parsed.tuple);
  if (const ConnectionsIpv6::Found known = connections_ipv6_.Find(parsed.tuple, placement)) {
    Translate<Ipv6>(packet, parsed, known, outcome);
    return;
  }
  Plan<Ipv6> plan;
  StartPlan(parsed.tuple, plan);
  ChooseSlot(packet, parsed, plan);
  MakePlan(packet, parsed, plan);
  Connect(packet, parsed, plan, placement, outcome);
}

template <class Family>
void Pipeline::Connect(Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                       const Plan<Family>& plan,
                       typename ConnectionTable<Family>::Placement placement, Outcome& outcome) {
  if (!plan.connects) {
    outcome = plan.refusal;
    return;
  }
  const uint32_t quota = unconfirmed_quota_;
  const uint16_t counter = plan.connection.there.to.frontend_counter;
  if (quota != 0 &&
      connections_.unconfirmed(counter) + connections_ipv6_.unconfirmed(counter) >= quota) {
    outcome = DropFor(Reason::kUnconfirmedQuota);
    return;
  }
  switch (Table<Family>().Record(plan.connection, placement, plan.reply_placement)) {
    case RecordResult::kSourcePortTaken:
      outcome = PuntFor(Reason::kSourcePortTaken);
      return;
    case RecordResult::kFull:
      outcome = PuntFor(Reason::kConnectionTableFull);
      return;
    case RecordResult::kRecorded:
      Forward<Family>(packet, parsed, plan.connection.there, outcome);
      outcome.learned = true;
  }
}

}  // namespace pointsman
