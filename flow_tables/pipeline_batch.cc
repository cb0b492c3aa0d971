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
  if (ipv4_.planned != 0) PlanUnknown<Ipv4>(packets);
  if (ipv6_.planned != 0) PlanUnknown<Ipv6>(packets);
  FinishBatch(packets, outcomes);
}

void Pipeline::ParseBatch(std::span<const Packet> packets) {
  static_assert(kBatchPackets <= 32);
  for (const Packet& packet : packets) __builtin_prefetch(packet.frame.data(), 1);
  ipv4_.places.Clear();
  Places others;
  for (size_t i = 0; i < packets.size(); ++i) {
    ParsePacket(packets[i], i);
    ipv4_.places.AddIf(ipv4_.parsed[i].kind == ParseKind::kTuple, i);
    others.AddIf(ipv4_.parsed[i].kind == ParseKind::kPass, i);
  }
  ipv6_.places.Clear();
  for (const size_t i : others) {
    ParseOtherPacket(packets[i], i);
    const std::span<const uint8_t> frame = packets[i].frame;
    // The checksum of TCP is in its second line.
    __builtin_prefetch(frame.data() + std::min(frame.size(), kCacheLineBytes), 1);
    ipv6_.places.AddIf(ipv6_.parsed[i].kind == ParseKind::kTuple, i);
  }
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
  lane.planned = 0;
  for (const size_t i : lane.places) {
    if (Table<Family>().MayKnow(lane.placements[i])) {
      Table<Family>().PrefetchRecord(lane.placements[i]);
    } else {
      lane.planned |= 1U << i;
    }
  }
}

template <class Family>
void Pipeline::PlanUnknown(std::span<const Packet> packets) {
  Lane<Family>& lane = LaneOf<Family>();
  Places planned;
  for (const size_t i : lane.places) planned.AddIf((lane.planned >> i & 1) != 0, i);
  for (const size_t i : planned) StartPlan(lane.parsed[i].tuple, lane.plans[i]);
  for (const size_t i : planned) ChooseSlot(packets[i], lane.parsed[i], lane.plans[i]);
  for (const size_t i : planned) MakePlan(packets[i], lane.parsed[i], lane.plans[i]);
  for (const size_t i : planned) {
    if (lane.plans[i].connects) Table<Family>().PrefetchBucket(lane.plans[i].reply_placement);
  }
}

}  // namespace pointsman
