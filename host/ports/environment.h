// DPDK brought up, and its ports by their own argument strings ("net_af_packet0,iface=eth1",
// "net_tap0", "0000:3b:00.0"; DPDK programmer's guide, "Device hotplug"). Once a process: DPDK
// cannot be brought up twice.
#ifndef POINTSMAN_HOST_PORTS_ENVIRONMENT_H_
#define POINTSMAN_HOST_PORTS_ENVIRONMENT_H_

#include <rte_mempool.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman {

// What brings DPDK up, with room for so many frame buffers: on huge pages where it can have as much
// of them, else on ordinary ones, and the log says which. `eal_arguments` are given to it besides
// and win: --no-huge, --in-memory and --huge-dir decide. `port_arguments` only say which PCI
// devices it may take. Leaves the calling thread on the CPUs it was on. Errors: FailedPrecondition
// with what DPDK said and what may help.
absl::Status BringUpDpdk(const std::vector<std::string>& port_arguments,
                         const std::vector<std::string>& eal_arguments, uint32_t frames);

// A pool of `count` frame buffers, each with room for FrameNote. ResourceExhausted: there is no
// room. It lives as long as the program.
absl::StatusOr<rte_mempool*> MakeFramePool(uint32_t count);

// Opens a port with `queues` transmit queues and up to so many receive queues, promiscuous, and
// starts it. Returns its number and its receive queues.
// Errors: InvalidArgument naming the argument, what DPDK said, and which drivers or interfaces
// there are, or that it has fewer transmit queues; FailedPrecondition: it does not start.
struct OpenedPort {
  uint16_t number = 0;
  uint16_t receive_queues = 0;
};
absl::StatusOr<OpenedPort> OpenPort(const std::string& argument, uint16_t queues,
                                    rte_mempool* pool);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_ENVIRONMENT_H_
