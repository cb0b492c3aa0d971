#include "host/kube/objects.h"

#include <fmt/format.h>

namespace pointsman::kube {

std::string_view ToString(Kind kind) {
  switch (kind) {
    case Kind::kService:
      return "Service";
    case Kind::kEndpointSlice:
      return "EndpointSlice";
    case Kind::kEndpoints:
      return "Endpoints";
    case Kind::kNode:
      return "Node";
    case Kind::kServiceCidr:
      return "ServiceCIDR";
    case Kind::kPod:
      break;
  }
  return "Pod";
}

std::string_view ToString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
    case Protocol::kSctp:
      break;
  }
  return "SCTP";
}

std::string ObjectKey::ToString() const {
  const std::string_view kind_name = kube::ToString(kind);
  if (ns.empty()) return fmt::format("{} {}", kind_name, name);
  return fmt::format("{} {}/{}", kind_name, ns, name);
}

std::string EndpointSlice::ServiceName() const {
  const auto label = metadata.labels.find(kServiceNameLabel);
  return label == metadata.labels.end() ? "" : label->second;
}

const ObjectMeta& Metadata(const Object& object) {
  return std::visit([](const auto& value) -> const ObjectMeta& { return value.metadata; }, object);
}

ObjectKey KeyOf(const Object& object) {
  return std::visit([](const auto& value) { return KeyOf(value); }, object);
}

}  // namespace pointsman::kube
