// What Linux' own router costs for the packets of service_image.h, with nft's rules as kube-proxy
// lays them out (pkg/proxy/nftables/proxier.go): CPU time of a packet from veth to veth, less what
// it costs to bring one that the router throws away at once. Linux works on a packet in the context
// of who sends it, so a thread's own clock has it all.
#ifndef POINTSMAN_TESTS_BENCH_KERNEL_PEER_H_
#define POINTSMAN_TESTS_BENCH_KERNEL_PEER_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace pointsman {

// Services that have one endpoint each; every packet is the first of its connection, or none is.
struct KernelLoad {
  uint32_t services = 0;
  bool first_packets = false;
};

// ns a packet. Needs root: it enters a network namespace of its own. Errors: Unavailable: what it
// takes is not there (nft, veth, connection tracking); Internal: packets did not get through.
absl::StatusOr<double> KernelNsPerPacket(const KernelLoad& load);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_KERNEL_PEER_H_
