// How an endpoint is chosen for a new connection, as IPVS' schedulers of these names do it
// (ipvsadm(8); net/netfilter/ipvs). Not thread-safe.
//
// | scheduler | choice                                                    | weights            |
// |-----------|-----------------------------------------------------------|--------------------|
// | random    | Maglev slot by the hash of the 5-tuple                    | no                 |
// | rr        | in turn, for each frontend by itself                      | no                 |
// | lc        | fewest connections given out here, the first of equals    | no                 |
// | sh        | 256 buckets by the hash of the client's address           | shares of buckets  |
// | mh        | Maglev slot by the hash of the client's address           | shares of slots    |
#ifndef POINTSMAN_HOST_SOFTPATH_SCHEDULERS_H_
#define POINTSMAN_HOST_SOFTPATH_SCHEDULERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/flow.h"
#include "flow_tables/forwarding.h"
#include "host/softpath/affinity.h"

namespace pointsman {

class Schedulers {
 public:
  explicit Schedulers(uint32_t slot_hash_seed) : seed_(slot_hash_seed) {}

  // The index of the endpoint that a connection of `key` would get; changes nothing that counts.
  // Nothing: every weight is 0. REQUIRES: half.endpoints is not empty, and frontend and half stay
  // where they are from one call to the next.
  std::optional<size_t> Choose(const Frontend& frontend, const FrontendHalf& half,
                               const FlowKey& key);

  // The connection was given to that endpoint.
  void Took(const Frontend& frontend, const Backend& endpoint);

  // The endpoint has a connection that an earlier process gave it.
  void Count(const Frontend& frontend, const EndpointId& endpoint);

  // A connection of the endpoint has ended.
  void Ended(const EndpointId& endpoint);

  // The half is not asked about any more.
  void Forget(const FrontendHalf& half);

  // What is counted goes over to the schedulers of another forwarding.
  void Inherit(Schedulers&& before);

 private:
  using Slots = std::vector<uint32_t>;  // index of the endpoint, a power of two of them

  size_t LeastConnections(const FrontendHalf& half) const;
  const Slots& SlotsOf(const FrontendHalf& half, bool weighted);

  uint32_t seed_;
  absl::flat_hash_map<std::string, uint64_t> turns_;  // by Frontend::name
  absl::flat_hash_map<EndpointId, uint32_t> connections_;
  absl::flat_hash_map<std::pair<const FrontendHalf*, bool>, Slots> slots_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_SCHEDULERS_H_
