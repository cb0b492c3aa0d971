#include "host/softpath/affinity.h"

namespace pointsman {

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
    by_age_.front().endpoint = endpoint;
    by_age_.front().last = now;
    return;
  }
  if (by_client_.size() == clients_max_) {
    by_client_.erase(by_age_.back().key);
    by_age_.pop_back();
  }
  by_age_.push_front({key, endpoint, now});
  by_client_.emplace(key, by_age_.begin());
}

void Affinity::Clear() {
  by_client_.clear();
  by_age_.clear();
}

}  // namespace pointsman
