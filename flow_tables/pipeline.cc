#include "flow_tables/pipeline.h"

#include <algorithm>
#include <utility>

#include "flow_tables/pipeline_outcomes.h"
#include "flow_tables/pipeline_parse.h"

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

template <class Family>
Outcome ForwardOutcome(const RewriteAs<Family>& rewrite, const Hop& hop) {
  return {.verdict = Verdict::kForward,
          .egress = hop.egress,
          .frontend_counter = rewrite.to.frontend_counter,
          .endpoint = rewrite.to.endpoint};
}

bool IsTcp(uint8_t protocol) { return protocol == static_cast<uint8_t>(Protocol::kTcp); }

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Image> image, uint64_t placement_seed,
                   std::pmr::memory_resource* memory, const Shard& shard)
    : shard_(shard),
      image_(std::move(image)),
      sources_(image_->sources),
      frontend_tags_(image_->frontends),
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
  hops_mask_ = static_cast<uint32_t>(hops_.size() - 1);
  sources_ = SourceRanges(image_->sources);
  frontend_tags_ = FrontendTags(image_->frontends);
}

void Pipeline::Sweep() {
  const ConnectionTimeouts& timeouts = image_->configuration.timeouts;
  connections_.Sweep(timeouts, tick_, [](const Connection&) {});
  connections_ipv6_.Sweep(timeouts, tick_, [](const ConnectionIpv6&) {});
}

// REQUIRES: the packet's TTL allows it.
template <class Family>
[[gnu::always_inline]] inline void Pipeline::Forward(Packet& packet,
                                                     const ParsedAs<typename Family::Key>& parsed,
                                                     const RewriteAs<Family>& rewrite,
                                                     Outcome& outcome) const {
  const Hop& hop = hops_[rewrite.to.next_hop & hops_mask_];
  if (!hop.plain || parsed.tunnel_bytes != 0) [[unlikely]] {
    return ForwardByTunnel<Family>(packet, parsed, rewrite, hop, outcome);
  }
  outcome = ForwardOutcome(rewrite, hop);
  RewriteFrame(packet.frame.data(), parsed.tag_bytes, IsTcp(parsed.tuple.protocol), rewrite, hop);
}

// Out of one, into one, or both; or the hop leads nowhere.
template <class Family>
[[gnu::noinline]] void Pipeline::ForwardByTunnel(Packet& packet,
                                                 const ParsedAs<typename Family::Key>& parsed,
                                                 const RewriteAs<Family>& rewrite, const Hop& hop,
                                                 Outcome& outcome) const {
  if (!hop.valid) {
    outcome = PuntFor(Reason::kNoNextHop);
    return;
  }
  if (const auto refusal = RefusalOfTunnel<Family>(packet, parsed, hop)) {
    outcome = *refusal;
    return;
  }
  if (parsed.tunnel_bytes != 0) LeaveTunnel<Family>(packet, parsed);
  outcome = ForwardOutcome(rewrite, hop);
  RewriteFrame(packet.frame.data(), parsed.tag_bytes, IsTcp(parsed.tuple.protocol), rewrite, hop);
  if (!hop.plain) EnterTunnel<Family>(packet, parsed.tag_bytes, hop);
}

template <class Family>
void Pipeline::Note(EventKind kind, const ConnectionAs<Family>& connection) {
  news_.push_back({.kind = kind,
                   .ipv6 = std::is_same_v<Family, Ipv6>,
                   .number = Table<Family>().NumberOf(connection)});
}

template <class Family>
[[gnu::noinline]] void Pipeline::NoteChange(const ConnectionAs<Family>& connection) {
  if (connection.state == ConnectionState::kEstablished) Note(EventKind::kEstablish, connection);
  if (connection.state == ConnectionState::kClosed) Note(EventKind::kClose, connection);
}

// A packet of a connection that is known.
template <class Family>
[[gnu::always_inline]] inline void Pipeline::Translate(
    Packet& packet, const ParsedAs<typename Family::Key>& parsed,
    const typename ConnectionTable<Family>::Found& known, Outcome& outcome) {
  const uint8_t* header = HeaderOf(packet, parsed);
  if (header[Family::kHopLimit] < kLowestTtlToForward) [[unlikely]] {
    outcome = PuntFor(Reason::kTtlExpired);
    return;
  }
  const bool tcp = IsTcp(parsed.tuple.protocol);
  const uint8_t flags = tcp ? header[Family::kTransport + kTcpFlagsInHeader] : uint8_t{0};
  if (Table<Family>().Touch(known, flags, tick_) && tcp) [[unlikely]]
    NoteChange(*known.connection);
  Forward<Family>(packet, parsed, known.rewrite(), outcome);
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
      Note(EventKind::kLearn, Table<Family>().newest());
  }
}

template <class Family>
[[gnu::noinline]] void Pipeline::FinishUnknown(Packet& packet, size_t i, Outcome& outcome) {
  Lane<Family>& lane = LaneOf<Family>();
  const auto& parsed = lane.parsed[i];
  if (!lane.planned.Contains(i)) {
    StartPlan(parsed.tuple, lane.plans[i]);
    ChooseSlot(packet, parsed, lane.plans[i]);
    MakePlan(packet, parsed, lane.plans[i]);
  }
  Connect(packet, parsed, lane.plans[i], lane.placements[i], outcome);
}

template <class Family>
[[gnu::always_inline]] inline void Pipeline::Finish(Packet& packet, size_t i, Outcome& outcome) {
  Lane<Family>& lane = LaneOf<Family>();
  const auto& parsed = lane.parsed[i];
  const auto known = Table<Family>().Find(parsed.tuple, lane.placements[i], lane.guesses[i]);
  if (!known) return FinishUnknown<Family>(packet, i, outcome);
  Translate<Family>(packet, parsed, known, outcome);
}

// What the parser of IPv4 has passed.
void Pipeline::FinishOther(Packet& packet, size_t i, Outcome& outcome) {
  const ParsedIpv6& parsed = ipv6_.parsed[i];
  if (parsed.kind == ParseKind::kTuple) return Finish<Ipv6>(packet, i, outcome);
  outcome = parsed.kind == ParseKind::kPunt ? PuntFor(parsed.reason) : PassFrom(packet.ingress);
}

void Pipeline::FinishBatch(std::span<Packet> packets, std::span<Outcome> outcomes) {
  for (size_t i = 0; i < packets.size(); ++i) {
    if (ipv4_.parsed[i].kind == ParseKind::kTuple) {
      Finish<Ipv4>(packets[i], i, outcomes[i]);
    } else if (ipv4_.parsed[i].kind == ParseKind::kPunt) {
      outcomes[i] = PuntFor(ipv4_.parsed[i].reason);
    } else {
      FinishOther(packets[i], i, outcomes[i]);
    }
  }
}

void Pipeline::ProcessAlone(Packet& packet, Outcome& outcome) {
  ipv4_.planned = ipv6_.planned = {};
  if (!ParsePlain(packet, 0)) ParseSpecial(packet, 0);
  if (ipv4_.parsed[0].kind == ParseKind::kTuple) {
    ipv4_.guesses[0] = connections_.Look(ipv4_.placements[0]);
    return Finish<Ipv4>(packet, 0, outcome);
  }
  if (ipv4_.parsed[0].kind == ParseKind::kPass) {
    ipv6_.guesses[0] = connections_ipv6_.Look(ipv6_.placements[0]);
    return FinishOther(packet, 0, outcome);
  }
  outcome = PuntFor(ipv4_.parsed[0].reason);
}

}  // namespace pointsman
