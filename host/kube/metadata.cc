#include <fmt/format.h>

#include <algorithm>

#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

constexpr size_t kMaxNameBytes = 253;
constexpr size_t kMaxNamespaceBytes = 63;

bool IsNameCharacter(char c) { return c > ' ' && c <= '~' && c != '/' && c != '%'; }

// What can stand as one segment of an API path. Most kinds allow less; nothing here relies on it.
bool IsName(const std::string& name, size_t max_bytes) {
  return !name.empty() && name != "." && name != ".." && name.size() <= max_bytes &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

std::string DecodeName(const Field& name, size_t max_bytes) {
  std::string text = name.Text();
  if (!text.empty() && !IsName(text, max_bytes)) {
    name.Fail(fmt::format("'{}' is not a name (1 to {} characters without spaces, '/' and '%')",
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
  if (!name.present() || (name.IsText() && name.Text().empty())) {
    name.Fail("missing; every object needs a name");
  }
  if (IsNamespaced(kind)) {
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
  if (address->IsUnspecified()) why = "the unspecified address";
  if (address->IsLoopback()) why = "a loopback address";
  if (address->IsLinkLocal()) why = "a link-local address";
  if (why.empty()) return address;
  ip.Fail(
      fmt::format("{} is {}; nothing can be sent to it from elsewhere", address->ToString(), why));
  return std::nullopt;
}

}  // namespace pointsman::kube
