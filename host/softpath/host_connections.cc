#include "host/softpath/host_connections.h"

namespace pointsman {

HostConnections::Found HostConnections::Find(const FlowKey& key) const {
  if (const auto found = by_original_.find(key); found != by_original_.end()) {
    return {&found->second, false};
  }
  const auto reply = originals_by_reply_.find(key);
  if (reply == originals_by_reply_.end()) return {};
  return {&by_original_.find(reply->second)->second, true};
}

HostConnections::Found HostConnections::Touch(const FlowKey& key, uint32_t tick) {
  const Found found = Find(key);
  if (found.connection == nullptr) return found;
  HostConnection& connection = by_original_.find(found.connection->original)->second;
  connection.state = NextState(
      connection.state, {.from_reply = found.is_reply, .later = connection.last_seen != tick});
  connection.last_seen = tick;
  return found;
}

RecordResult HostConnections::Record(const HostConnection& connection) {
  const FlowKey reply = connection.Reply();
  if (originals_by_reply_.contains(reply)) return RecordResult::kSourcePortTaken;
  if (by_original_.size() == capacity_) return RecordResult::kFull;
  by_original_.emplace(connection.original, connection);
  originals_by_reply_.emplace(reply, connection.original);
  return RecordResult::kRecorded;
}

size_t HostConnections::EraseIf(absl::FunctionRef<bool(const HostConnection&)> chosen) {
  return absl::erase_if(by_original_, [&](const auto& entry) {
    if (!chosen(entry.second)) return false;
    originals_by_reply_.erase(entry.second.Reply());
    return true;
  });
}

void HostConnections::Clear() {
  by_original_.clear();
  originals_by_reply_.clear();
}

void HostConnections::ForEach(absl::FunctionRef<void(const HostConnection&)> visit) const {
  for (const auto& [original, connection] : by_original_) visit(connection);
}

}  // namespace pointsman
