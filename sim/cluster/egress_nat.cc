#include "sim/cluster/egress_nat.h"

#include "sim/cluster/frames.h"

namespace pointsman::cluster {
namespace {

// Between node ports and the ports of connections that the datapath masquerades.
constexpr uint16_t kFirstPort = 32768;
constexpr uint16_t kPorts = 16384;

}  // namespace

std::optional<FlowKey> EgressNat::Leave(const FlowKey& key, bool may_begin) {
  if (const auto known = leaving_.find(key); known != leaving_.end()) return known->second;
  if (!may_begin) return std::nullopt;
  FlowKey out = key;
  out.source = node_;
  for (int attempt = 0; attempt < kPorts; ++attempt) {
    out.source_port = static_cast<uint16_t>(kFirstPort + next_port_++ % kPorts);
    if (!returning_.try_emplace(Reverse(out), Reverse(key)).second) continue;
    leaving_.emplace(key, out);
    return out;
  }
  return std::nullopt;
}

std::optional<FlowKey> EgressNat::Return(const FlowKey& key) const {
  const auto known = returning_.find(key);
  if (known == returning_.end()) return std::nullopt;
  return known->second;
}

}  // namespace pointsman::cluster
