#include "host/services/pass_through.h"

#include <fmt/format.h>

#include <string_view>

namespace pointsman {
namespace {

constexpr std::string_view kTrue = "true";
constexpr std::string_view kOnlyLocal = "onlyLocal";

std::string_view Annotation(const kube::Service& service) {
  const auto found = service.metadata.annotations.find(kPassThroughAnnotation);
  return found == service.metadata.annotations.end() ? "false" : std::string_view(found->second);
}

bool IsLocal(const kube::Service& service) {
  return service.external_traffic_policy == kube::TrafficPolicy::kLocal;
}

}  // namespace

PassThrough PassThroughOf(const kube::Service& service) {
  const std::string_view value = Annotation(service);
  if (value == "false" || !WhyPassThroughIsWrong(service).empty()) return PassThrough::kNo;
  return IsLocal(service) ? PassThrough::kOnlyLocal : PassThrough::kAlways;
}

std::string WhyPassThroughIsWrong(const kube::Service& service) {
  const std::string_view value = Annotation(service);
  if (value == "false") return "";
  if (value != kTrue && value != kOnlyLocal) {
    return fmt::format("\"{}\" is none of \"true\", onlyLocal and \"false\"", value);
  }
  if (service.type != kube::ServiceType::kLoadBalancer) {
    return "the Service is not of type LoadBalancer, so there is nothing to pass through to";
  }
  if (value == kOnlyLocal && !IsLocal(service)) {
    return "onlyLocal contradicts spec.externalTrafficPolicy: Cluster";
  }
  return "";
}

}  // namespace pointsman
