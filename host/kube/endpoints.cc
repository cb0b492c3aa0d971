#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

std::optional<EndpointAddress> DecodeAddress(const Field& field) {
  const Field ip = field["ip"];
  if (!ip.present()) ip.Fail("missing; an address needs an IP");
  const std::optional<IpAddress> address = DecodeReachableIp(ip);
  if (!address) return std::nullopt;
  return EndpointAddress{.ip = *address,
                         .hostname = field["hostname"].Text(),
                         .node_name = field["nodeName"].Text(),
                         .target_ref = DecodeTargetRef(field["targetRef"])};
}

EndpointPort DecodePort(const Field& field) {
  const Field port = field["port"];
  if (!port.present()) port.Fail("missing; a port of Endpoints needs a number");
  return {.name = field["name"].Text(),
          .protocol = DecodeProtocol(field["protocol"]),
          .port = port.Port()};
}

EndpointSubset DecodeSubset(const Field& field) {
  return {.addresses = field["addresses"].ListOf(DecodeAddress),
          .not_ready_addresses = field["notReadyAddresses"].ListOf(DecodeAddress),
          .ports = field["ports"].List(DecodePort)};
}

}  // namespace

Endpoints DecodeEndpoints(const Field& root) {
  Endpoints endpoints;
  endpoints.subsets = root["subsets"].List(DecodeSubset);
  return endpoints;
}

}  // namespace pointsman::kube
