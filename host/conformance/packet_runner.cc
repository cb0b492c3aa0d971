#include "host/conformance/packet_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "flow_tables/packet.h"
#include "host/conformance/probe.h"
#include "host/services/table_values.h"
#include "host/services/forwarding_builder.h"

namespace pointsman::conformance {
namespace {

// So many first packets an endpoint that one of them is missed once in e^24.
constexpr size_t kProbesPerEndpoint = 24;
constexpr uint16_t kFirstSourcePort = 1024;

NodeFacts FactsOf(const NodeSetup& node) {
  NodeFacts facts;
  facts.name = node.node_name;
  facts.zone = node.zone;
  facts.primary_addresses = node.node_ips;
  facts.other_addresses = node.other_local_ips;
  if (node.detect_pods_by_cidr) facts.pod_cidrs = node.pod_cidrs;
  facts.service_cidrs = node.service_cidrs;
  facts.masquerade_all = node.masquerade_all;
  for (const std::string& text : node.node_port_addresses) {
    if (auto prefix = kube::IpPrefix::Parse(text); prefix.ok()) {
      facts.node_port_addresses.push_back(*prefix);
    }
  }
  return facts;
}

std::optional<std::string> ReasonToSkip(const Step& step, const PacketCase& asked) {
  if (asked.source.family() == kube::IpFamily::kIPv6) return "IPv6 is not carried yet";
  if (asked.protocol == kube::Protocol::kSctp) return "SCTP is not carried yet";
  if (!asked.sticky.empty()) return "session affinity is not judged yet";
  if (step.restart) return "restarts are not played yet";
  const auto& modes = asked.backends;
  if (!modes.empty() && std::find(modes.begin(), modes.end(), "nftables") == modes.end()) {
    return fmt::format("holds for kube-proxy's mode {} only", fmt::join(modes, ", "));
  }
  return std::nullopt;
}

// What became of one probe, in the words of a case.
struct Met {
  Expectation fate = Expectation::kAccept;
  SocketAddress endpoint;    // for kForward
  bool masqueraded = false;  // for kForward
  std::string ToString() const {
    if (fate != Expectation::kForward) return std::string(conformance::ToString(fate));
    return fmt::format("forward to {}{}", endpoint.ToString(), masqueraded ? ", masqueraded" : "");
  }
};

kube::IpAddress AddressAt(const std::vector<uint8_t>& frame, size_t offset) {
  return kube::IpAddress::FromBytes(std::span(frame).subspan(offset, 4));
}

// Masqueraded is what leaves with an address of the node, whoever sent it.
Met WhatWasMet(const ReceivedFrame& asked, const ProcessedFrame& processed,
               const NodeFacts& facts) {
  Met met;
  if (processed.outcome.reason == Reason::kReject && !processed.sent.empty()) {
    met.fate = Expectation::kReject;
  } else if (processed.sent.empty()) {
    met.fate = Expectation::kDrop;
  } else if (processed.sent[0].frame != asked.frame) {
    const std::vector<uint8_t>& frame = processed.sent[0].frame;
    met.fate = Expectation::kForward;
    met.endpoint.address = AddressAt(frame, kDestinationAddressOffset);
    met.endpoint.port = static_cast<uint16_t>(frame[kDestinationPortOffset] << 8 |
                                              frame[kDestinationPortOffset + 1]);
    const std::vector<kube::IpAddress> own = facts.LocalAddresses(kube::IpFamily::kIPv4);
    met.masqueraded =
        std::find(own.begin(), own.end(), AddressAt(frame, kSourceAddressOffset)) != own.end();
  }
  return met;
}

bool Contains(const std::vector<SocketAddress>& list, const SocketAddress& address) {
  return std::find(list.begin(), list.end(), address) != list.end();
}

// What is wrong with what was met, or nothing.
std::optional<std::string> Judge(const PacketCase& asked, const std::map<std::string, Met>& met) {
  std::string expected(ToString(asked.expect));
  if (asked.expect == Expectation::kForward) {
    std::vector<std::string> to;
    for (const SocketAddress& address : asked.to) {
      const bool masquerade = asked.masquerade || Contains(asked.masquerade_for, address);
      to.push_back(Met{Expectation::kForward, address, masquerade}.ToString());
    }
    expected = fmt::format("{}", fmt::join(to, " or "));
  }
  std::set<SocketAddress> reached;
  bool right = true;
  for (const auto& [text, one] : met) {
    right = right && one.fate == asked.expect;
    if (one.fate != Expectation::kForward) continue;
    const bool masquerade = asked.masquerade || Contains(asked.masquerade_for, one.endpoint);
    right = right && Contains(asked.to, one.endpoint) && one.masqueraded == masquerade;
    reached.insert(one.endpoint);
  }
  if (right && (asked.expect != Expectation::kForward || reached.size() == asked.to.size()))
    return std::nullopt;
  std::vector<std::string> actual;
  for (const auto& [text, one] : met) actual.push_back(text);
  return fmt::format("{} {} -> {}:{}\n    expected: {}\n    actual:   {}",
                     kube::ToString(asked.protocol), asked.source.ToString(),
                     asked.destination.ToString(), asked.destination_port, expected,
                     fmt::join(actual, " or "));
}

class ScenarioRunner {
 public:
  ScenarioRunner(const CaseFile& file, const Scenario& scenario, Datapath& datapath)
      : file_(file), scenario_(scenario), datapath_(datapath), facts_(FactsOf(scenario.node)) {}

