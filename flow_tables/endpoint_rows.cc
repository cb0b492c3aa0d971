#include "flow_tables/endpoint_rows.h"

#include <algorithm>
#include <functional>

#include "absl/status/status.h"
#include "flow_tables/describe.h"
#include "fmt/format.h"

namespace pointsman {

EndpointRows::EndpointRows(const Image& previous, NextHopRows& next_hops, Image& image)
    : next_hops_(next_hops), image_(image), ids_(image.sizes.endpoints) {
  for (uint32_t id = 0; id < previous.endpoints.size(); ++id) {
    if (previous.endpoints[id].valid) ids_.Keep(PackRow(previous.endpoints[id]), id);
  }
}

absl::StatusOr<std::vector<uint32_t>> EndpointRows::Ids(const FrontendHalf& half,
                                                        const Frontend& frontend) {
  const auto& backends = half.endpoints;
  if (std::ranges::adjacent_find(backends, std::greater_equal<>()) != backends.end()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: endpoints are not sorted or repeat", Describe(frontend)));
  }
  std::vector<uint32_t> ids;
  ids.reserve(backends.size());
  for (const Backend& backend : backends) {
    const auto id = Id(backend, frontend);
    if (!id.ok()) return id.status();
    ids.push_back(*id);
  }
  return ids;
}

absl::StatusOr<uint32_t> EndpointRows::Id(const Backend& backend, const Frontend& frontend) {
  const auto next_hop = next_hops_.Id(backend.next_hop, frontend);
  if (!next_hop.ok()) return next_hop.status();
  const EndpointRow row{.valid = true,
                        .address = backend.address.bits(),
                        .port = backend.port,
                        .next_hop = *next_hop};
  const auto id = ids_.Id(PackRow(row));
  if (!id) {
    return absl::ResourceExhaustedError(fmt::format(
        "table endpoints: all {} rows are taken, none is free for {} of {}", image_.sizes.endpoints,
        DescribeSocket(backend.address, backend.port), Describe(frontend)));
  }
  image_.endpoints[*id] = row;
  return *id;
}

}  // namespace pointsman
