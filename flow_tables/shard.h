// One of several pipelines that share a node's connections out between them, by a port of the
// client's end of each. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_SHARD_H_
#define POINTSMAN_FLOW_TABLES_SHARD_H_

#include <algorithm>
#include <cstdint>

#include "flow_tables/forwarding.h"

namespace pointsman {

// Which of 2^count_log2. The default: the only one.
struct Shard {
  uint8_t index = 0;
  uint8_t count_log2 = 0;
};

inline constexpr uint8_t kShardsLog2Max = 6;

// The bits of a port that say whose it is: not the lowest, which clients choose alike (Linux gives
// connecting sockets even ports).
constexpr uint16_t ShardBits(uint8_t count_log2) {
  return static_cast<uint16_t>(((1U << count_log2) - 1) << 1);
}

constexpr uint32_t ShardOfPort(uint16_t port, uint8_t count_log2) {
  return (port & ShardBits(count_log2)) >> 1U;
}

// The source ports that a shard takes for connections of its own: those that belong to it.
// REQUIRES: ports.mask has all of ShardBits.
constexpr MasqueradePorts PortsOfShard(const MasqueradePorts& ports, const Shard& shard) {
  const uint16_t bits = ShardBits(shard.count_log2);
  return {.base = static_cast<uint16_t>((ports.base & ~bits) | shard.index << 1U),
          .mask = static_cast<uint16_t>(ports.mask & ~bits)};
}

// A shard's part of what all of them may have; 0 stays 0, no limit.
constexpr uint32_t ShareOf(uint32_t limit, const Shard& shard) {
  return limit == 0 ? 0 : std::max(1U, limit >> shard.count_log2);
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SHARD_H_
