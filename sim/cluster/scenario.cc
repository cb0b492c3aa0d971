#include "sim/cluster/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "host/kube/decode.h"
#include "host/kube/field.h"
#include "host/kube/validate.h"
#include "host/kube/yaml_text.h"
#include "host/services/pass_through.h"
#include "sim/cluster/health_checks.h"
#include "sim/cluster/scenario_cluster.h"
#include "sim/cluster/workload.h"

namespace pointsman::cluster {
namespace {

using kube::Field;
using kube::IpAddress;
using kube::ObjectKey;

constexpr std::string_view kFormat = "pointsman-cluster/v1";
constexpr int kReplicasMax = 10'000;
constexpr int kServicesMax = 1'000;
constexpr int kProbesMax = 10'000'000;
constexpr int kConnectionsMax = 100'000;

constexpr std::array<std::pair<std::string_view, Protocol>, 2> kProtocols = {
    {{"TCP", Protocol::kTcp}, {"UDP", Protocol::kUdp}}};
constexpr std::array<std::pair<std::string_view, Via>, 3> kVias = {
    {{"clusterIP", Via::kClusterIp},
     {"nodePort", Via::kNodePort},
     {"loadBalancer", Via::kLoadBalancer}}};
constexpr std::array<std::pair<std::string_view, kube::TrafficPolicy>, 2> kPolicies = {
    {{"Cluster", kube::TrafficPolicy::kCluster}, {"Local", kube::TrafficPolicy::kLocal}}};

// "node a:80" is {"node", "a", 80}; "10.0.0.1:80" has no kind. The port may be missing: 0.
struct Place {
  std::string kind;
  std::string name;
  uint16_t port = 0;
};

Place SplitPlace(const std::string& text) {
  Place place;
  const size_t space = text.rfind(' ');
  if (space != std::string::npos) place.kind = text.substr(0, space);
  place.name = space == std::string::npos ? text : text.substr(space + 1);
  const size_t colon = place.name.rfind(':');
  unsigned port = 0;
  if (colon != std::string::npos && absl::SimpleAtoi(place.name.substr(colon + 1), &port) &&
      port <= 65535) {
    place.port = static_cast<uint16_t>(port);
    place.name.resize(colon);
  }
  return place;
}

class Parser {
 public:
  Parser(const std::string& file, const ReadManifest& read) : read_(read) { out_.file = file; }

  absl::StatusOr<Scenario> Parse(const kube::Value& document) {
    const Field root(document, report_);
    if (const std::string format = root["format"].Text(); format != kFormat) {
      root["format"].Fail(fmt::format("'{}' is not {}", format, kFormat));
      return Result();
    }
    RefuseUnknown(root,
                  {"format", "name", "network", "nodes", "loadBalancers", "clients", "manifests",
                   "objects", "deployments", "generate", "probes", "loads", "rollouts"});
    out_.name = root["name"].Text();
    out_.setup = DecodeCluster(root);
    // What is asked can only be read where the cluster is known.
    if (!report_.empty()) return Result();
    workload_ = std::make_unique<Workload>(out_.setup);
    ReadObjects(root);
    root["deployments"].ForEach([&](const Field& field) { AddDeployment(field); });
    root["generate"].ForEach([&](const Field& field) { Generate(field); });
    CheckObjects();
    if (!report_.empty() || !problems_.empty()) return Result();
    out_.probes = root["probes"].List([&](const Field& field) { return DecodeProbe(field); });
    out_.loads = root["loads"].List([&](const Field& field) { return DecodeLoad(field); });
    out_.rollouts = root["rollouts"].List([&](const Field& field) { return DecodeRollout(field); });
    return Result();
  }

 private:
  absl::StatusOr<Scenario> Result() {
    std::string all;
    const auto add = [&](const std::string& line) { all += (all.empty() ? "" : "\n") + line; };
    for (const kube::FieldError& error : report_) {
      add(fmt::format("{}:{}: {}: {}", out_.file, error.line, error.path, error.message));
    }
    for (const kube::Problem& problem : problems_) add(problem.ToString());
    if (!all.empty()) return absl::InvalidArgumentError(all);
    return std::move(out_);
  }

