// Which core a packet belongs to. Each core has connections of its own, so both directions of one
// must come to the same core, though what a network card hashes (RSS) is another thing before and
// after translation.
//
// A packet belongs by the port of the connection's client end, which both directions carry: a
// packet to a frontend comes from it, every other goes to it. Where the client's end changes on the
// way (masquerading, a source port that is taken), the core that makes the connection takes a
// source port that belongs to itself (ShardOfConnections). A frontend that is gone is remembered,
// for the sake of connections that go on. What has no ports belongs to the core that received it:
// nothing that it does depends on connections.
//
// So all connections of a client that uses one source port for everything are one core's.
#ifndef POINTSMAN_HOST_PORTS_STEERING_H_
#define POINTSMAN_HOST_PORTS_STEERING_H_

#include <cstdint>
#include <optional>
#include <span>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "flow_tables/address.h"
#include "flow_tables/image.h"
#include "flow_tables/shard.h"

namespace pointsman {

// Immutable once made, so that cores read one at the same time.
class Steering {
 public:
  // `before`: where frontends that `image` has no more are remembered; may be null.
  Steering(const Image& image, const Steering* before);

  // Of so many shards, 2^count_log2; nothing: it has no ports.
  std::optional<uint32_t> OwnerOf(std::span<const uint8_t> frame, Port ingress,
                                  uint8_t count_log2) const;

 private:
  using Socket = std::tuple<Address, uint16_t, uint8_t>;

  bool IsFrontend(const Address& address, uint16_t port, uint8_t protocol) const {
    return frontends_.contains({address, port, protocol});
  }

  Tunnel tunnel_;
  absl::flat_hash_set<Socket> frontends_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_STEERING_H_
