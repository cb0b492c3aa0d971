#include "host/apiserver/resource.h"

#include <fmt/format.h>

namespace pointsman::kube {
namespace {

constexpr char kProxyNameLabel[] = "service.kubernetes.io/service-proxy-name";
constexpr char kNoHeadless[] = "!service.kubernetes.io/headless";

// RFC 3986: unreserved characters stay.
std::string PercentEncoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += stays ? std::string(1, c) : fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  return out;
}

class Target {
 public:
  explicit Target(const Resource& resource) : text_(resource.path) {
    Add("labelSelector", resource.label_selector);
  }

  // An empty value is left out.
  Target& Add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    text_ += fmt::format("{}{}={}", has_query_ ? '&' : '?', name, PercentEncoded(value));
    has_query_ = true;
    return *this;
  }

  std::string text() const { return text_; }

 private:
  std::string text_;
  bool has_query_ = false;
};

}  // namespace

Resource ResourceOf(Kind kind, std::string_view proxy_name) {
  if (kind == Kind::kNode) return {kind, "nodes", "/api/v1/nodes", ""};
  if (kind == Kind::kServiceCidr) {
    return {kind,
            "servicecidrs.networking.k8s.io",
            "/apis/networking.k8s.io/v1/servicecidrs",
            "",
            /*optional=*/true,
            "/apis/networking.k8s.io/v1beta1/servicecidrs"};
  }
  const std::string of_usual_proxy = fmt::format("!{},{}", kProxyNameLabel, kNoHeadless);
  const bool named = !proxy_name.empty();
  if (kind == Kind::kService) {
    return {
        kind, "services", "/api/v1/services",
        named ? fmt::format("{}={},{}", kProxyNameLabel, proxy_name, kNoHeadless) : of_usual_proxy};
  }
  return {kind, "endpointslices.discovery.k8s.io", "/apis/discovery.k8s.io/v1/endpointslices",
          named ? kNoHeadless : of_usual_proxy};
}

std::string ListTarget(const Resource& resource, std::string_view resource_version,
                       std::string_view continue_token, bool paged) {
  Target target(resource);
  if (paged) target.Add("limit", fmt::format("{}", kListLimit));
  // The token stands for a state already.
  if (continue_token.empty()) target.Add("resourceVersion", resource_version);
  return target.Add("continue", continue_token).text();
}

std::string WatchTarget(const Resource& resource, std::string_view resource_version,
                        int timeout_seconds) {
  return Target(resource)
      .Add("watch", "true")
      .Add("allowWatchBookmarks", "true")
      .Add("resourceVersion", resource_version)
      .Add("timeoutSeconds", fmt::format("{}", timeout_seconds))
      .text();
}

std::string InitialEventsTarget(const Resource& resource, int timeout_seconds) {
  return Target(resource)
      .Add("watch", "true")
      .Add("allowWatchBookmarks", "true")
      .Add("sendInitialEvents", "true")
      .Add("resourceVersionMatch", "NotOlderThan")
      .Add("timeoutSeconds", fmt::format("{}", timeout_seconds))
      .text();
}

}  // namespace pointsman::kube
