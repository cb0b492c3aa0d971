// Packets of a capture go through the Service to a TAP interface, and answers into a capture.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>

#include "host/cli/pcap_file.h"
#include "sim/card/file_descriptor.h"
#include "tests/host/kube/temp_folder.h"
#include "tests/host/ports/port_kinds.h"
#include "tests/sim/card/network_test_support.h"

namespace pointsman {
namespace {

// While the file is being written it may end inside a frame: then not yet.
bool Holds(const std::string& capture, const FlowKey& key) {
  const auto frames = ReadCapture(capture);
  return frames.ok() && std::ranges::any_of(*frames, [&](const CapturedFrame& captured) {
           return IsOf(key, captured.frame);
         });
}

FileDescriptor SocketOn(const char* interface_name) {
  FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface_name));
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return socket;
}

TEST(PcapTapTest, AServiceIsReachedFromACaptureThroughAnInterface) {
  const ScopedNetworkNamespace network;
  if (!network.entered()) GTEST_SKIP() << "takes root, for a network namespace";
  const kube::TempFolder folder;
  const std::string in = folder.path() / "in.pcap";
  const std::string out = folder.path() / "out.pcap";
  ASSERT_EQ(WriteCapture(in, {{.frame = FrameOf(kToService, kTcpSyn)}}), absl::OkStatus());

  ServiceOnPorts service;
  // Without end, as the first packets come before there is a Service.
  const absl::Status opened =
      service.Open({fmt::format("net_pcap0,rx_pcap={},infinite_rx=1,tx_pcap={}", in, out),
                    "net_tap0,iface=node0"});
  ASSERT_TRUE(opened.ok()) << opened;
  ASSERT_TRUE(Shell("ip link set node0 up"));
  const FileDescriptor socket = SocketOn("node0");
  EXPECT_TRUE(Becomes([&] {
    FrameBytes frame(2048);
    const ssize_t bytes = recv(socket.get(), frame.data(), frame.size(), 0);
    if (bytes <= 0) return false;
    frame.resize(static_cast<size_t>(bytes));
    return IsOf(kToEndpoint, frame);
  }));

  const FrameBytes answer = FrameOf(kToClient, kTcpSyn | kTcpAck);
  ASSERT_EQ(send(socket.get(), answer.data(), answer.size(), 0),
            static_cast<ssize_t>(answer.size()));
  EXPECT_TRUE(Becomes([&] { return Holds(out, kFromService); }));
}

}  // namespace
}  // namespace pointsman
