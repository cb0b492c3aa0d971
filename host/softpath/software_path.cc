#include "host/softpath/software_path.h"

#include <algorithm>
#include <utility>

#include "flow_tables/answer.h"
#include "flow_tables/next_hop_rows.h"
#include "flow_tables/packet.h"
#include "flow_tables/tunnel.h"
#include "host/softpath/services.h"
#include "host/softpath/tick.h"
#include "host/softpath/tunnel_frames.h"

namespace pointsman {
namespace {

std::vector<uint8_t> WithTagOf(std::span<const uint8_t> tagged,
                               const std::vector<uint8_t>& untagged) {
  std::vector<uint8_t> frame = untagged;
  const auto tag = tagged.begin() + kEtherTypeOffset;
  frame.insert(frame.begin() + kEtherTypeOffset, tag, tag + kVlanTagBytes);
  return frame;
}

bool Admits(const Frontend& frontend, const Address& client) {
  return frontend.source_ranges.empty() ||
         std::ranges::any_of(frontend.source_ranges,
                             [&](const AddressPrefix& range) { return range.Contains(client); });
}

}  // namespace

const char* Name(Fate fate) {
  switch (fate) {
    case Fate::kPassed:
      return "passed";
    case Fate::kForwarded:
      return "forwarded";
    case Fate::kRejected:
      return "rejected";
    case Fate::kAnswered:
      return "answered";
    case Fate::kDropped:
      return "dropped";
    case Fate::kHeld:
      return "held";
    case Fate::kRetry:
      break;
  }
  return "given-back";
}

SoftwarePath::SoftwarePath(size_t connections_max, KeptSoftware kept)
    : kept_lock_(std::move(kept.lock)),
      affinity_(kAffinityClientsMax, std::move(kept.clients)),
      connections_(connections_max, std::move(kept.connections)) {}

void SoftwarePath::SetForwarding(const Forwarding& forwarding, const Image& image) {
  image_ = &image;
  rest_ = RestOf(forwarding);
  Schedulers schedulers(rest_.slot_hash_seed);
  schedulers.Inherit(std::move(schedulers_));
  schedulers_ = std::move(schedulers);
  lookup_ = ServiceLookup();
  lookup_.SetRest(rest_);
  card_affinity_.Reset(image);
  endpoints_.Reset(image);
  for (const Frontend& frontend : forwarding.frontends) PutFrontend(frontend);
}

void SoftwarePath::Update(const ForwardingChange& change) {
  if (change.rest) {
    rest_ = RestOf(*change.rest);
    lookup_.SetRest(rest_);
  }
  for (const FrontendKey& key : change.gone) RemoveFrontend(key);
  for (const Frontend& frontend : change.frontends) {
    RemoveFrontend(KeyOf(frontend));
    PutFrontend(frontend);
  }
}

void SoftwarePath::RowsWritten(std::span<const RowWrite> writes) {
  if (image_ == nullptr) return;
  for (const RowWrite& write : writes) {
    if (write.table != TableId::kEndpoints) continue;
    endpoints_.Set(write.index, UnpackRow<EndpointRow>(write.row), image_->next_hops);
  }
}

void SoftwarePath::PutFrontend(const Frontend& frontend) {
  auto shared = std::make_shared<const Frontend>(frontend);
  card_affinity_.Add(*shared);
  lookup_.Put(std::move(shared));
}

void SoftwarePath::RemoveFrontend(const FrontendKey& key) {
  const std::shared_ptr<const Frontend> gone = lookup_.Take(key);
  if (gone == nullptr) return;
  card_affinity_.Remove(*gone);
  schedulers_.Forget(gone->outside);
  schedulers_.Forget(gone->inside);
}

void SoftwarePath::Forget() {
  connections_.Clear();
  affinity_.Clear();
  card_affinity_.Clear();
  fragments_.Clear();
}

void SoftwarePath::Learned(const FlowKey& original, const EndpointId& endpoint, absl::Time now) {
  if (!card_affinity_.HasGroups()) return;
  const Frontend* frontend =
      lookup_.FindFrontend(original.destination, original.destination_port, original.protocol);
  if (frontend == nullptr || frontend->affinity_seconds == 0) return;
  affinity_.Remember(frontend->affinity_group, original.source, endpoint, now);
}

void SoftwarePath::CountConnection(const FlowKey& original, const EndpointId& endpoint) {
  const Frontend* frontend =
      lookup_.FindFrontend(original.destination, original.destination_port, original.protocol);
  if (frontend != nullptr) schedulers_.Count(*frontend, endpoint);
}

void SoftwarePath::CountConnections() {
  connections_.ForEach([this](const HostConnection& connection) {
    const FlowKey& to = connection.translated;
    CountConnection(connection.original, {to.destination, to.destination_port});
  });
}

size_t SoftwarePath::TakeOver(
    std::span<const std::variant<Connection, ConnectionIpv6>> connections) {
  if (image_ == nullptr) return connections.size();
  return std::ranges::count_if(connections, [this](const auto& connection) {
    const HostConnection own = ToHostConnection(connection, image_->next_hops);
    return connections_.Find(own.original).connection != nullptr ||
           connections_.Record(own) != RecordResult::kRecorded;
  });
}

size_t SoftwarePath::Sweep(absl::Time now) {
  const ConnectionTimeouts timeouts;
  const uint32_t tick = TickOf(now);
  return ForgetIf([&](const HostConnection& connection) {
    const bool tcp = connection.original.protocol == Protocol::kTcp;
    return IsOver(timeouts, tcp, connection.state, connection.last_seen, tick);
  });
}

size_t SoftwarePath::ForgetIf(absl::FunctionRef<bool(const HostConnection&)> chosen) {
  return connections_.EraseIf([&](const HostConnection& connection) {
    if (!chosen(connection)) return false;
    Ended({connection.translated.destination, connection.translated.destination_port});
    return true;
  });
}

PuntService SoftwarePath::Serve(const HandedOver& packet, absl::Time now, FindTranslation find) {
  PuntService service = ServeWhole(packet, now, find);
  // What waited for this one goes its way, behind it.
  for (const HeldFragment& held : std::exchange(released_, {})) {
    PuntService follower = ServeWhole(
        {.frame = held.frame, .ingress = held.ingress, .reason = packet.reason}, now, find);
    for (std::vector<uint8_t>& frame : follower.frames) service.frames.push_back(std::move(frame));
  }
  return service;
}

PuntService SoftwarePath::ServeWhole(const HandedOver& packet, absl::Time now,
                                     FindTranslation find) {
  if (TunnelBytes(packet.frame, packet.ingress, rest_.tunnel) != 0) {
    return ServeFromTunnel(packet, now, find);
  }
  if (VlanTagBytes(packet.frame) == 0) return ServeUntagged({packet, packet.frame}, now, find);
  const std::vector<uint8_t> untagged = WithoutTag(packet.frame);
  Unwrapped inner{packet, packet.frame};
  inner.frame = untagged;
  PuntService service = ServeUntagged(inner, now, find);
  if (!service.scout.empty()) service.scout = WithTagOf(packet.frame, service.scout);
  if (service.into_tunnel) return service;
  for (std::vector<uint8_t>& frame : service.frames) frame = WithTagOf(packet.frame, frame);
  return service;
}

// What is inside is served; what passes is the whole frame, and answers go back as it came. A scout
// need not come as the packet did.
PuntService SoftwarePath::ServeFromTunnel(const HandedOver& packet, absl::Time now,
                                          FindTranslation find) {
  Unwrapped inner{packet, packet.frame};
  inner.frame = packet.frame.subspan(kTunnelBytes);
  PuntService service = ServeUntagged(inner, now, find);
  if (service.fate == Fate::kPassed) return PassOn(packet);
  if (service.fate == Fate::kRejected || service.fate == Fate::kAnswered) {
    for (std::vector<uint8_t>& frame : service.frames) {
      frame = BackThroughTunnel(frame, packet.frame, rest_.tunnel);
    }
  }
  return service;
}

PuntService SoftwarePath::ServeUntagged(const Unwrapped& packet, absl::Time now,
                                        FindTranslation find_on_card) {
  const auto find = [&](const FlowKey& key) {
    const std::optional<FlowKey> on_card = find_on_card(key);
    return on_card ? on_card : TranslationOf(key);
  };
  switch (packet.reason) {
    case Reason::kSctp:
      return ServeSctp(packet, now, find_on_card);
    case Reason::kConnectionTableFull:
      return ServeTableFull(packet, now, find_on_card);
    case Reason::kHostConnections:
      return ServeHostConnections(packet, now);
    case Reason::kHostDecides:
      return Direct(packet, packet.attempt, now);
    case Reason::kSourcePortTaken:
      return Retry(packet, now);
    case Reason::kFragment:
      return ServeFragment(packet, now, find);
    case Reason::kIpOptions:
      return ServeOptions(packet, now, find);
    case Reason::kIcmpError:
      return ServeIcmpError(packet, find);
    case Reason::kTooBig:
      return ServeTooBig(packet, find);
    case Reason::kServiceRange: {
      const std::optional<Flow> flow = ParseFlow(packet.frame);
      if (!flow) return PassOn(packet);
      const FlowKey& key = flow->key;
      const bool is_misfit =
          lookup_.FindFrontend(key.destination, key.destination_port, key.protocol) != nullptr;
      return is_misfit ? Direct(packet, packet.attempt, now) : Refuse(packet, key.destination);
    }
    default:
      return ByAnswer(packet, packet.reason);
  }
}

Decision SoftwarePath::Decide(const FlowKey& key, absl::Time now) {
  Decision decision;
  decision.frontend = lookup_.FindFrontend(key.destination, key.destination_port, key.protocol);
  decision.client = lookup_.ClientOf(key.source);
  if (decision.frontend == nullptr) return decision;
  const Frontend& frontend = *decision.frontend;
  const bool outside = decision.client.client_class == ClientClass::kOutside;
  decision.half = outside ? &frontend.outside : &frontend.inside;
  decision.action = Admits(frontend, key.source) ? decision.half->action : FrontendAction::kDrop;
  if (decision.action != FrontendAction::kForward) return decision;
  decision.endpoint = FromAffinity(decision, key, now);
  decision.by_affinity = decision.endpoint != nullptr;
  if (decision.by_affinity) return decision;
  const std::optional<size_t> chosen = schedulers_.Choose(frontend, *decision.half, key);
  if (chosen) decision.endpoint = &decision.half->endpoints[*chosen];
  return decision;
}

// nullptr: the client met none lately, or one that the half does not have any more.
const Backend* SoftwarePath::FromAffinity(const Decision& decision, const FlowKey& key,
                                          absl::Time now) const {
  const Frontend& frontend = *decision.frontend;
  if (frontend.affinity_seconds == 0) return nullptr;
  const auto met = affinity_.Find(frontend.affinity_group, key.source, now,
                                  absl::Seconds(frontend.affinity_seconds));
  if (!met) return nullptr;
  const auto& endpoints = decision.half->endpoints;
  const auto same = std::ranges::find_if(endpoints, [&](const Backend& endpoint) {
    return endpoint.address == met->address && endpoint.port == met->port;
  });
  return same == endpoints.end() ? nullptr : &*same;
}

void SoftwarePath::Commit(const Decision& decision, const FlowKey& key, absl::Time now) {
  const Frontend& frontend = *decision.frontend;
  schedulers_.Took(frontend, *decision.endpoint);
  if (frontend.affinity_seconds == 0) return;
  affinity_.Remember(frontend.affinity_group, key.source,
                     {decision.endpoint->address, decision.endpoint->port}, now);
}

// Gives the packet back with the endpoint it is to go to, or refuses it.
PuntService SoftwarePath::Direct(const HandedOver& packet, uint8_t attempt, absl::Time now) {
  const std::optional<Flow> flow = ParseFlow(packet.frame);
  if (!flow) return Drop(packet.reason);
  const Decision decision = Decide(flow->key, now);
  if (decision.frontend == nullptr || decision.action == FrontendAction::kDrop) {
    return Drop(Reason::kFrontendDrop);
  }
  if (decision.action == FrontendAction::kReject) {
    return ByAnswer(packet, Reason::kReject);
  }
  if (decision.endpoint == nullptr) return Drop(Reason::kNoEndpoint);
  const std::optional<uint32_t> row = endpoints_.RowOf(
      {{decision.endpoint->address, decision.endpoint->port}, decision.endpoint->next_hop});
  const std::optional<uint8_t> free = FreeAttempt(flow->key, decision, attempt);
  if (!free) return Drop(Reason::kSourcePortTaken);
  if (attempt == 0) Commit(decision, flow->key, now);
  const FrontendKey frontend = KeyOf(*decision.frontend);
  if (!row || FindFrontendRow(image_->frontends, frontend) == nullptr) {
    return {.fate = Fate::kRetry,
            .attempt = *free,
            .directed_endpoint = {},
            .wanted_row = WantedRow{frontend, *decision.endpoint}};
  }
  const bool outside = decision.client.client_class == ClientClass::kOutside;
  card_affinity_.Tell(*decision.frontend, outside, flow->key, *row);
  return {.fate = Fate::kRetry, .attempt = *free, .directed_endpoint = row};
}

PuntService SoftwarePath::Retry(const HandedOver& packet, absl::Time now) {
  if (packet.attempt + 1U >= kSourcePortAttempts) return Drop(Reason::kSourcePortTaken);
  const auto next = static_cast<uint8_t>(packet.attempt + 1);
  const std::optional<Flow> flow = ParseFlow(packet.frame);
  const Frontend* frontend =
      flow ? lookup_.FindFrontend(flow->key.destination, flow->key.destination_port,
                                  flow->key.protocol)
           : nullptr;
  if (frontend != nullptr &&
      (!WhyHostDecides(*frontend).empty() || HasConnections(frontend->protocol))) {
    return Direct(packet, next, now);
  }
  return {.fate = Fate::kRetry, .attempt = next};
}

PuntService SoftwarePath::Refuse(const HandedOver& packet, const Address& destination) const {
  if (lookup_.IsClusterIp(destination)) return ByAnswer(packet, Reason::kReject);
  if (lookup_.InServiceRange(destination)) return Drop(Reason::kServiceRange);
  return PassOn(packet);
}

PuntService SoftwarePath::ByAnswer(const HandedOver& packet, Reason reason) const {
  const std::optional<Flow> ip = ParseIp(packet.frame);
  const Address node_address = ip ? NodeAddress(ip->key.source) : Address();
  Answer answer = MakeAnswer(packet.frame, packet.ingress, reason, node_address, rest_.tunnel.mtu);
  if (answer.kind == AnswerKind::kNothing) return Drop(reason);
  const Fate fate = reason == Reason::kReject ? Fate::kRejected : Fate::kAnswered;
  PuntService service{.fate = fate, .egress = answer.egress};
  service.frames.push_back(std::move(answer.frame));
  return service;
}

Address SoftwarePath::NodeAddress(const Address& of_family) const {
  return of_family.is_v4() ? Address(rest_.masquerade_address) : rest_.masquerade_address_v6;
}

PuntService SoftwarePath::ServeSctp(const HandedOver& packet, absl::Time now,
                                    FindTranslation find) {
  const std::optional<Flow> flow = ParseFlow(packet.frame);
  if (!flow) return PassOn(packet);
  if (std::optional<PuntService> service = ServeOwn(packet, *flow, now)) return *service;
  return Connect(packet, *flow, now, find);
}

// A packet behind the first may have found the table full, too, or the card has had room since.
PuntService SoftwarePath::ServeTableFull(const HandedOver& packet, absl::Time now,
                                         FindTranslation find) {
  const std::optional<Flow> flow = ParseFlow(packet.frame);
  if (!flow) return Drop(packet.reason);
  if (std::optional<PuntService> service = ServeOwn(packet, *flow, now)) return *service;
  if (!find(flow->key)) return Connect(packet, *flow, now, find);
  if (packet.rounds >= kRoundsMax) return Drop(packet.reason);
  return {.fate = Fate::kRetry, .rounds = static_cast<uint8_t>(packet.rounds + 1)};
}

// What is none of its own begins in the card, if there is room by now, and else comes back.
PuntService SoftwarePath::ServeHostConnections(const HandedOver& packet, absl::Time now) {
  const std::optional<Flow> flow = ParseFlow(packet.frame);
  if (!flow) return PassOn(packet);
  if (std::optional<PuntService> service = ServeOwn(packet, *flow, now)) return *service;
  const FlowKey& key = flow->key;
  const bool to_frontend =
      lookup_.FindFrontend(key.destination, key.destination_port, key.protocol) != nullptr;
  return to_frontend ? Direct(packet, 0, now) : Refuse(packet, key.destination);
}

std::optional<PuntService> SoftwarePath::ServeOwn(const HandedOver& packet, const Flow& flow,
                                                  absl::Time now) {
  LifeSign sign;
  if (flow.key.protocol == Protocol::kTcp) {
    const size_t at = flow.transport_offset + kTcpFlagsInHeader;
    sign.tcp_flags = at < packet.frame.size() ? packet.frame[at] : uint8_t{0};
  }
  const HostConnections::Found found = flow.hop_limit < kLowestHopLimitToForward
                                           ? connections_.Find(flow.key)
                                           : connections_.Touch(flow.key, TickOf(now), sign);
  if (found.connection == nullptr) return std::nullopt;
  const HostConnection& connection = *found.connection;
  if (found.is_reply) {
    return Forward(packet, flow, HostConnection::Reversed(connection.original),
                   connection.to_client);
  }
  return Forward(packet, flow, connection.translated, connection.to_endpoint);
}

std::optional<FlowKey> SoftwarePath::TranslationOf(const FlowKey& key) const {
  const HostConnections::Found found = connections_.Find(key);
  if (found.connection == nullptr) return std::nullopt;
  return found.is_reply ? HostConnection::Reversed(found.connection->original)
                        : found.connection->translated;
}

// The first packet of a connection of its own.
PuntService SoftwarePath::Connect(const HandedOver& packet, const Flow& flow, absl::Time now,
                                  FindTranslation find) {
  const Decision decision = Decide(flow.key, now);
  if (decision.frontend == nullptr) return Refuse(packet, flow.key.destination);
  if (decision.action == FrontendAction::kDrop) return Drop(Reason::kFrontendDrop);
  if (decision.action == FrontendAction::kReject) {
    return ByAnswer(packet, Reason::kReject);
  }
  if (decision.endpoint == nullptr) return Drop(Reason::kNoEndpoint);
  if (flow.hop_limit < kLowestHopLimitToForward) {
    return ByAnswer(packet, Reason::kTtlExpired);
  }
  const uint32_t quota = image_->configuration.unconfirmed_quota;
  if (quota != 0 && connections_.unconfirmed(KeyOf(*decision.frontend)) >= quota) {
    return Drop(Reason::kUnconfirmedQuota);
  }
  RecordResult result = RecordResult::kSourcePortTaken;
  for (uint8_t attempt = 0; attempt < kSourcePortAttempts; ++attempt) {
    const std::optional<FlowKey> to = Translate(flow.key, decision, attempt);
    if (!to) return Drop(Reason::kNoMasqueradeAddress);
    if (find(HostConnection::Reversed(*to))) continue;  // replies of a connection in the card
    result = connections_.Record({.original = flow.key,
                                  .translated = *to,
                                  .to_endpoint = decision.endpoint->next_hop,
                                  .to_client = decision.client.next_hop,
                                  .last_seen = TickOf(now)});
    if (result == RecordResult::kRecorded) {
      Commit(decision, flow.key, now);
      return Forward(packet, flow, *to, decision.endpoint->next_hop);
    }
    if (result == RecordResult::kFull) break;
  }
  return Drop(result == RecordResult::kFull ? Reason::kConnectionTableFull
                                            : Reason::kSourcePortTaken);
}

std::optional<uint8_t> SoftwarePath::FreeAttempt(const FlowKey& key, const Decision& decision,
                                                 uint8_t attempt) const {
  if (!HasConnections(key.protocol)) return attempt;
  for (; attempt < kSourcePortAttempts; ++attempt) {
    const std::optional<FlowKey> to = Translate(key, decision, attempt);
    if (!to || !connections_.Find(HostConnection::Reversed(*to)).is_reply) return attempt;
  }
  return std::nullopt;
}

std::optional<FlowKey> SoftwarePath::Translate(const FlowKey& key, const Decision& decision,
                                               uint8_t attempt) const {
  const Backend& endpoint = *decision.endpoint;
  FlowKey to{key.source, endpoint.address, key.source_port, endpoint.port, key.protocol};
  const bool masquerade = decision.half->masquerade || endpoint.address == key.source;
  if (masquerade) {
    to.source = NodeAddress(key.source);
    if (to.source.is_v4() != key.source.is_v4()) return std::nullopt;
  }
  if (masquerade || attempt != 0) {
    const MasqueradePorts& ports = rest_.masquerade_ports;
    const uint32_t hash = FlowHash(key, rest_.slot_hash_seed);
    const uint32_t candidate = (hash >> 16) + attempt * kSourcePortStride;
    to.source_port = static_cast<uint16_t>(ports.base | (candidate & ports.mask));
  }
  return to;
}

PuntService SoftwarePath::Forward(const HandedOver& packet, const Flow& flow, const FlowKey& to,
                                  const NextHop& hop) const {
  if (to.protocol != Protocol::kSctp) {
    const std::optional<DeepPacket> deep = ParseDeep(packet.frame);
    return deep ? SendDeep(packet, *deep, to, hop) : Drop(packet.reason);
  }
  if (flow.hop_limit < kLowestHopLimitToForward) {
    return ByAnswer(packet, Reason::kTtlExpired);
  }
  const bool into_tunnel = hop.vxlan_address != Ipv4Address{};
  const size_t packet_bytes = flow.transport_offset - kIpv4Offset + flow.transport_bytes;
  if (into_tunnel && packet_bytes > rest_.tunnel.mtu) {
    return ByAnswer(packet, Reason::kTooBig);
  }
  std::vector<uint8_t> frame(packet.frame.begin(), packet.frame.end());
  RewriteSctp(frame, flow, to, hop);
  return Send(std::move(frame), to, hop);
}

}  // namespace pointsman
