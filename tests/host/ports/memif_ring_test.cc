// Packets come over shared memory from another end, and through the Service into a ring that gives
// back what it is given.
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <cstring>

#include "tests/host/kube/temp_folder.h"
#include "tests/host/ports/port_kinds.h"

namespace pointsman {
namespace {

// The other end of a memif; a port of DPDK that the test drives itself.
class MemifClient {
 public:
  absl::Status Connect(const std::string& socket) {
    const std::string arguments = "role=client,id=0,socket-abstract=no,socket=" + socket;
    pool_ = rte_pktmbuf_pool_create("memif-client", 1023, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
    const rte_eth_conf configuration{};
    if (pool_ == nullptr || rte_eal_hotplug_add("vdev", "net_memif1", arguments.c_str()) != 0 ||
        rte_eth_dev_get_port_by_name("net_memif1", &port_) != 0 ||
        rte_eth_dev_configure(port_, 1, 1, &configuration) != 0 ||
        rte_eth_rx_queue_setup(port_, 0, 256, 0, nullptr, pool_) != 0 ||
        rte_eth_tx_queue_setup(port_, 0, 256, 0, nullptr) != 0 || rte_eth_dev_start(port_) != 0) {
      return absl::InternalError("net_memif1 cannot be brought up");
    }
    return absl::OkStatus();
  }

  bool Send(const FrameBytes& frame) {
    rte_mbuf* packet = rte_pktmbuf_alloc(pool_);
    if (packet == nullptr) return false;
    std::memcpy(rte_pktmbuf_append(packet, static_cast<uint16_t>(frame.size())), frame.data(),
                frame.size());
    if (rte_eth_tx_burst(port_, 0, &packet, 1) == 1) return true;
    rte_pktmbuf_free(packet);
    return false;
  }

  // Empty: nothing has come.
  FrameBytes Receive() {
    rte_mbuf* packet = nullptr;
    if (rte_eth_rx_burst(port_, 0, &packet, 1) == 0) return {};
    const auto* bytes = rte_pktmbuf_mtod(packet, const uint8_t*);
    FrameBytes frame(bytes, bytes + rte_pktmbuf_data_len(packet));
    rte_pktmbuf_free(packet);
    return frame;
  }

 private:
  rte_mempool* pool_ = nullptr;
  uint16_t port_ = 0;
};

TEST(MemifRingTest, AServiceIsReachedOverSharedMemory) {
  const kube::TempFolder folder;
  const std::string socket = (folder.path() / "memif.sock").string();
  ServiceOnPorts service;
  const absl::Status opened = service.Open(
      {"net_memif0,role=server,id=0,socket-abstract=no,socket=" + socket, "net_ring0"});
  ASSERT_TRUE(opened.ok()) << opened;
  MemifClient client;
  ASSERT_EQ(client.Connect(socket), absl::OkStatus());
  const FrameBytes first = FrameOf(kToService, kTcpSyn);
  EXPECT_TRUE(Becomes([&] { return client.Send(first); }));
  // From the ring it comes in at the node side, and passes.
  EXPECT_TRUE(Becomes([&] { return IsOf(kToEndpoint, client.Receive()); }));
}

}  // namespace
}  // namespace pointsman
