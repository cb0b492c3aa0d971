// A node without a card: two ports of DPDK and the software pipeline on one or more cores, behind
// the interface of a card, so that the agent cannot tell the difference. The first port is the
// uplink, the second the node side, and everything that is no Service's passes between the two
// untouched, ARP and neighbour discovery included: the node answers for itself.
//
// Rows are written to a spare image, which the cores then read instead (read-copy-update); the
// former one follows once no core reads it any more. Neither waits for the other.
//
// With a state folder the tables begin as an earlier process left them, which may have been killed.
#ifndef POINTSMAN_HOST_PORTS_PORT_CARD_H_
#define POINTSMAN_HOST_PORTS_PORT_CARD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "driver/card.h"
#include "host/ports/standby_card.h"

namespace pointsman {

struct PortCardOptions {
  std::vector<std::string> ports{};  // by their arguments: uplink, node side
  std::vector<std::string> eal{};    // more arguments of DPDK
  uint32_t cores = 1;                // a power of two
  uint32_t connections = 1 << 20;    // over IPv4, a power of two; over IPv6 a quarter of that
  // Buffers a core, and as many once more: its queues of two ports hold up to 4096.
  uint32_t frames_per_core = 8192;
  // Where tables and connections are kept in files, for the next process to go on with (on a file
  // system in memory, such as /run). Empty: nowhere.
  std::string state_folder{};
  // Tables like those of another card, for which this one begins to stand by; else `connections`
  // counts.
  std::optional<CardSizes> sizes{};
};

inline constexpr uint32_t kCoresMax = 64;

// Brings DPDK up, which can be done once a process. Files of the state folder that cannot be taken
// over are set aside, and the log says so.
// Errors: InvalidArgument naming the option, what is wrong and what there is; FailedPrecondition,
// ResourceExhausted with what may help.
absl::StatusOr<std::unique_ptr<StandbyCard>> OpenPortCard(const PortCardOptions& options);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_PORT_CARD_H_
