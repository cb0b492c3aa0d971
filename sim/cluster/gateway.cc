#include "sim/cluster/gateway.h"

#include <fmt/format.h>

#include <utility>

#include "host/services/table_values.h"

namespace pointsman::cluster {

Gateway::Gateway(const ClusterSetup& setup) {
  const auto add = [&](const kube::IpAddress& own, const std::optional<kube::IpAddress>& outer) {
    if (!outer) return;
    public_of_[TableAddress(own)] = TableAddress(*outer);
    private_of_[TableAddress(*outer)] = TableAddress(own);
  };
  for (const NodeSetup& node : setup.nodes) add(node.address, node.public_address);
  for (const LoadBalancerSetup& one : setup.load_balancers) add(one.address, one.public_address);
  for (const OutsideClient& client : setup.outside) clients_.insert(TableAddress(client.address));
}

Step Gateway::Take(Frame frame, const Trace& trace) const {
  const auto flow = ParseFlow(frame);
  if (!flow) return {.frame = {}, .failure = Failure{"gateway", "", "no packet"}};
  FlowKey out = flow->key;
  if (!clients_.contains(out.source)) {
    const auto known = public_of_.find(out.source);
    if (known == public_of_.end()) {
      return {.frame = {},
              .failure = Failure{"gateway", "public addresses",
                                 fmt::format("{} has no public address, so {} goes nowhere",
                                             Describe(out.source), Describe(flow->key))}};
    }
    out.source = known->second;
  }
  const auto known = private_of_.find(out.destination);
  if (known != private_of_.end()) out.destination = known->second;
  if (out != flow->key) {
    trace.Add("gateway",
              [&] { return fmt::format("{} becomes {}", Describe(flow->key), Describe(out)); });
    Readdress(frame, *flow, out);
  }
  return {.frame = std::move(frame), .failure = {}, .arrived = known == private_of_.end()};
}

}  // namespace pointsman::cluster
