#include "host/services/local_pods.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "host/services/table_values.h"

namespace pointsman {
namespace {

using kube::IpAddress;
using kube::Pod;
using nlohmann::json;

bool UsesItsAddresses(const Pod& pod) {
  return !pod.host_network && pod.phase != kube::PodPhase::kSucceeded &&
         pod.phase != kube::PodPhase::kFailed;
}

// Collects the addresses of one pod after another.
class Collector {
 public:
  explicit Collector(std::vector<kube::Problem>& problems) : problems_(problems) {}

  void Add(const Pod& pod) {
    const auto annotation = pod.metadata.annotations.find(kNetworkStatusAnnotation);
    if (annotation == pod.metadata.annotations.end()) return;
    pod_ = &pod;
    const json status = json::parse(annotation->second, nullptr, /*allow_exceptions=*/false);
    if (!status.is_array()) return Report("is not a JSON list of interfaces");
    for (const json& interface : status) AddInterface(interface);
  }

  PodMacs Take() { return std::move(macs_); }

 private:
  void Report(std::string message) {
    problems_.push_back({.origin = {},
                         .object = KeyOf(*pod_).ToString(),
                         .field = fmt::format("metadata.annotations[{}]", kNetworkStatusAnnotation),
                         .message = std::move(message)});
  }

  void AddInterface(const json& interface) {
    if (!interface.is_object())
      return Report("holds an entry that is no interface (a JSON object)");
    const auto mac_text = interface.find("mac");
    const auto ips = interface.find("ips");
    if (mac_text == interface.end() || ips == interface.end()) return;
    if (!mac_text->is_string() || !ips->is_array()) {
      return Report("mac must be a string and ips a list");
    }
    const auto& text = mac_text->get_ref<const std::string&>();
    if (text.empty()) return;
    const absl::StatusOr<MacAddress> mac = ParseMac(text);
    if (!mac.ok()) return Report("mac: " + std::string(mac.status().message()));
    for (const json& ip : *ips) AddAddress(ip, *mac);
  }

  void AddAddress(const json& ip, MacAddress mac) {
    if (!ip.is_string()) return Report("ips must be strings");
    const absl::StatusOr<IpAddress> address = IpAddress::Parse(ip.get_ref<const std::string&>());
    if (!address.ok()) return Report("ips: " + std::string(address.status().message()));
    const auto [entry, added] = owners_.emplace(*address, pod_);
    if (!added && entry->second != pod_) {
      return Report(fmt::format("{} belongs to {} already", address->ToString(),
                                KeyOf(*entry->second).ToString()));
    }
    macs_.emplace(*address, mac);
  }

  std::vector<kube::Problem>& problems_;
  const Pod* pod_ = nullptr;
  std::map<IpAddress, const Pod*> owners_;
  PodMacs macs_;
};

}  // namespace

PodMacs LocalPodMacs(const kube::ObjectSet& objects, const std::string& node_name,
                     std::vector<kube::Problem>& problems) {
  Collector collector(problems);
  for (const auto& [key, pod] : objects.pods) {
    if (pod.node_name == node_name && UsesItsAddresses(pod)) collector.Add(pod);
  }
  return collector.Take();
}

}  // namespace pointsman
