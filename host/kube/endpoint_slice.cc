#include <fmt/format.h>

#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

// Limits of the API (discovery.k8s.io/v1).
constexpr size_t kMaxEndpoints = 1000;
constexpr size_t kMaxAddresses = 100;
constexpr size_t kMaxPorts = 100;

// Without it nothing else in a slice makes sense.
std::optional<IpFamily> DecodeAddressType(const Field& address_type) {
  const std::string text = address_type.Text();
  for (const IpFamily family : {IpFamily::kIPv4, IpFamily::kIPv6}) {
    if (text == ToString(family)) return family;
  }
  address_type.Fail(fmt::format("'{}' is none of IPv4, IPv6, FQDN", text));
  return std::nullopt;
}

std::optional<IpAddress> DecodeAddress(const Field& field, IpFamily family) {
  std::optional<IpAddress> address = DecodeReachableIp(field);
  if (address && address->family() != family) {
    field.Fail(fmt::format("{} is an {} address in a slice of addressType {}", address->ToString(),
                           ToString(address->family()), ToString(family)));
    return std::nullopt;
  }
  return address;
}

std::vector<std::string> DecodeHints(const Field& hints) {
  return hints.List([](const Field& hint) { return hint["name"].Text(); });
}

Endpoint DecodeEndpoint(const Field& field, IpFamily family) {
  Endpoint endpoint;
  const Field addresses = field["addresses"];
  endpoint.addresses =
      addresses.ListOf([family](const Field& item) { return DecodeAddress(item, family); });
  if (addresses.size() == 0) addresses.Fail("missing; an endpoint needs an address");
  if (addresses.size() > kMaxAddresses) {
    addresses.Fail(fmt::format("{} addresses are more than {}", addresses.size(), kMaxAddresses));
  }
  const Field conditions = field["conditions"];
  endpoint.ready = conditions["ready"].Bool(true);
  endpoint.serving = conditions["serving"].Bool(true);
  endpoint.terminating = conditions["terminating"].Bool(false);
  endpoint.hostname = field["hostname"].Text();
  endpoint.node_name = field["nodeName"].Text();
  endpoint.zone = field["zone"].Text();
  endpoint.target_ref = DecodeTargetRef(field["targetRef"]);
  const Field hints = field["hints"];
  endpoint.hints_for_zones = DecodeHints(hints["forZones"]);
  endpoint.hints_for_nodes = DecodeHints(hints["forNodes"]);
  return endpoint;
}

EndpointPort DecodePort(const Field& field) {
  EndpointPort port{.name = field["name"].Text(),
                    .protocol = DecodeProtocol(field["protocol"]),
                    .port = std::nullopt};
  if (const auto number = field["port"].Integer(0, 65535, "a port number")) {
    port.port = static_cast<uint16_t>(*number);
  }
  return port;
}

}  // namespace

EndpointSlice DecodeEndpointSlice(const Field& root) {
  EndpointSlice slice;
  const std::optional<IpFamily> family = DecodeAddressType(root["addressType"]);
  if (!family) return slice;
  slice.address_type = *family;

  const Field endpoints = root["endpoints"];
  if (endpoints.size() > kMaxEndpoints) {
    endpoints.Fail(fmt::format("{} endpoints are more than {}; make several slices of them",
                               endpoints.size(), kMaxEndpoints));
    return slice;
  }
  slice.endpoints = endpoints.List(
      [&slice](const Field& field) { return DecodeEndpoint(field, slice.address_type); });

  const Field ports = root["ports"];
  slice.ports = ports.List(DecodePort);
  if (slice.ports.size() > kMaxPorts) {
    ports.Fail(fmt::format("{} ports are more than {}", slice.ports.size(), kMaxPorts));
  }
  return slice;
}

}  // namespace pointsman::kube
