#include "flow_tables/pipeline.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "flow_tables/hash.h"

namespace pointsman {
namespace {

constexpr uint8_t kLowestTtlToForward = 2;

Outcome Punt(Reason reason) { return {.verdict = Verdict::kPunt, .reason = reason}; }

Outcome Pass(Port ingress) {
  return {.egress = ingress == Port::kUplink ? Port::kNode : Port::kUplink};
}

// As in the card, an index has as many bits as the table needs.
template <class Row>
const Row& RowAt(const std::vector<Row>& rows, uint32_t index) {
  return rows[index & (rows.size() - 1)];
}

// The translation of a connection's first packet; `masquerade`: the source changes too.
Translation OriginalTranslation(const Configuration& configuration, const Tuple& tuple,
                                const EndpointRow& endpoint, bool masquerade, uint32_t hash,
                                uint8_t attempt) {
  Translation to{.new_source_address = tuple.source_address,
                 .new_destination_address = endpoint.address,
                 .new_source_port = tuple.source_port,
                 .new_destination_port = endpoint.port,
                 .next_hop = endpoint.next_hop};
  if (masquerade) to.new_source_address = configuration.masquerade_address.value;
  if (masquerade || attempt != 0) {
    const MasqueradePorts& ports = configuration.masquerade_ports;
    const uint32_t candidate = (hash >> 16) + attempt * kSourcePortStride;
    to.new_source_port = static_cast<uint16_t>(ports.base | (candidate & ports.mask));
  }
  return to;
}

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

bool IsInSet(const Client& client, uint8_t range_set) {
  return range_set == 0 || (client.range_sets >> (range_set - 1) & 1) != 0;
}

HostProtocols HostProtocolsOf(const Configuration& configuration) {
  return {.ipv6 = configuration.host_forwards_ipv6, .sctp = configuration.host_forwards_sctp};
}

std::vector<Hop> MakeHops(const std::vector<NextHopRow>& rows) {
  std::vector<Hop> hops(rows.size());
  std::transform(rows.begin(), rows.end(), hops.begin(), MakeHop);
  return hops;
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Image> image, uint64_t placement_seed,
                   std::pmr::memory_resource* memory)
    : image_(std::move(image)),
      hops_(MakeHops(image_->next_hops)),
      host_protocols_(HostProtocolsOf(image_->configuration)),
      sources_(image_->sources),
      connections_(image_->sizes.originals, placement_seed, memory) {}

void Pipeline::SetImage(std::shared_ptr<const Image> image) {
  image_ = std::move(image);
  hops_ = MakeHops(image_->next_hops);
  host_protocols_ = HostProtocolsOf(image_->configuration);
  sources_ = SourceRanges(image_->sources);
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
  for (uint32_t left = planned; left != 0; left &= left - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(left));
    MakePlan(packets[i], i);
  }
  FinishBatch(packets, outcomes, planned);
}

// Starts plans for the packets that belong to no connection of an earlier batch for sure; bit i of
// the result: packet i has one. A packet's bucket is read some packets after it was asked for.
uint32_t Pipeline::ParseBatch(std::span<const Packet> packets) {
  static_assert(kBatchPackets <= 32);
  constexpr size_t kBucketLag = kBatchPackets / 2;
  for (const Packet& packet : packets) __builtin_prefetch(packet.frame.data(), 1);
  uint32_t planned = 0;
  for (size_t step = 0; step < packets.size() + kBucketLag; ++step) {
    if (step < packets.size()) ParsePacket(packets[step], step);
    if (step < kBucketLag) continue;
    const size_t i = step - kBucketLag;
    if (connections_.MayKnow(placements_[i])) {
      connections_.PrefetchRecord(placements_[i]);
    } else if (parsed_[i].kind == ParseKind::kTuple) {
      StartPlan(i);
      planned |= 1U << i;
    }
  }
  return planned;
}

inline void Pipeline::ParsePacket(const Packet& packet, size_t i) {
  parsed_[i] = Parse(packet.frame);
  placements_[i] = connections_.Hash(parsed_[i].tuple);
  connections_.PrefetchBucket(placements_[i]);
}

[[gnu::always_inline]] inline void Pipeline::Forward(const Packet& packet, const Parsed& parsed,
                                                     const Rewrite& rewrite,
                                                     Outcome& outcome) const {
  uint8_t* frame = packet.frame.data();
  if (frame[parsed.tag_bytes + kTtlOffset] < kLowestTtlToForward) {
    outcome = Punt(Reason::kTtlExpired);
    return;
  }
  const Hop& hop = RowAt(hops_, rewrite.to.next_hop);
  if (!hop.valid) {
    outcome = Punt(Reason::kNoNextHop);
    return;
  }
  outcome = {.verdict = Verdict::kForward,
             .egress = hop.egress,
             .frontend_counter = rewrite.to.frontend_counter,
             .endpoint = rewrite.to.endpoint};
  const bool tcp = parsed.tuple.protocol == static_cast<uint8_t>(Protocol::kTcp);
  RewriteFrame(frame, parsed.tag_bytes, tcp, rewrite, hop);
}

[[gnu::always_inline]] inline void Pipeline::Touch(const uint8_t* header,
                                                   const Connections::Found& found) {
  const bool tcp = found.connection->protocol == static_cast<uint8_t>(Protocol::kTcp);
  const uint8_t flags = tcp ? header[kTcpFlagsOffset] : uint8_t{0};
  connections_.Touch(found,
                     {.tcp = tcp,
                      .fin = (flags & kTcpFin) != 0,
                      .syn = (flags & kTcpSyn) != 0,
                      .rst = (flags & kTcpRst) != 0},
                     tick_);
}

void Pipeline::Sweep() {
  connections_.Sweep(image_->configuration.timeouts, tick_, [](const Connection&) {});
}

void Pipeline::FinishBatch(std::span<Packet> packets, std::span<Outcome> outcomes,
                           uint32_t planned) {
  for (size_t i = 0; i < packets.size(); ++i) {
    const Packet& packet = packets[i];
    const Tuple& tuple = parsed_[i].tuple;
    if (parsed_[i].kind == ParseKind::kPass) {
      const Parsed host = ParseForHost(packet.frame, host_protocols_);
      outcomes[i] = host.kind == ParseKind::kPunt ? Punt(host.reason) : Pass(packet.ingress);
    } else if (parsed_[i].kind == ParseKind::kPunt) {
      outcomes[i] = Punt(parsed_[i].reason);
    } else if (const Connections::Found known = connections_.Find(tuple, placements_[i])) {
      const uint8_t* header = packet.frame.data() + parsed_[i].tag_bytes;
      if (header[kTtlOffset] >= kLowestTtlToForward) Touch(header, known);
      Forward(packet, parsed_[i], known.rewrite(), outcomes[i]);
    } else {
      if ((planned >> i & 1) == 0) {
        StartPlan(i);
        MakePlan(packet, i);
      }
      Connect(packet, i, outcomes[i]);
    }
  }
}

void Pipeline::StartPlan(size_t i) {
  const Tuple& tuple = parsed_[i].tuple;
  const HashPair hashes =
      FrontendHashes({tuple.destination_address}, tuple.destination_port, Protocol{tuple.protocol});
  const BucketGeometry geometry = FrontendGeometry(static_cast<uint32_t>(image_->frontends.size()));
  for (uint32_t bank = 0; bank < kPlacementBanks; ++bank) {
    const uint32_t first = geometry.FirstRow(bank, hashes);
    plans_[i].frontend_rows[bank] = first;
    __builtin_prefetch(&image_->frontends[first]);
    __builtin_prefetch(&image_->frontends[first + kFrontendsWays - 1]);
  }
}

void Pipeline::MakePlan(const Packet& packet, size_t i) {
  const Tuple& tuple = parsed_[i].tuple;
  Plan& plan = plans_[i];
  plan.connects = false;
  const FrontendRow* frontend = FindFrontend(tuple, plan);
  if (frontend == nullptr) {
    plan.refusal = WithoutFrontend(packet, tuple.destination_address);
    return;
  }
  const Client& client = sources_.Find(tuple.source_address);
  const Half half = HalfFor(*frontend, client.client_class);
  if (half.action == FrontendAction::kDrop || !IsInSet(client, frontend->range_set)) {
    plan.refusal = {.verdict = Verdict::kDrop, .reason = Reason::kFrontendDrop};
    return;
  }
  if (half.action == FrontendAction::kReject) {
    plan.refusal = Punt(Reason::kReject);
    return;
  }
  if (half.action == FrontendAction::kHost && !packet.directed_endpoint) {
    plan.refusal = Punt(Reason::kHostDecides);
    return;
  }
  const uint32_t hash = SlotHash(tuple, image_->configuration.slot_hash_seed);
  const uint32_t slot = half.slots_base + (hash & ((uint32_t{1} << half.slots_log2) - 1));
  const uint32_t endpoint_id =
      packet.directed_endpoint.value_or(RowAt(image_->slots, slot).endpoint);
  const EndpointRow& endpoint = RowAt(image_->endpoints, endpoint_id);
  if (!endpoint.valid || packet.frame[parsed_[i].tag_bytes + kTtlOffset] < kLowestTtlToForward) {
    plan.refusal = Punt(endpoint.valid ? Reason::kTtlExpired : Reason::kNoEndpoint);
    return;
  }
  const bool hairpin = endpoint.address == tuple.source_address;
  Translation to = OriginalTranslation(image_->configuration, tuple, endpoint,
                                       half.masquerade || hairpin, hash, packet.attempt);
  to.frontend_counter = frontend->counter;
  to.endpoint = endpoint_id;
  plan.connects = true;
  plan.connection = MakeConnection(tuple, to, client.next_hop);
  plan.connection.last_seen = tick_;
  plan.reply_placement = connections_.Hash(ReplyKey(plan.connection));
  connections_.PrefetchBucket(plan.reply_placement);
}

// To an address of Services the host looks after it, else it passes.
Outcome Pipeline::WithoutFrontend(const Packet& packet, uint32_t destination) const {
  for (const ServiceRange& range : image_->configuration.service_ranges) {
    if (range.mask != 0 && (destination & range.mask) == range.address) {
      return Punt(Reason::kServiceRange);
    }
  }
  return Pass(packet.ingress);
}

// nullptr: none. Without branches, because which way matches cannot be foretold.
const FrontendRow* Pipeline::FindFrontend(const Tuple& tuple, const Plan& plan) const {
  const FrontendRow* found = nullptr;
  for (const uint32_t first : plan.frontend_rows) {
    for (uint32_t at = first; at < first + kFrontendsWays; ++at) {
      const FrontendRow& row = image_->frontends[at];
      const bool equal = row.valid & (row.destination_address == tuple.destination_address) &
                         (row.destination_port == tuple.destination_port) &
                         (row.protocol == tuple.protocol);
      found = equal ? &row : found;
    }
  }
  return found;
}

void Pipeline::Connect(const Packet& packet, size_t i, Outcome& outcome) {
  const Plan& plan = plans_[i];
  if (!plan.connects) {
    outcome = plan.refusal;
    return;
  }
  const uint32_t quota = image_->configuration.unconfirmed_quota;
  const uint16_t counter = plan.connection.there.to.frontend_counter;
  if (quota != 0 && connections_.unconfirmed(counter) >= quota) {
    outcome = {.verdict = Verdict::kDrop, .reason = Reason::kUnconfirmedQuota};
    return;
  }
  switch (connections_.Record(plan.connection, placements_[i], plan.reply_placement)) {
    case RecordResult::kSourcePortTaken:
      outcome = Punt(Reason::kSourcePortTaken);
      return;
    case RecordResult::kFull:
      outcome = Punt(Reason::kConnectionTableFull);
      return;
    case RecordResult::kRecorded:
      Forward(packet, parsed_[i], plan.connection.there, outcome);
      outcome.learned = true;
  }
}

}  // namespace pointsman
