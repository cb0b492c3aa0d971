// Session affinity: which endpoint a client met, until it has not come for the frontend's time.
// Bounded; when it is full, who has not come for the longest time is forgotten. With rows that are
// kept it begins with those of the process before. Not thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_AFFINITY_H_
#define POINTSMAN_HOST_SOFTPATH_AFFINITY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "flow_tables/address.h"
#include "host/kept/kept_rows.h"

namespace pointsman {

// An endpoint by its address and port.
struct EndpointId {
  Address address;
  uint16_t port = 0;
  friend auto operator<=>(const EndpointId&, const EndpointId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const EndpointId& id) {
    return H::combine(std::move(h), id.address, id.port);
  }
};

// A client of a group as it is kept.
struct KeptClient {
  // Ends with 0, for which there is room: namespace, Service, port and protocol.
  std::array<char, 200> group{};
  Address client;
  EndpointId endpoint;
  int64_t last_ns = 0;  // since the epoch
};

class Affinity {
 public:
  // REQUIRES: clients_max > 0, and `kept` has room for one more than that.
  explicit Affinity(size_t clients_max, KeptRows<KeptClient> kept = {});

  // The endpoint that the client of this group met less than `timeout` before `now`.
  std::optional<EndpointId> Find(const std::string& group, const Address& client, absl::Time now,
                                 absl::Duration timeout) const;

  // The client meets the endpoint now.
  void Remember(const std::string& group, const Address& client, const EndpointId& endpoint,
                absl::Time now);

  void Clear();
  size_t size() const { return by_client_.size(); }

 private:
  using Key = std::pair<std::string, Address>;
  struct Record {
    Key key;
    EndpointId endpoint;
    absl::Time last;
    uint32_t row = 0;  // of `kept_`
  };

  static KeptClient RowOf(const Record& record);
  void TakeIn();
  void Put(Record record);

  const size_t clients_max_;
  std::list<Record> by_age_;  // who came last, first
  absl::flat_hash_map<Key, std::list<Record>::iterator> by_client_;
  KeptRows<KeptClient> kept_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_AFFINITY_H_
