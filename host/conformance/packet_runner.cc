#include "host/conformance/packet_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "host/conformance/probe.h"
#include "host/datapath/explain.h"
#include "host/services/forwarding_builder.h"
#include "host/services/table_values.h"

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
  facts.localhost_node_ports = node.localhost_node_ports;
  for (const std::string& text : node.node_port_addresses) {
    if (auto prefix = kube::IpPrefix::Parse(text); prefix.ok()) {
      facts.node_port_addresses.push_back(*prefix);
    }
  }
  return facts;
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

// Masqueraded is what leaves with an address of the node, whoever sent it.
Met WhatWasMet(const ProcessedFrame& processed, const std::set<Address>& node_addresses) {
  Met met;
  switch (processed.fate) {
    case Fate::kRejected:
      met.fate = Expectation::kReject;
      break;
    case Fate::kDropped:
      met.fate = Expectation::kDrop;
      break;
    default:
      break;
  }
  if (processed.fate != Fate::kForwarded || processed.sent.empty()) return met;
  const std::optional<Flow> sent = ParseFlow(processed.sent[0].frame);
  if (!sent) return met;
  met.fate = Expectation::kForward;
  met.endpoint = {ObjectAddress(sent->key.destination), sent->key.destination_port};
  met.masqueraded = node_addresses.contains(sent->key.source);
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
  const size_t to_reach = asked.sticky.empty() ? asked.to.size() : 1;
  if (right && (asked.expect != Expectation::kForward || reached.size() == to_reach))
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
  ScenarioRunner(const CaseFile& file, const Scenario& scenario)
      : file_(file), scenario_(scenario), facts_(FactsOf(scenario.node)) {
    for (const auto* list : {&facts_.primary_addresses, &facts_.other_addresses}) {
      for (const kube::IpAddress& ip : *list) node_addresses_.insert(TableAddress(ip));
    }
  }

  // `open` gives the datapath anew, without anything of before.
  absl::Status Run(const std::function<absl::StatusOr<Datapath*>()>& open, Datapath* datapath,
                   std::vector<CaseResult>& results) {
    datapath_ = datapath;
    if (absl::Status status = datapath_->Forget(); !status.ok()) return status;
    for (const Step& step : scenario_.steps) {
      if (step.restart) {
        absl::StatusOr<Datapath*> anew = open();
        if (!anew.ok()) return anew.status();
        datapath_ = *anew;
      }
      if (absl::Status status = Take(step); !status.ok()) return status;
      for (const PacketCase& asked : step.cases) {
        absl::StatusOr<CaseResult> result = Ask(step, asked);
        if (!result.ok()) return result.status();
        results.push_back(*std::move(result));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Take(const Step& step) {
    for (const kube::ObjectKey& key : step.deletions) objects_.Delete(key);
    for (const kube::Object& object : step.apply) objects_.Apply(object);
    forwarding_ = BuildForwarding(objects_, facts_).forwarding;
    return datapath_->Program(forwarding_);
  }

  absl::StatusOr<CaseResult> Ask(const Step& step, const PacketCase& asked) {
    CaseResult result{file_.file, asked.line, scenario_.name, asked.name, CaseStatus::kPassed, {}};
    if (!step.name.empty()) result.scenario += " / " + step.name;
    absl::StatusOr<std::map<std::string, Met>> met = Meet(asked);
    if (!met.ok()) return met.status();
    std::optional<std::string> fault = Judge(asked, *met);
    if (!fault && !asked.sticky.empty()) fault = JudgeAffinity(asked, met->begin()->second);
    if (fault) {
      result.status = CaseStatus::kFailed;
      result.detail = *fault + RowsText(asked);
    }
    return result;
  }

  // The way of one of the case's packets through the tables.
  std::string RowsText(const PacketCase& asked) const {
    std::string text;
    for (const std::string& line :
         RowsMet(datapath_->image(),
                 {TableAddress(asked.source), TableAddress(asked.destination), kFirstSourcePort,
                  asked.destination_port, TableProtocol(asked.protocol)})) {
      text += fmt::format("\n    row:      {}", line);
    }
    return text;
  }

  // What the case's packets met, by its text.
  absl::StatusOr<std::map<std::string, Met>> Meet(const PacketCase& asked) {
    const std::vector<ReceivedFrame> frames = Probes(asked);
    const uint32_t affinity_seconds = asked.sticky.empty() ? AffinitySeconds(asked) : 0;
    const size_t burst = affinity_seconds == 0 ? frames.size() : 1;
    std::map<std::string, Met> met;
    for (size_t begin = 0; begin < frames.size(); begin += burst) {
      auto processed = datapath_->Process(std::span(frames).subspan(begin, burst), now_);
      if (!processed.ok()) return processed.status();
      for (const ProcessedFrame& one : *processed) {
        const Met what = WhatWasMet(one, node_addresses_);
        met[what.ToString()] = what;
      }
      if (affinity_seconds != 0) now_ += absl::Seconds(affinity_seconds + 1);
    }
    return met;
  }

  // Cases with one mark meet one endpoint.
  std::optional<std::string> JudgeAffinity(const PacketCase& asked, const Met& met) {
    const auto [first, is_first] = by_mark_.try_emplace(asked.sticky, met.endpoint);
    if (is_first || first->second == met.endpoint) return std::nullopt;
    return fmt::format("affinity {}\n    expected: {}\n    actual:   {}", asked.sticky,
                       first->second.ToString(), met.endpoint.ToString());
  }

  uint32_t AffinitySeconds(const PacketCase& asked) const {
    const Address address = TableAddress(asked.destination);
    for (const Frontend& frontend : forwarding_.frontends) {
      if (frontend.address == address && frontend.port == asked.destination_port &&
          frontend.protocol == TableProtocol(asked.protocol)) {
        return frontend.affinity_seconds;
      }
    }
    return 0;
  }

  std::vector<ReceivedFrame> Probes(const PacketCase& asked) {
    FlowKey probe;
    probe.source = TableAddress(asked.source);
    probe.destination = TableAddress(asked.destination);
    probe.destination_port = asked.destination_port;
    probe.protocol = TableProtocol(asked.protocol);
    const bool inside = facts_.IsPod(asked.source) || node_addresses_.contains(probe.source);
    std::vector<ReceivedFrame> frames(kProbesPerEndpoint * std::max<size_t>(1, asked.to.size()));
    for (ReceivedFrame& frame : frames) {
      probe.source_port = next_source_port_++;
      if (next_source_port_ == 0) next_source_port_ = kFirstSourcePort;
      frame.ingress = inside ? Port::kNode : Port::kUplink;
      frame.frame = ProbeFrame(probe);
    }
    return frames;
  }

  const CaseFile& file_;
  const Scenario& scenario_;
  const NodeFacts facts_;
  std::set<Address> node_addresses_;
  Datapath* datapath_ = nullptr;
  kube::ObjectSet objects_;
  Forwarding forwarding_;
  std::map<std::string, SocketAddress> by_mark_;
  absl::Time now_ = absl::UnixEpoch();
  uint16_t next_source_port_ = kFirstSourcePort;
};

}  // namespace

absl::StatusOr<Datapath*> PacketRunner::Open() {
  datapath_.reset();
  absl::StatusOr<std::unique_ptr<Datapath>> datapath = open_();
  if (!datapath.ok()) return datapath.status();
  datapath_ = *std::move(datapath);
  return datapath_.get();
}

absl::StatusOr<std::vector<CaseResult>> PacketRunner::Run(const CaseFile& file) {
  if (datapath_ == nullptr) {
    if (absl::StatusOr<Datapath*> opened = Open(); !opened.ok()) return opened.status();
  }
  std::vector<CaseResult> results;
  for (const Scenario& scenario : file.scenarios) {
    ScenarioRunner runner(file, scenario);
    absl::Status status = runner.Run([this] { return Open(); }, datapath_.get(), results);
    if (!status.ok()) return status;
  }
  return results;
}

}  // namespace pointsman::conformance