  absl::Status Run(std::vector<CaseResult>& results) {
    if (absl::Status status = datapath_.ForgetConnections(); !status.ok()) return status;
    for (const Step& step : scenario_.steps) {
      for (const kube::ObjectKey& key : step.deletions) objects_.Delete(key);
      for (const kube::Object& object : step.apply) objects_.Apply(object);
      if (absl::Status status = datapath_.Program(BuildForwarding(objects_, facts_).forwarding);
          !status.ok()) {
        return status;
      }
      for (const PacketCase& asked : step.cases) {
        absl::StatusOr<CaseResult> result = Ask(step, asked);
        if (!result.ok()) return result.status();
        results.push_back(*std::move(result));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<CaseResult> Ask(const Step& step, const PacketCase& asked) {
    CaseResult result{file_.file, asked.line, scenario_.name, asked.name, CaseStatus::kPassed, {}};
    if (!step.name.empty()) result.scenario += " / " + step.name;
    if (auto reason = ReasonToSkip(step, asked)) {
      result.status = CaseStatus::kSkipped;
      result.detail = *reason;
      return result;
    }
    const std::vector<ReceivedFrame> frames = Probes(asked);
    absl::StatusOr<std::vector<ProcessedFrame>> processed = datapath_.Process(frames);
    if (!processed.ok()) return processed.status();
    std::map<std::string, Met> met;
    for (size_t i = 0; i < frames.size(); ++i) {
      const Met one = WhatWasMet(frames[i], (*processed)[i], facts_);
      met[one.ToString()] = one;
    }
    if (auto fault = Judge(asked, met)) {
      result.status = CaseStatus::kFailed;
      result.detail = *fault;
    }
    return result;
  }

  std::vector<ReceivedFrame> Probes(const PacketCase& asked) {
    Probe probe;
    probe.source = CardAddress(asked.source);
    probe.destination = CardAddress(asked.destination);
    probe.destination_port = asked.destination_port;
    probe.protocol = *CardProtocol(asked.protocol);
    std::vector<ReceivedFrame> frames(kProbesPerEndpoint * std::max<size_t>(1, asked.to.size()));
    for (ReceivedFrame& frame : frames) {
      probe.source_port = next_source_port_++;
      if (next_source_port_ == 0) next_source_port_ = kFirstSourcePort;
      frame.ingress = facts_.IsPod(asked.source) ? Port::kNode : Port::kUplink;
      frame.frame = ProbeFrame(probe);
    }
    return frames;
  }

  const CaseFile& file_;
  const Scenario& scenario_;
  Datapath& datapath_;
  const NodeFacts facts_;
  kube::ObjectSet objects_;
  uint16_t next_source_port_ = kFirstSourcePort;
};

}  // namespace

absl::StatusOr<std::vector<CaseResult>> RunPacketFile(const CaseFile& file, Datapath& datapath) {
  std::vector<CaseResult> results;
  for (const Scenario& scenario : file.scenarios) {
    if (absl::Status status = ScenarioRunner(file, scenario, datapath).Run(results); !status.ok()) {
      return status;
    }
  }
  return results;
}

}  // namespace pointsman::conformance