  // ---- objects ----

  void ReadObjects(const Field& root) {
    kube::Decoded decoded;
    root["manifests"].ForEach([&](const Field& field) {
      const std::string name = field.Text();
      const absl::StatusOr<std::string> text = read_(name);
      if (!text.ok()) return field.Fail(std::string(text.status().message()));
      kube::Decoded of_file = kube::DecodeManifest(*text, name);
      Append(std::move(of_file), decoded);
    });
    root["objects"].ForEach(
        [&](const Field& item) { kube::DecodeDocument(*item.value(), out_.file, decoded); });
    problems_ = std::move(decoded.problems);
    for (kube::DecodedObject& one : decoded.objects) {
      const ObjectKey key = KeyOf(one.object);
      if (!origins_.emplace(key, one.origin).second) {
        Report(key, "metadata.name", "is there twice");
      }
      if (const auto* pod = std::get_if<kube::Pod>(&one.object)) {
        for (const IpAddress& ip : pod->pod_ips) workload_->Take(ip);
      }
      out_.objects.Apply(std::move(one.object));
    }
  }

  static void Append(kube::Decoded from, kube::Decoded& to) {
    std::ranges::move(from.objects, std::back_inserter(to.objects));
    std::ranges::move(from.problems, std::back_inserter(to.problems));
  }

  void Report(const ObjectKey& key, std::string field, std::string message) {
    const auto origin = origins_.find(key);
    problems_.push_back(
        {.origin = origin == origins_.end() ? kube::Origin{out_.file, 0} : origin->second,
         .object = key.ToString(),
         .field = std::move(field),
         .message = std::move(message)});
  }

  void CheckObjects() {
    for (const auto& [key, pod] : out_.objects.pods) CheckPod(key, pod);
    for (const auto& [key, service] : out_.objects.services) {
      if (std::string why = WhyPassThroughIsWrong(service); !why.empty()) {
        Report(key, fmt::format("metadata.annotations[{}]", kPassThroughAnnotation),
               std::move(why));
      }
      for (const IpAddress& ip : service.cluster_ips) CheckClusterIp(key, ip);
    }
    kube::ObjectSet checked = out_.objects;
    for (kube::Problem& problem : kube::RefuseConflicts({}, origins_, checked)) {
      problems_.push_back(std::move(problem));
    }
    for (kube::Problem& problem : ProblemsOfBalancedServices(out_.objects, out_.setup)) {
      for (const auto& [key, origin] : origins_) {
        if (key.ToString() == problem.object) problem.origin = origin;
      }
      problems_.push_back(std::move(problem));
    }
  }

  void CheckPod(const ObjectKey& key, const kube::Pod& pod) {
    const auto node = std::ranges::find(out_.setup.nodes, pod.node_name, &NodeSetup::name);
    if (node == out_.setup.nodes.end()) {
      return Report(key, "spec.nodeName", fmt::format("there is no node '{}'", pod.node_name));
    }
    if (pod.host_network) return;
    for (const IpAddress& ip : pod.pod_ips) {
      if (!node->pod_cidr.Contains(ip) || ip == TunnelAddress(*node)) {
        Report(key, "status.podIP",
               fmt::format("{} is none for a pod of node {} ({})", ip.ToString(), node->name,
                           node->pod_cidr.ToString()));
      }
    }
  }

  void CheckClusterIp(const ObjectKey& key, const IpAddress& ip) {
    const kube::IpPrefix& range = out_.setup.service_cidrs.front();
    if (ip.family() == kube::IpFamily::kIPv4 && !range.Contains(ip)) {
      Report(key, "spec.clusterIP",
             fmt::format("{} is not in network.serviceCIDR, {}", ip.ToString(), range.ToString()));
    }
  }

