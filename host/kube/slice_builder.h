// Deals endpoints out to EndpointSlices: one address family and one set of ports a slice, and no
// more endpoints in one than allowed. Not thread-safe.
#ifndef POINTSMAN_HOST_KUBE_SLICE_BUILDER_H_
#define POINTSMAN_HOST_KUBE_SLICE_BUILDER_H_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/kube/objects.h"

namespace pointsman::kube {

class SliceBuilder {
 public:
  // `owner` is the Service or the Endpoints object: the slices have its namespace, its labels, and
  // names that begin with its name and stay the same for the same family, ports and position.
  SliceBuilder(const ObjectMeta& owner, std::string_view managed_by, size_t max_endpoints);

  void AddLabel(const std::string& name, const std::string& value);
  void Add(IpFamily family, const std::vector<EndpointPort>& ports, Endpoint endpoint);

  // REQUIRES: called once, at the end.
  std::vector<EndpointSlice> Build();

 private:
  using Group = std::pair<IpFamily, std::vector<EndpointPort>>;

  ObjectMeta metadata_;
  std::string owner_name_;
  size_t max_endpoints_;
  std::map<std::string, std::pair<Group, std::vector<Endpoint>>> groups_;  // by a text of the Group
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_SLICE_BUILDER_H_
