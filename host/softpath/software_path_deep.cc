// What the card does not translate by itself: fragments, options, ICMP errors, packets that are too
// long for a tunnel.
#include <utility>

#include "flow_tables/answer.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
#include "host/softpath/cut_up.h"
#include "host/softpath/icmp_errors.h"
#include "host/softpath/services.h"
#include "host/softpath/software_path.h"
#include "host/softpath/tunnel_frames.h"

namespace pointsman {
namespace {

// The smallest offset of a fragment that cannot lie over a TCP header (RFC 3128).
constexpr size_t kSafeFragmentOffsetBytes = 16;

// Wrong in both checksums that a receiver looks at, and not 0, which UDP has for "none".
std::vector<uint8_t> ScoutFor(std::span<const uint8_t> frame, const DeepPacket& deep) {
  std::vector<uint8_t> scout = PlainHeaders(frame, deep);
  const auto spoil = [&](size_t at) {
    const uint16_t other = LoadBe16(&scout[at]) ^ 0x5a5a;
    StoreBe16(&scout[at], other == 0 ? 1 : other);
  };
  if (deep.is_v4()) spoil(kIpv4ChecksumOffset);
  const size_t transport = deep.is_v4() ? kTransportOffset : kIpv6TransportOffset;
  const bool tcp = deep.protocol == static_cast<uint8_t>(Protocol::kTcp);
  spoil(transport + (tcp ? kTcpChecksumInHeader : kUdpChecksumInHeader));
  return scout;
}

bool OverlapsHeader(const DeepPacket& deep) {
  return deep.protocol == static_cast<uint8_t>(Protocol::kTcp) && !deep.IsFirst() &&
         deep.fragment_offset_bytes < kSafeFragmentOffsetBytes;
}

}  // namespace

PuntService SoftwarePath::ServeFragment(const Unwrapped& packet, absl::Time now,
                                        FindTranslation find) {
  const std::optional<DeepPacket> deep = ParseDeep(packet.frame);
  if (!deep || !deep->is_fragment || deep->is_routed) return PassOn(packet);
  if (OverlapsHeader(*deep)) return Drop(Reason::kFragment);
  const DatagramId id = deep->datagram();
  if (!deep->IsFirst()) {
    if (const DatagramWay* way = fragments_.Find(id, now)) {
      return way->translated ? SendDeep(packet, *deep, way->to, way->hop) : PassOn(packet);
    }
    const bool held = fragments_.Hold(id, packet.ingress, packet.whole, now);
    return held ? PuntService{.fate = Fate::kHeld} : Drop(Reason::kFragment);
  }
  const std::optional<FlowKey> key = KeyOf(packet.frame, *deep);
  if (!key) return Drop(Reason::kFragment);
  if (const std::optional<FlowKey> to = find(*key)) {
    const NextHop hop = HopTowards(*to);
    released_ = fragments_.Learn(id, {.translated = true, .to = *to, .hop = hop}, now);
    return SendDeep(packet, *deep, *to, hop);
  }
  PuntService service = BeginDeep(packet, *deep, *key, now);
  if (service.fate == Fate::kPassed) released_ = fragments_.Learn(id, {}, now);
  return service;
}

PuntService SoftwarePath::ServeOptions(const HandedOver& packet, absl::Time now,
                                       FindTranslation find) {
  const std::optional<DeepPacket> deep = ParseDeep(packet.frame);
  if (!deep || deep->is_fragment || deep->is_routed) {
    return deep && deep->is_fragment ? ServeFragment({packet, packet.frame}, now, find)
                                     : PassOn(packet);
  }
  const std::optional<FlowKey> key = KeyOf(packet.frame, *deep);
  if (!key) return PassOn(packet);
  if (const std::optional<FlowKey> to = find(*key)) {
    return SendDeep(packet, *deep, *to, HopTowards(*to));
  }
  return BeginDeep(packet, *deep, *key, now);
}

// The first packet of a connection: what the rules say of it, or the question to the card.
PuntService SoftwarePath::BeginDeep(const HandedOver& packet, const DeepPacket& deep,
                                    const FlowKey& key, absl::Time now) {
  const std::vector<uint8_t> plain = PlainHeaders(packet.frame, deep);
  HandedOver as_plain = packet;
  as_plain.frame = plain;
  const Decision decision = Decide(key, now);
  if (decision.frontend == nullptr) {
    PuntService service = Refuse(as_plain, key.destination);
    return service.fate == Fate::kPassed ? PassOn(packet) : service;
  }
  if (decision.action == FrontendAction::kDrop) return Drop(Reason::kFrontendDrop);
  if (decision.action == FrontendAction::kReject) return ByAnswer(as_plain, Reason::kReject);
  if (packet.rounds >= kRoundsMax) return Drop(packet.reason);
  PuntService service{.fate = Fate::kRetry};
  service.rounds = static_cast<uint8_t>(packet.rounds + 1);
  if (packet.rounds == 0) service.scout = ScoutFor(packet.frame, deep);
  return service;
}

PuntService SoftwarePath::ServeTooBig(const HandedOver& packet, FindTranslation find) const {
  const std::optional<DeepPacket> deep = ParseDeep(packet.frame);
  const std::optional<FlowKey> key = deep ? KeyOf(packet.frame, *deep) : std::nullopt;
  const std::optional<FlowKey> to = key ? find(*key) : std::nullopt;
  return to ? SendDeep(packet, *deep, *to, HopTowards(*to)) : ByAnswer(packet, Reason::kTooBig);
}

PuntService SoftwarePath::ServeIcmpError(const HandedOver& packet, FindTranslation find) const {
  const std::optional<IcmpError> error = ParseIcmpError(packet.frame);
  if (!error || error->destination != error->quoted.source) return PassOn(packet);
  const FlowKey answer = error->AnswerKey();
  const std::optional<FlowKey> to = find(answer);
  if (!to) return PassOn(packet);
  if (error->is_redirect) return Drop(Reason::kIcmpError);
  if (error->hop_limit < kLowestHopLimitToForward) return Drop(Reason::kTtlExpired);
  const NextHop hop = HopTowards(*to);
  const Address source = error->source == answer.source ? to->source : error->source;
  std::vector<uint8_t> frame(packet.frame.begin(), packet.frame.end());
  TranslateIcmpError(frame, *error, HostConnection::Reversed(*to), source, hop);
  return Send(std::move(frame), *to, hop);
}

// Translated, and cut up where it is too long for its tunnel.
PuntService SoftwarePath::SendDeep(const HandedOver& packet, const DeepPacket& deep,
                                   const FlowKey& to, const NextHop& hop) const {
  // Only the first fragment has answers (RFC 1122, 3.2.2).
  const auto answer = [&](Reason reason) {
    return deep.IsFirst() ? ByAnswer(packet, reason) : Drop(reason);
  };
  if (deep.hop_limit < kLowestHopLimitToForward) return answer(Reason::kTtlExpired);
  std::vector<uint8_t> frame(packet.frame.begin(), packet.frame.end());
  const bool too_big = hop.vxlan_address != Ipv4Address{} && deep.packet_bytes > rest_.tunnel.mtu;
  if (!too_big) {
    TranslateDeep(frame, deep, to, hop);
    return Send(std::move(frame), to, hop);
  }
  if (!deep.is_v4()) return answer(Reason::kTooBig);
  TranslateDeep(frame, deep, to, hop);
  const std::vector<std::vector<uint8_t>> pieces = CutUp(frame, rest_.tunnel.mtu);
  if (pieces.empty()) return answer(Reason::kTooBig);
  PuntService service = Send(pieces.front(), to, hop);
  for (size_t i = 1; i < pieces.size(); ++i) {
    service.frames.push_back(std::move(Send(pieces[i], to, hop).frames.front()));
  }
  return service;
}

PuntService SoftwarePath::Send(std::vector<uint8_t> frame, const FlowKey& to,
                               const NextHop& hop) const {
  PuntService service{.fate = Fate::kForwarded, .egress = hop.egress};
  service.into_tunnel = hop.vxlan_address != Ipv4Address{};
  service.frames.push_back(service.into_tunnel ? IntoTunnel(frame, to, hop, rest_.tunnel)
                                               : std::move(frame));
  return service;
}

// By the endpoint, else by who has the address: clients and pods that are endpoints no more.
NextHop SoftwarePath::HopTowards(const FlowKey& to) const {
  const NextHop* hop = endpoints_.HopOf({to.destination, to.destination_port});
  if (hop != nullptr) return *hop;
  return lookup_.ClientOf(to.destination).next_hop;
}

}  // namespace pointsman