  void AddDeployment(const Field& field) {
    RefuseUnknown(field, {"name", "namespace", "replicas", "labels", "port", "placement"});
    const std::string name = field["name"].Text();
    if (name.empty()) field["name"].Fail("missing");
    std::string ns = field["namespace"].Text();
    if (ns.empty()) ns = "default";
    const auto replicas =
        field["replicas"].Integer(1, kReplicasMax, "a number of pods").value_or(1);
    const auto port = field["port"].Port().value_or(8080);
    const std::string placement = field["placement"].Text();
    if (!placement.empty() && placement != "in turn" && placement != "in blocks") {
      field["placement"].Fail(fmt::format("'{}' is neither 'in turn' nor 'in blocks'", placement));
    }
    const auto nodes = static_cast<int64_t>(out_.setup.nodes.size());
    for (int64_t i = 0; i < replicas; ++i) {
      const int64_t node = placement == "in blocks" ? i * nodes / replicas : i % nodes;
      auto pod = workload_->MakePod(ns, fmt::format("{}-{}", name, i), field["labels"].Map(), port,
                                    static_cast<size_t>(node));
      if (!pod) return field["replicas"].Fail("a node has no more addresses for pods");
      out_.objects.Apply(*std::move(pod));
    }
    deployments_.insert(fmt::format("{}/{}", ns, name));
  }

  void Generate(const Field& field) {
    RefuseUnknown(field, {"prefix", "services", "endpointsEach", "piled", "externalTrafficPolicy",
                          "loadBalancer"});
    GeneratedServices wanted;
    wanted.prefix = field["prefix"].Text();
    if (wanted.prefix.empty()) field["prefix"].Fail("missing");
    const auto number = [&](const char* name, int64_t max) {
      return static_cast<int>(field[name].Integer(1, max, "a number").value_or(1));
    };
    wanted.services = number("services", kServicesMax);
    wanted.endpoints_each = number("endpointsEach", kReplicasMax);
    wanted.piled = number("piled", wanted.endpoints_each);
    wanted.local_policy =
        field["externalTrafficPolicy"].Enum<kube::TrafficPolicy>(
            kPolicies, kube::TrafficPolicy::kCluster) == kube::TrafficPolicy::kLocal;
    if (field["loadBalancer"].present()) wanted.balancer = Balancer(field["loadBalancer"]);
    if (!workload_->Generate(wanted, out_.objects)) {
      field.Fail("addresses of pods or node ports are used up");
    }
  }

  const LoadBalancerSetup* Balancer(const Field& field) {
    const auto found =
        std::ranges::find(out_.setup.load_balancers, field.Text(), &LoadBalancerSetup::name);
    if (found != out_.setup.load_balancers.end()) return &*found;
    field.Fail(fmt::format("there is no load balancer '{}'", field.Text()));
    return nullptr;
  }

  // ---- what is asked ----

  bool HostExists(const std::string& name) const {
    const Place place = SplitPlace(name);
    const auto slash = place.name.find('/');
    if (place.kind == "node") {
      return std::ranges::find(out_.setup.nodes, place.name, &NodeSetup::name) !=
             out_.setup.nodes.end();
    }
    if (place.kind == "client") {
      return std::ranges::find(out_.setup.outside, place.name, &OutsideClient::name) !=
             out_.setup.outside.end();
    }
    return place.kind == "pod" && slash != std::string::npos &&
           out_.objects.pods.contains(
               {kube::Kind::kPod, place.name.substr(0, slash), place.name.substr(slash + 1)});
  }

  std::string DecodeHost(const Field& field) const {
    std::string name = field.Text();
    if (!HostExists(name)) {
      field.Fail(
          fmt::format("'{}' is nobody in this cluster: 'node NAME', 'pod NAMESPACE/NAME' or "
                      "'client NAME' is expected",
                      name));
    }
    return name;
  }

  const kube::Service* FindService(const std::string& name) const {
    const size_t slash = name.find('/');
    if (slash == std::string::npos) return nullptr;
    const auto found = out_.objects.services.find(
        {kube::Kind::kService, name.substr(0, slash), name.substr(slash + 1)});
    return found == out_.objects.services.end() ? nullptr : &found->second;
  }

