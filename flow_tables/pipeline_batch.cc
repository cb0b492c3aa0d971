// The stages of a batch before the last one: see Pipeline::ProcessBatch.
#include <algorithm>

#include "flow_tables/pipeline.h"
#include "flow_tables/pipeline_parse.h"

namespace pointsman {

void Pipeline::Process(std::span<Packet> packets, std::span<Outcome> outcomes) {
  news_.clear();
  if (packets.size() == 1) return ProcessAlone(packets[0], outcomes[0]);
  for (size_t at = 0; at < packets.size(); at += kBatchPackets) {
    const size_t count = std::min(kBatchPackets, packets.size() - at);
    ProcessBatch(packets.subspan(at, count), outcomes.subspan(at, count));
  }
}

// Stages that only read and prefetch come first, for all packets; what a packet does to the
// connections comes last, packet by packet, so that the next one sees it. Memory is asked for in
// loops that do nothing else: a processor follows only as many hints at once as it sees ahead.
void Pipeline::ProcessBatch(std::span<Packet> packets, std::span<Outcome> outcomes) {
  ParseBatch(packets);
  PrefetchBuckets<Ipv4>();
  PrefetchBuckets<Ipv6>();
  LookUp<Ipv4>();
  LookUp<Ipv6>();
  if (!ipv4_.planned.empty()) PlanUnknown<Ipv4>(packets);
  if (!ipv6_.planned.empty()) PlanUnknown<Ipv6>(packets);
  FinishBatch(packets, outcomes);
}

void Pipeline::ParseBatch(std::span<const Packet> packets) {
  for (const Packet& packet : packets) __builtin_prefetch(packet.frame.data(), 1);
  Places tuples;
  Places tuples_ipv6;
  for (size_t i = 0; i < packets.size(); ++i) {
    if (ParsePlain(packets[i], i)) {
      tuples.Add(i);
      continue;
    }
    ParseSpecial(packets[i], i);
    if (ipv4_.parsed[i].kind == ParseKind::kTuple) tuples.Add(i);
    if (ipv4_.parsed[i].kind != ParseKind::kPass) continue;
    // The checksum of TCP is in its second line.
    const std::span<const uint8_t> frame = packets[i].frame;
    __builtin_prefetch(frame.data() + std::min(frame.size(), kCacheLineBytes), 1);
    if (ipv6_.parsed[i].kind == ParseKind::kTuple) tuples_ipv6.Add(i);
  }
  ipv4_.places = tuples;
  ipv6_.places = tuples_ipv6;
}

// Behind the headers of a tunnel there is no VLAN tag.
void Pipeline::ParseSpecial(const Packet& packet, size_t i) {
  Parsed& parsed = ipv4_.parsed[i];
  const size_t tunnel_bytes =
      TunnelBytes(packet.frame, packet.ingress, image_->configuration.tunnel);
  const Parsed said = Parse(packet.frame.subspan(tunnel_bytes));
  const bool means_nothing = tunnel_bytes != 0 && said.tag_bytes != 0;
  parsed.kind = means_nothing ? ParseKind::kPass : said.kind;
  parsed.reason = said.reason;
  parsed.tag_bytes = means_nothing ? uint8_t{0} : said.tag_bytes;
  parsed.tunnel_bytes = static_cast<uint8_t>(tunnel_bytes);
  if (parsed.kind == ParseKind::kPass) return ParseOther(packet, i);
  parsed.tuple = said.tuple;
  ipv4_.placements[i] = connections_.Hash(parsed.tuple);
}

// What Parse passes.
void Pipeline::ParseOther(const Packet& packet, size_t i) {
  ParsedIpv6& parsed = ipv6_.parsed[i];
  const uint8_t tunnel_bytes = ipv4_.parsed[i].tunnel_bytes;
  ParseOtherInto(packet.frame.subspan(tunnel_bytes), image_->configuration.host_protocols.sctp,
                 parsed);
  if (tunnel_bytes != 0) [[unlikely]] {
    if (parsed.tag_bytes != 0) parsed = {};
    parsed.tunnel_bytes = tunnel_bytes;
  }
  ipv6_.placements[i] = connections_ipv6_.Hash(parsed.tuple);
}

template <class Family>
[[gnu::always_inline]] inline void Pipeline::PrefetchBuckets() {
  const Lane<Family>& lane = LaneOf<Family>();
  for (const size_t i : lane.places) Table<Family>().PrefetchBucket(lane.placements[i]);
}

// A packet that is planned belongs to no connection of an earlier batch for sure.
template <class Family>
[[gnu::always_inline]] inline void Pipeline::LookUp() {
  Lane<Family>& lane = LaneOf<Family>();
  Places planned;
  for (const size_t i : lane.places) {
    lane.guesses[i] = Table<Family>().Look(lane.placements[i]);
    Table<Family>().PrefetchRecord(lane.guesses[i]);
    if (lane.guesses[i].IsNothing()) planned.Add(i);
  }
  lane.planned = planned;
}

template <class Family>
void Pipeline::PlanUnknown(std::span<const Packet> packets) {
  Lane<Family>& lane = LaneOf<Family>();
  const Places planned = lane.planned;
  for (const size_t i : planned) StartPlan(lane.parsed[i].tuple, lane.plans[i]);
  for (const size_t i : planned) ChooseSlot(packets[i], lane.parsed[i], lane.plans[i]);
  for (const size_t i : planned) MakePlan(packets[i], lane.parsed[i], lane.plans[i]);
  for (const size_t i : planned) {
    if (lane.plans[i].connects) Table<Family>().PrefetchBucket(lane.plans[i].reply_placement);
  }
}

}  // namespace pointsman
