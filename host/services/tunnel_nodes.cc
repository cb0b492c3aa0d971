#include "host/services/tunnel_nodes.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

constexpr char kBackendType[] = "flannel.alpha.coreos.com/backend-type";
constexpr char kBackendData[] = "flannel.alpha.coreos.com/backend-data";
constexpr char kPublicIp[] = "flannel.alpha.coreos.com/public-ip";
constexpr uint16_t kFlannelPort = 8472;
constexpr uint32_t kVniMax = 0xffffff;
constexpr uint32_t kDefaultVni = 1;  // of versions that do not say it

std::string Annotation(const kube::Node& node, const char* name) {
  const auto found = node.metadata.annotations.find(name);
  return found == node.metadata.annotations.end() ? "" : found->second;
}

absl::Status Fault(const kube::Node& node, const char* annotation, std::string_view what) {
  return absl::InvalidArgumentError(
      fmt::format("{}: metadata.annotations[{}]: {}", KeyOf(node).ToString(), annotation, what));
}

absl::Status ReadBackendData(const kube::Node& node, Tunnel& tunnel) {
  const std::string text = Annotation(node, kBackendData);
  const nlohmann::json data = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!data.is_object() || !data.contains("VtepMAC") || !data["VtepMAC"].is_string()) {
    return Fault(node, kBackendData, fmt::format("'{}' is no object with a VtepMAC", text));
  }
  const auto mac = ParseMac(data["VtepMAC"].get<std::string>());
  if (!mac.ok()) {
    return Fault(node, kBackendData,
                 fmt::format("VtepMAC: {}", std::string(mac.status().message())));
  }
  const nlohmann::json vni = data.value("VNI", nlohmann::json(kDefaultVni));
  if (!vni.is_number_unsigned() || vni.get<uint64_t>() > kVniMax) {
    return Fault(node, kBackendData, fmt::format("VNI: {} is no number of 24 bits", vni.dump()));
  }
  tunnel.mac = *mac;
  tunnel.vni = vni.get<uint32_t>();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Tunnel>> TunnelOf(const kube::Node& node) {
  if (Annotation(node, kBackendType) != "vxlan") return std::nullopt;
  Tunnel tunnel;
  tunnel.port = kFlannelPort;
  if (absl::Status status = ReadBackendData(node, tunnel); !status.ok()) return status;
  const std::string text = Annotation(node, kPublicIp);
  const auto address = kube::IpAddress::Parse(text);
  if (!address.ok() || address->family() != kube::IpFamily::kIPv4) {
    return Fault(node, kPublicIp, fmt::format("'{}' is no IPv4 address", text));
  }
  tunnel.address = TableAddress(*address).v4();
  return tunnel;
}

}  // namespace pointsman
