#include <fmt/format.h>

#include <algorithm>

#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

constexpr size_t kMaxNameBytes = 253;
constexpr size_t kMaxNamespaceBytes = 63;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// A DNS subdomain (RFC 1123), as far as it matters that names are told apart and printable.
bool IsName(const std::string& name, size_t max_bytes) {
  return !name.empty() && name.size() <= max_bytes &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

std::string DecodeName(const Field& name, size_t max_bytes) {
  std::string text = name.Text();
  if (!text.empty() && !IsName(text, max_bytes)) {
    name.Fail(fmt::format("'{}' is not a name (1 to {} of the characters a-z, 0-9, '-' and '.')",
                          text, max_bytes));
    text.clear();
  }
  return text;
}

}  // namespace

ObjectMeta DecodeMetadata(const Field& metadata, Kind kind) {
  ObjectMeta meta;
  const Field name = metadata["name"];
  meta.name = DecodeName(name, kMaxNameBytes);
  if (!name.present()) name.Fail("missing; every object needs a name");
  if (kind != Kind::kNode) {
    const Field ns = metadata["namespace"];
    meta.ns = ns.present() ? DecodeName(ns, kMaxNamespaceBytes) : "default";
    if (meta.ns.empty() && ns.Text().empty()) meta.ns = "default";
  }
  meta.uid = metadata["uid"].Text();
  meta.resource_version = metadata["resourceVersion"].Text();
  meta.labels = metadata["labels"].Map();
  meta.annotations = metadata["annotations"].Map();
  meta.creation_timestamp = metadata["creationTimestamp"].Time();
  meta.deletion_timestamp = metadata["deletionTimestamp"].Time();
  return meta;
}

Protocol DecodeProtocol(const Field& protocol) {
  return protocol.Enum<Protocol>(kProtocolNames, Protocol::kTcp);
}

std::optional<TargetRef> DecodeTargetRef(const Field& target_ref) {
  if (!target_ref.present()) return std::nullopt;
  return TargetRef{.kind = target_ref["kind"].Text(),
                   .ns = target_ref["namespace"].Text(),
                   .name = target_ref["name"].Text(),
                   .uid = target_ref["uid"].Text()};
}

std::optional<IpAddress> DecodeReachableIp(const Field& ip) {
  std::optional<IpAddress> address = ip.Ip();
  if (!address) return std::nullopt;
  std::string_view why;
  if (address->IsUnspecified()) why = "unspecified";
  if (address->IsLoopback()) why = "loopback";
  if (address->IsLinkLocal()) why = "link-local";
  if (why.empty()) return address;
  ip.Fail(fmt::format("{} is a {} address, which nothing can be sent to from elsewhere",
                      address->ToString(), why));
  return std::nullopt;
}

}  // namespace pointsman::kube
