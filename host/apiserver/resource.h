// What is asked of an API server: the collections that a proxy follows, and the paths and queries
// that list and watch them. Pure.
//
// Source: Kubernetes API concepts; KEP-365 (paged lists), KEP-956 (bookmarks), KEP-3157 (streaming
// lists).
#ifndef POINTSMAN_HOST_APISERVER_RESOURCE_H_
#define POINTSMAN_HOST_APISERVER_RESOURCE_H_

#include <array>
#include <string>
#include <string_view>

#include "host/kube/objects.h"

namespace pointsman::kube {

inline constexpr std::array kFollowedKinds = {Kind::kService, Kind::kEndpointSlice, Kind::kNode,
                                              Kind::kServiceCidr};

struct Resource {
  Kind kind = Kind::kService;
  std::string name;  // as RBAC rules name it, for messages: "endpointslices.discovery.k8s.io"
  std::string path;  // "/apis/discovery.k8s.io/v1/endpointslices"
  std::string label_selector;  // empty: all objects
  // A server may not have it, or not let it be read: there is nothing of it then. Where an older
  // version of it may be, before that is so.
  bool optional = false;
  std::string older_path{};
};

// All objects of the kind in all namespaces. Of Services and EndpointSlices those that kube-proxy
// asks for: none of headless Services, and of Services for other proxies none. `proxy_name`: of
// Services those whose label service.kubernetes.io/service-proxy-name says so, and the slices of
// all, as theirs may have no such label, or have it later.
//
// REQUIRES: kind is one of kFollowedKinds.
Resource ResourceOf(Kind kind, std::string_view proxy_name = {});

inline constexpr int kListLimit = 500;  // objects in a page, as client-go asks for

// One page. `resource_version` "0": whatever the server has at hand; empty: the newest state.
// `continue_token` empty: the first page. Unpaged: everything in one answer.
std::string ListTarget(const Resource& resource, std::string_view resource_version,
                       std::string_view continue_token, bool paged);

// Everything after `resource_version`, with bookmarks.
std::string WatchTarget(const Resource& resource, std::string_view resource_version,
                        int timeout_seconds);

// A streaming list: every object there is as an event, a bookmark, and then as WatchTarget.
std::string InitialEventsTarget(const Resource& resource, int timeout_seconds);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_RESOURCE_H_