  Destination DecodeDestination(const Field& probe) const {
    const Field field = probe["to"];
    Destination to;
    to.text = field.Text();
    const Place place = SplitPlace(to.text);
    to.port = place.port;
    const bool is_public = probe["address"].Text() == "public";
    if (place.kind == "service") {
      TakeService(place, field, to);
    } else if (place.kind == "node") {
      const auto node = std::ranges::find(out_.setup.nodes, place.name, &NodeSetup::name);
      if (node == out_.setup.nodes.end()) {
        field.Fail(fmt::format("there is no node '{}'", place.name));
      } else {
        TakeAddress(is_public, node->address, node->public_address, field, to);
      }
    } else if (place.kind == "balancer") {
      const auto one =
          std::ranges::find(out_.setup.load_balancers, place.name, &LoadBalancerSetup::name);
      if (one == out_.setup.load_balancers.end()) {
        field.Fail(fmt::format("there is no load balancer '{}'", place.name));
      } else {
        TakeAddress(is_public, one->address, one->public_address, field, to);
      }
    } else if (place.kind == "name") {
      to.name = place.name;
    } else {
      TakeNumber(place, field, to);
    }
    if (to.port == 0) field.Fail(fmt::format("'{}' names no port", to.text));
    return to;
  }

  static void TakeAddress(bool is_public, const IpAddress& own,
                          const std::optional<IpAddress>& outer, const Field& field,
                          Destination& to) {
    if (is_public && !outer) field.Fail("it has no public address");
    to.address = is_public && outer ? *outer : own;
  }

  void TakeService(const Place& place, const Field& field, Destination& to) const {
    const kube::Service* service = FindService(place.name);
    if (service == nullptr) {
      return field.Fail(fmt::format("there is no Service '{}' (NAMESPACE/NAME)", place.name));
    }
    if (service->cluster_ips.empty()) {
      return field.Fail(fmt::format("Service {} has no cluster IP", place.name));
    }
    to.address = service->cluster_ips.front();
    if (to.port == 0 && !service->ports.empty()) to.port = service->ports.front().port;
    if (std::ranges::find(service->ports, to.port, &kube::ServicePort::port) ==
        service->ports.end()) {
      field.Fail(fmt::format("Service {} has no port {}", place.name, to.port));
    }
  }

  void TakeNumber(const Place& place, const Field& field, Destination& to) const {
    const absl::StatusOr<IpAddress> address = IpAddress::Parse(place.name);
    if (!place.kind.empty() || !address.ok() || address->family() != kube::IpFamily::kIPv4) {
      return field.Fail(
          fmt::format("'{}' is none of 'service NAMESPACE/NAME[:PORT]', 'node "
                      "NAME:PORT', 'balancer NAME:PORT', 'name DNS-NAME:PORT' and "
                      "'ADDRESS:PORT'",
                      to.text));
    }
    to.address = *address;
    if (!IsSomewhere(*address)) {
      field.Fail(fmt::format("leads nowhere: nothing in this cluster has {}", address->ToString()));
    }
  }

  bool IsSomewhere(const IpAddress& address) const {
    const ClusterSetup& setup = out_.setup;
    const auto in = [&](const kube::IpPrefix& prefix) { return prefix.Contains(address); };
    const auto has = [&](const auto& one) {
      return one.address == address || one.public_address == address;
    };
    const auto is_external = [&](const auto& entry) {
      const auto& ips = entry.second.external_ips;
      return std::ranges::find(ips, address) != ips.end();
    };
    return std::ranges::any_of(setup.service_cidrs, in) || std::ranges::any_of(setup.nodes, has) ||
           std::ranges::any_of(setup.nodes, [&](const NodeSetup& n) { return in(n.pod_cidr); }) ||
           std::ranges::any_of(setup.load_balancers, has) ||
           std::ranges::find(setup.outside, address, &OutsideClient::address) !=
               setup.outside.end() ||
           std::ranges::any_of(out_.objects.services, is_external);
  }

