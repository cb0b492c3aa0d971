#include "flow_tables/endpoint_rows.h"

#include "absl/status/status.h"
#include "flow_tables/describe.h"
#include "fmt/format.h"

namespace pointsman {

EndpointRows::EndpointRows(NextHopRows& next_hops, ImageDraft& draft)
    : next_hops_(next_hops), draft_(draft), users_(draft.image().endpoints.size()) {
  const std::vector<EndpointRow>& rows = draft.image().endpoints;
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (!rows[row].valid) {
      free_.Return(row);
      continue;
    }
    rows_.try_emplace(KeyOf(rows[row]), row);
    next_hops_.Use(rows[row].next_hop);
    released_.push_back(row);
  }
}

EndpointRows::Key EndpointRows::KeyOf(const EndpointRow& row) {
  return {Address::FromBits(row.address), row.port, row.next_hop};
}

absl::StatusOr<std::vector<uint32_t>> EndpointRows::Acquire(std::span<const Backend> endpoints,
                                                            const Frontend& user) {
  std::vector<uint32_t> acquired;
  acquired.reserve(endpoints.size());
  const uint32_t kept = RowsToLend(draft_.image().sizes.endpoints);
  for (const Backend& endpoint : endpoints) {
    const auto row = Acquire(endpoint, user, kept);
    if (!row.ok()) {
      for (const uint32_t held : acquired) Release(held);
      return row.status();
    }
    acquired.push_back(*row);
  }
  return acquired;
}

// A new row is taken only while more than `kept` are free.
absl::StatusOr<uint32_t> EndpointRows::Acquire(const Backend& endpoint, const Frontend& user,
                                               uint32_t kept) {
  const auto next_hop = next_hops_.Acquire(endpoint.next_hop);
  if (!next_hop) {
    return absl::ResourceExhaustedError(
        fmt::format("table next-hops: all {} rows are taken, none is free for {}",
                    draft_.image().sizes.next_hops, Describe(user)));
  }
  const Key key{endpoint.address, endpoint.port, *next_hop};
  const auto known = rows_.find(key);
  if (known != rows_.end()) {
    next_hops_.Release(*next_hop);  // the row has it
    ++users_[known->second];
    return known->second;
  }
  const auto row = free_.size() > kept ? free_.Take() : std::nullopt;
  if (!row) {
    next_hops_.Release(*next_hop);
    return absl::ResourceExhaustedError(
        fmt::format("table endpoints: all {} rows are taken, none is free for {} of {}",
                    draft_.image().sizes.endpoints, DescribeSocket(endpoint.address, endpoint.port),
                    Describe(user)));
  }
  rows_.emplace(key, *row);
  users_[*row] = 1;
  draft_.Set(*row, EndpointRow{.valid = true,
                               .address = endpoint.address.bits(),
                               .port = endpoint.port,
                               .next_hop = *next_hop});
  return *row;
}

void EndpointRows::Release(uint32_t row) {
  if (--users_[row] == 0) released_.push_back(row);
}

void EndpointRows::Settle() {
  for (const uint32_t row : released_) {
    const EndpointRow held = draft_.image().endpoints[row];
    if (users_[row] != 0 || !held.valid) continue;
    const auto known = rows_.find(KeyOf(held));
    if (known != rows_.end() && known->second == row) rows_.erase(known);
    next_hops_.Release(held.next_hop);
    draft_.Set(row, EndpointRow{});
    free_.Return(row);
  }
  released_.clear();
}

}  // namespace pointsman
