#include "sim/cluster/load_balancer.h"

#include <fmt/format.h>

#include <algorithm>

#include "host/services/table_values.h"

namespace pointsman::cluster {
namespace {

// Of a proxy's connections to its targets.
constexpr uint16_t kFirstPort = 1024;
constexpr uint16_t kPorts = 28000;
constexpr uint32_t kHashSeed = 0x10adba1a;

}  // namespace

LoadBalancer::LoadBalancer(const LoadBalancerSetup& setup, std::vector<AddressPrefix> inside)
    : setup_(setup),
      where_("load balancer " + setup.name),
      address_(TableAddress(setup.address)),
      inside_(std::move(inside)) {}

Step LoadBalancer::Take(Frame frame, const Trace& trace) {
  const auto flow = ParseFlow(frame);
  if (!flow) return {.frame = {}, .failure = Failure{where_, "", "no packet"}};
  for (const auto* known : {&replies_, &requests_}) {
    const auto found = known->find(flow->key);
    if (found == known->end()) continue;
    trace.Add(where_, [&] { return fmt::format("on as {}", Describe(found->second)); });
    Readdress(frame, *flow, found->second);
    return {.frame = std::move(frame)};
  }
  return Connect(std::move(frame), *flow, trace);
}

Step LoadBalancer::Connect(Frame frame, const Flow& flow, const Trace& trace) {
  const FlowKey& key = flow.key;
  const auto fail = [&](std::string rule, std::string reason) {
    return Step{.frame = {}, .failure = Failure{where_, std::move(rule), std::move(reason)}};
  };
  const auto found = listeners_.find({key.destination_port, key.protocol});
  if (found == listeners_.end() || !MayBegin(frame, flow)) {
    return fail("listeners", fmt::format("nothing listens on port {}", key.destination_port));
  }
  const Listener& listener = found->second;
  if (listener.targets.empty()) {
    return fail("health checks of " + listener.service, "no target is healthy");
  }
  const Target& target = listener.targets[FlowHash(key, kHashSeed) % listener.targets.size()];
  FlowKey out = key;
  out.destination = target.address;
  out.destination_port = target.port;
  const auto holds_client = [&](const AddressPrefix& p) { return p.Contains(key.source); };
  const bool is_proxy = setup_.kind == LoadBalancerKind::kShared && listener.is_passed_through &&
                        std::ranges::any_of(inside_, holds_client);
  if (is_proxy) {
    out.source = address_;
    out.source_port = static_cast<uint16_t>(kFirstPort + next_port_++ % kPorts);
  }
  requests_[key] = out;
  replies_[Reverse(out)] = Reverse(key);
  trace.Add(where_,
            [&] { return fmt::format("{} goes to a target as {}", Describe(key), Describe(out)); });
  Readdress(frame, flow, out);
  return {.frame = std::move(frame)};
}

}  // namespace pointsman::cluster
