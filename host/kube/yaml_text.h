// Reads YAML (and so JSON) text into Values. The only place that knows yaml-cpp.
#ifndef POINTSMAN_HOST_KUBE_YAML_TEXT_H_
#define POINTSMAN_HOST_KUBE_YAML_TEXT_H_

#include <cstddef>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "host/kube/value.h"

namespace pointsman::kube {

inline constexpr size_t kMaxYamlBytes = 32 << 20;
inline constexpr int kMaxYamlDepth = 100;
// What aliases may add, in Values, to what is written out in one document.
inline constexpr size_t kMaxAliasValues = 100'000;

// Calls `on_document` for each document in turn, one at a time in memory; empty ones are kNull.
// Errors: InvalidArgument "line 7, column 3: ..." for text that is not YAML, a key that stands
// twice in a map, a key that is no scalar, and text beyond the limits above. Documents before the
// bad one have been handed out by then.
absl::Status ParseYaml(std::string_view text, const std::function<void(Value)>& on_document);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_YAML_TEXT_H_
