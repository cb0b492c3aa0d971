#include "host/services/endpoint_weights.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <system_error>

namespace pointsman {
namespace {

std::optional<uint16_t> ParseWeight(const std::string& text) {
  uint16_t weight = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, weight);
  if (error != std::errc() || stop != end) return std::nullopt;
  return weight;
}

}  // namespace

EndpointWeights WeightsOfPods(const kube::ObjectSet& objects,
                              std::vector<kube::Problem>& problems) {
  EndpointWeights weights;
  for (const auto& [key, pod] : objects.pods) {
    const auto annotation = pod.metadata.annotations.find(kWeightAnnotation);
    if (annotation == pod.metadata.annotations.end()) continue;
    const std::optional<uint16_t> weight = ParseWeight(annotation->second);
    if (!weight) {
      problems.push_back(
          {.origin = {},
           .object = key.ToString(),
           .field = fmt::format("metadata.annotations[{}]", kWeightAnnotation),
           .message = fmt::format("\"{}\" is no weight: 0 to 65535", annotation->second)});
      continue;
    }
    for (const kube::IpAddress& ip : pod.pod_ips) weights.emplace(ip, *weight);
  }
  return weights;
}

}  // namespace pointsman
