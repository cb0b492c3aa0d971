#include "host/softpath/affinity.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace pointsman {

Affinity::Affinity(size_t clients_max, KeptRows<KeptClient> kept)
    : clients_max_(clients_max), kept_(std::move(kept)) {
  TakeIn();
}

void Affinity::TakeIn() {
  std::vector<Record> found;
  kept_.Retain([&](uint32_t row, const KeptClient& client) {
    const size_t length = strnlen(client.group.data(), client.group.size());
    if (length == 0 || length == client.group.size()) return false;
    found.push_back({.key = {std::string(client.group.data(), length), client.client},
                     .endpoint = client.endpoint,
                     .last = absl::FromUnixNanos(client.last_ns),
                     .row = row});
    return true;
  });
  std::ranges::stable_sort(found, {}, &Record::last);
  for (Record& record : found) {
    // Two of one client: the process was killed before the older one went.
    if (const auto older = by_client_.find(record.key); older != by_client_.end()) {
      kept_.Remove(older->second->row);
      by_age_.erase(older->second);
      by_client_.erase(older);
    }
    Put(std::move(record));
  }
}

// A name that is too long has no end, and is not taken in.
KeptClient Affinity::RowOf(const Record& record) {
  KeptClient row{.client = record.key.second,
                 .endpoint = record.endpoint,
                 .last_ns = absl::ToUnixNanos(record.last)};
  record.key.first.copy(row.group.data(), row.group.size());
  return row;
}

std::optional<EndpointId> Affinity::Find(const std::string& group, const Address& client,
                                         absl::Time now, absl::Duration timeout) const {
  const auto found = by_client_.find(Key(group, client));
  if (found == by_client_.end() || now - found->second->last >= timeout) return std::nullopt;
  return found->second->endpoint;
}

void Affinity::Remember(const std::string& group, const Address& client, const EndpointId& endpoint,
                        absl::Time now) {
  const Key key(group, client);
  const auto found = by_client_.find(key);
  if (found != by_client_.end()) {
    by_age_.splice(by_age_.begin(), by_age_, found->second);
    Record& record = by_age_.front();
    record.last = now;
    if (record.endpoint == endpoint) {
      return kept_.Set(record.row, &KeptClient::last_ns, absl::ToUnixNanos(now));
    }
    record.endpoint = endpoint;
    kept_.Remove(std::exchange(record.row, kept_.Add(RowOf(record))));
    return;
  }
  Record record{.key = key, .endpoint = endpoint, .last = now};
  record.row = kept_.Add(RowOf(record));
  Put(std::move(record));
}

// REQUIRES: nobody has this key.
void Affinity::Put(Record record) {
  if (by_client_.size() == clients_max_) {
    kept_.Remove(by_age_.back().row);
    by_client_.erase(by_age_.back().key);
    by_age_.pop_back();
  }
  by_age_.push_front(std::move(record));
  by_client_.emplace(by_age_.front().key, by_age_.begin());
}

void Affinity::Clear() {
  for (const Record& record : by_age_) kept_.Remove(record.row);
  by_client_.clear();
  by_age_.clear();
}

}  // namespace pointsman