  ProbeCase DecodeProbe(const Field& field) const {
    RefuseUnknown(field,
                  {"from", "to", "address", "protocol", "expect", "backend", "source", "reason"});
    ProbeCase probe;
    probe.line = field.line();
    probe.from = DecodeHost(field["from"]);
    probe.to = DecodeDestination(field);
    const std::string address = field["address"].Text();
    if (!address.empty() && address != "public" && address != "private") {
      field["address"].Fail(fmt::format("'{}' is neither public nor private", address));
    }
    probe.protocol = field["protocol"].Enum<Protocol>(kProtocols, Protocol::kTcp);
    const std::string expect = field["expect"].Text();
    if (expect != "ok" && expect != "fail") {
      field["expect"].Fail(fmt::format("'{}' is neither ok nor fail", expect));
    }
    probe.expect_ok = expect == "ok";
    if (field["backend"].present()) probe.backend = DecodeHost(field["backend"]);
    probe.source = field["source"].Ip();
    probe.reason = field["reason"].Text();
    if (probe.expect_ok && !probe.reason.empty()) {
      field["reason"].Fail("contradicts expect: ok");
    }
    return probe;
  }

  Load DecodeLoad(const Field& field) const {
    RefuseUnknown(field, {"name", "probes", "from", "services", "via"});
    Load load;
    load.line = field.line();
    load.name = field["name"].Text();
    load.probes =
        static_cast<int>(field["probes"].Integer(1, kProbesMax, "a number of probes").value_or(1));
    load.from = field["from"].Text();
    if (load.from != "pods" && load.from != "nodes" && load.from != "clients") {
      field["from"].Fail(fmt::format("'{}' is none of pods, nodes and clients", load.from));
    }
    if (load.from == "clients" && out_.setup.outside.empty()) {
      field["from"].Fail("there are no clients");
    }
    load.services = field["services"].Text();
    load.via = field["via"].Enum<Via>(kVias, Via::kClusterIp);
    if (load.from == "clients" && load.via == Via::kClusterIp) {
      field["via"].Fail("clients outside do not reach cluster IPs");
    }
    const auto is_meant = [&](const auto& entry) {
      return entry.first.name.starts_with(load.services);
    };
    if (std::ranges::none_of(out_.objects.services, is_meant)) {
      field["services"].Fail(fmt::format("no Service's name begins with '{}'", load.services));
    }
    return load;
  }

  Rollout DecodeRollout(const Field& field) {
    RefuseUnknown(field,
                  {"deployment", "service", "balancer", "connections", "newConnectionsEachStep"});
    Rollout rollout;
    rollout.line = field.line();
    rollout.deployment = field["deployment"].Text();
    if (!deployments_.contains(rollout.deployment)) {
      field["deployment"].Fail(
          fmt::format("there is no deployment '{}' (NAMESPACE/NAME)", rollout.deployment));
    }
    const kube::Service* service = FindService(field["service"].Text());
    if (service == nullptr) {
      field["service"].Fail(fmt::format("there is no Service '{}'", field["service"].Text()));
    } else {
      rollout.service = KeyOf(*service);
    }
    const LoadBalancerSetup* balancer = Balancer(field["balancer"]);
    if (balancer != nullptr && !balancer->public_address) {
      field["balancer"].Fail("it has no public address for clients outside");
    } else if (balancer != nullptr) {
      rollout.balancer = *balancer->public_address;
    }
    if (out_.setup.outside.empty()) field.Fail("there are no clients");
    const auto number = [&](const char* name) {
      return static_cast<int>(
          field[name].Integer(1, kConnectionsMax, "a number of connections").value_or(1));
    };
    rollout.connections = number("connections");
    rollout.new_connections_a_step = number("newConnectionsEachStep");
    return rollout;
  }

  const ReadManifest& read_;
  Scenario out_;
  kube::Report report_;
  std::vector<kube::Problem> problems_;
  std::map<ObjectKey, kube::Origin> origins_;
  std::unique_ptr<Workload> workload_;
  std::set<std::string> deployments_;
};

}  // namespace

absl::StatusOr<Scenario> ParseScenario(std::string_view text, const std::string& file,
                                       const ReadManifest& read) {
  std::vector<kube::Value> documents;
  const absl::Status parsed = kube::ParseYaml(text, [&](kube::Value document) {
    if (document.type != kube::ValueType::kNull) documents.push_back(std::move(document));
  });
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", file, std::string(parsed.message())));
  }
  if (documents.size() != 1) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: holds {} documents where one scenario is expected", file, documents.size()));
  }
  return Parser(file, read).Parse(documents.front());
}

}  // namespace pointsman::cluster
