#include "sim/cluster/virtual_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flow_tables/describe.h"
#include "flow_tables/tunnel.h"
#include "host/services/table_values.h"

namespace pointsman::cluster {
namespace {

std::string FateText(const ProcessedFrame& processed, const Flow& before, const Frame& after) {
  const auto flow = ParseFlow(after);
  const std::string to = flow ? Describe(flow->key) : "?";
  return fmt::format("{} becomes {}{}", Describe(before.key), to,
                     processed.served_in_software ? " (software)" : "");
}

}  // namespace

VirtualNode::VirtualNode(const ClusterSetup& setup, size_t index,
                         std::unique_ptr<Datapath> datapath)
    : setup_(setup),
      node_(setup.nodes[index]),
      where_("node " + node_.name),
      address_(TableAddress(node_.address)),
      tunnel_address_(TableAddress(TunnelAddress(node_))),
      pod_prefix_(TablePrefix(node_.pod_cidr)),
      private_prefix_(TablePrefix(setup.private_cidr)),
      datapath_(std::move(datapath)),
      egress_(address_) {
  for (const NodeSetup& node : setup.nodes) pod_prefixes_.push_back(TablePrefix(node.pod_cidr));
}

absl::Status VirtualNode::Program(NodeRules rules, absl::flat_hash_set<Address> pods) {
  if (absl::Status status = datapath_->Program(rules.forwarding); !status.ok()) return status;
  rules_ = std::move(rules);
  pods_ = std::move(pods);
  return absl::OkStatus();
}

bool VirtualNode::IsOwn(const Address& address) const {
  return address == address_ ||
         (setup_.model == NetworkModel::kTunnel && address == tunnel_address_);
}

bool VirtualNode::IsOwnPod(const Address& address) const { return pods_.contains(address); }

Step VirtualNode::Fail(std::string rule, std::string reason) const {
  return {.frame = {}, .failure = Failure{where_, std::move(rule), std::move(reason)}};
}

bool VirtualNode::PassesBy(const Flow& flow) const {
  return setup_.model == NetworkModel::kVpc && setup_.mode != ForwardingMode::kPointsman &&
         IsOwnPod(flow.key.source) && IsOwnPod(flow.key.destination);
}

std::optional<Failure> VirtualNode::Spoofed(const Flow& flow) const {
  const Address& source = flow.key.source;
  if (IsOwn(source)) {
    return Failure{where_, "own source address",
                   fmt::format("a packet from outside has the node's own address {} as its source",
                               Describe(source))};
  }
  if (IsOwnPod(source)) {
    return Failure{where_, "reverse path",
                   fmt::format("a packet from outside has the address of a pod of this node, {}, "
                               "as its source",
                               Describe(source))};
  }
  return std::nullopt;
}

absl::StatusOr<Step> VirtualNode::FromLocal(Frame frame, const Trace& trace, absl::Time now) {
  const auto flow = ParseFlow(frame);
  if (!flow) return Fail("", "no packet");
  if (PassesBy(*flow)) {
    trace.Add(where_, [&] { return "pod to pod past the node (IPvlan): " + Describe(flow->key); });
    return Step{.frame = std::move(frame), .failure = {}, .arrived = true};
  }
  return ThroughDatapath(Port::kNode, std::move(frame), *flow, trace, now);
}

absl::StatusOr<Step> VirtualNode::FromUplink(Frame frame, const Trace& trace, absl::Time now) {
  const size_t outer = TunnelBytes(frame, Port::kUplink, rules_.forwarding.tunnel);
  const auto flow = ParseFlow(std::span(frame).subspan(outer));
  if (!flow) return Fail("", "no packet");
  if (std::optional<Failure> failure = Spoofed(*flow)) {
    return Step{.frame = {}, .failure = std::move(failure)};
  }
  if (outer == 0) {
    if (const std::optional<FlowKey> inside = egress_.Return(flow->key)) {
      trace.Add(where_, [&] { return "back to the pod: " + Describe(*inside); });
      Readdress(frame, *flow, *inside);
      return ThroughDatapath(Port::kUplink, std::move(frame), *ParseFlow(frame), trace, now);
    }
  }
  return ThroughDatapath(Port::kUplink, std::move(frame), *flow, trace, now);
}

// `flow` is the packet inside, where the frame came through the tunnel.
absl::StatusOr<Step> VirtualNode::ThroughDatapath(Port ingress, Frame frame, const Flow& flow,
                                                  const Trace& trace, absl::Time now) {
  const ReceivedFrame received{ingress, std::move(frame)};
  auto results = datapath_->Process({&received, 1}, now);
  if (!results.ok()) return results.status();
  ProcessedFrame& processed = results->front();
  if (processed.fate != Fate::kPassed && processed.fate != Fate::kForwarded) {
    return Refused(processed, flow);
  }
  if (processed.sent.empty()) return Refused(processed, flow);
  Frame sent = std::move(processed.sent.front().frame);
  if (processed.fate == Fate::kForwarded) {
    // Into a tunnel it is an outer packet between nodes from here on.
    trace.Add(where_, [&] {
      const size_t outer = sent.size() > received.frame.size() ? kTunnelBytes : 0;
      const Frame inner(sent.begin() + static_cast<std::ptrdiff_t>(outer), sent.end());
      return FateText(processed, flow, inner) + (outer != 0 ? ", into the tunnel" : "");
    });
    return Onwards(std::move(sent), trace);
  }
  const size_t outer = TunnelBytes(sent, ingress, rules_.forwarding.tunnel);
  if (outer != 0) sent.erase(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(outer));
  return Onwards(std::move(sent), trace);
}

// By the node's routes.
Step VirtualNode::Onwards(Frame frame, const Trace& trace) {
  const auto flow = ParseFlow(frame);
  if (!flow) return Fail("", "no packet");
  const Address& to = flow->key.destination;
  if (IsOwn(to) || IsOwnPod(to)) return {.frame = std::move(frame), .failure = {}, .arrived = true};
  if (pod_prefix_.Contains(to)) return Fail("route", "no pod has " + pointsman::Describe(to));
  return Leave(std::move(frame), *flow, trace);
}

Step VirtualNode::Leave(Frame frame, const Flow& flow, const Trace& trace) {
  const auto node = std::ranges::find_if(
      pod_prefixes_, [&](const AddressPrefix& p) { return p.Contains(flow.key.destination); });
  const bool to_pod = node != pod_prefixes_.end();
  if (to_pod && setup_.model == NetworkModel::kTunnel) {
    const auto& peer = setup_.nodes[static_cast<size_t>(node - pod_prefixes_.begin())];
    trace.Add(where_, [&] { return "into the tunnel to " + peer.name; });
    return {
        .frame = IntoTunnel(frame, flow, rules_.forwarding.tunnel, TableAddress(peer.address).v4()),
        .failure = {}};
  }
  const bool keeps = to_pod || (setup_.model == NetworkModel::kVpc &&
                                private_prefix_.Contains(flow.key.destination));
  if (!keeps && pod_prefix_.Contains(flow.key.source)) {
    if (const auto out = egress_.Leave(flow.key, MayBegin(frame, flow))) {
      trace.Add(where_, [&] { return "leaves the pod network as " + Describe(*out); });
      Readdress(frame, flow, *out);
    }
  }
  return {.frame = std::move(frame), .failure = {}};
}

std::string VirtualNode::RuleFor(const Flow& flow) const {
  const auto note =
      rules_.notes.find({flow.key.destination, flow.key.destination_port, flow.key.protocol});
  if (note == rules_.notes.end()) return "";
  const FrontendNote& found = note->second;
  const char* policy = found.kind == FrontendKind::kClusterIp ? "internal" : "external";
  return fmt::format("{} of {}, {}TrafficPolicy {}", pointsman::ToString(found.kind),
                     found.service.ToString(), policy, found.local_policy ? "Local" : "Cluster");
}

Step VirtualNode::Refused(const ProcessedFrame& processed, const Flow& flow) const {
  const std::string to = DescribeSocket(flow.key.destination, flow.key.destination_port);
  if (processed.fate == Fate::kRejected) {
    return Fail(RuleFor(flow), to + ": refused, the Service has no endpoint to use");
  }
  const std::string rule = RuleFor(flow);
  if (!rule.empty() && processed.outcome.reason == Reason::kFrontendDrop) {
    return Fail(rule, to + ": dropped, no endpoint of the Service is on this node");
  }
  return Fail(rule, fmt::format("{}: dropped ({})", to, Name(processed.outcome.reason)));
}

}  // namespace pointsman::cluster
