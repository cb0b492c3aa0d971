// Any bytes as what an API server sends: a list, or lines of watch events given to a reflector.
// Never a crash, a hang or an exception; objects are counted as the collection says, and what was
// refused has a problem.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "host/apiserver/reflector.h"

namespace kube = pointsman::kube;

namespace {

void Follow(kube::Kind kind, std::string_view text) {
  kube::ObjectSet objects;
  kube::Reflector reflector(kube::ResourceOf(kind), {}, 1, objects);
  kube::ApiJsonReader reader;
  const absl::Time now = absl::UnixEpoch();
  if (!reflector.Next(now)) std::abort();
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    auto event = reader.ReadEvent(text.substr(0, end), kind);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!event.ok()) break;
    if (!event->decoded.refused.empty() && event->decoded.problems.empty()) std::abort();
    if (!reflector.TakeEvent(*std::move(event), now)) break;
  }
  if (!reflector.synced() && objects != kube::ObjectSet()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const kube::Kind kind :
       {kube::Kind::kService, kube::Kind::kEndpointSlice, kube::Kind::kNode}) {
    kube::ApiJsonReader reader;
    const auto page = reader.ReadList(std::string(text), kind);
    if (page.ok() && page->resource_version.empty()) std::abort();
    Follow(kind, text);
  }
  kube::ReadStatus(text);
  return 0;
}
