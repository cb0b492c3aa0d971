#include "host/ports/steering.h"

#include "flow_tables/packet.h"
#include "flow_tables/tunnel.h"

namespace pointsman {
namespace {

// Frontends that are remembered at most; beyond, those that are gone are forgotten.
constexpr size_t kFrontendsMax = 1 << 20;

}  // namespace

Steering::Steering(const Image& image, const Steering* before)
    : tunnel_(image.configuration.tunnel) {
  if (before != nullptr && before->frontends_.size() < kFrontendsMax) {
    frontends_ = before->frontends_;
  }
  for (const FrontendRow& row : image.frontends) {
    if (!row.valid) continue;
    frontends_.emplace(Address::FromBits(row.destination_address), row.destination_port,
                       row.protocol);
  }
}

std::optional<uint32_t> Steering::OwnerOf(std::span<const uint8_t> frame, Port ingress,
                                          uint8_t count_log2) const {
  const std::span<const uint8_t> inside = frame.subspan(TunnelBytes(frame, ingress, tunnel_));
  const Parsed parsed = Parse(inside);
  const auto owner = [&](const Address& destination, const auto& tuple) {
    const bool to_frontend = IsFrontend(destination, tuple.destination_port, tuple.protocol);
    return ShardOfPort(to_frontend ? tuple.source_port : tuple.destination_port, count_log2);
  };
  if (parsed.kind == ParseKind::kTuple) {
    return owner(Ipv4Address{parsed.tuple.destination_address}, parsed.tuple);
  }
  if (parsed.kind == ParseKind::kPunt) return std::nullopt;
  const ParsedIpv6 other = ParseOther(inside, /*host_forwards_sctp=*/false);
  if (other.kind != ParseKind::kTuple) return std::nullopt;
  return owner(Address::FromBits(other.tuple.destination_address), other.tuple);
}

}  // namespace pointsman
