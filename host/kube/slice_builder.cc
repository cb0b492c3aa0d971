#include "host/kube/slice_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pointsman::kube {
namespace {

// FNV-1a, 64 bit: only to make short names that stay the same.
uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

std::string GroupText(IpFamily family, const std::vector<EndpointPort>& ports) {
  std::string text(ToString(family));
  for (const EndpointPort& port : ports) {
    text += fmt::format(" {}/{}/{}", port.name, ToString(port.protocol), port.port.value_or(0));
  }
  return text;
}

}  // namespace

SliceBuilder::SliceBuilder(const ObjectMeta& owner, std::string_view managed_by,
                           size_t max_endpoints)
    : owner_name_(owner.name), max_endpoints_(max_endpoints) {
  metadata_.ns = owner.ns;
  metadata_.labels = owner.labels;
  AddLabel(std::string(kServiceNameLabel), owner.name);
  AddLabel(std::string(kManagedByLabel), std::string(managed_by));
}

void SliceBuilder::AddLabel(const std::string& name, const std::string& value) {
  metadata_.labels[name] = value;
}

void SliceBuilder::Add(IpFamily family, const std::vector<EndpointPort>& ports, Endpoint endpoint) {
  auto& [group, endpoints] = groups_[GroupText(family, ports)];
  group = {family, ports};
  endpoints.push_back(std::move(endpoint));
}

std::vector<EndpointSlice> SliceBuilder::Build() {
  std::vector<EndpointSlice> slices;
  for (auto& [text, entry] : groups_) {
    auto& [group, endpoints] = entry;
    for (size_t first = 0; first < endpoints.size(); first += max_endpoints_) {
      const size_t count = std::min(max_endpoints_, endpoints.size() - first);
      EndpointSlice slice;
      slice.metadata = metadata_;
      slice.metadata.name =
          fmt::format("{}-{:016x}", owner_name_, HashText(fmt::format("{}#{}", text, first)));
      slice.address_type = group.first;
      slice.ports = group.second;
      std::move(endpoints.begin() + first, endpoints.begin() + first + count,
                std::back_inserter(slice.endpoints));
      slices.push_back(std::move(slice));
    }
  }
  return slices;
}

}  // namespace pointsman::kube
