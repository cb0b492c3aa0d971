// Packets of a capture go through the Service to a TAP interface, and answers into a capture.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "sim/card/file_descriptor.h"
#include "tests/host/kube/temp_folder.h"
#include "tests/host/ports/port_kinds.h"
#include "tests/sim/card/network_test_support.h"

namespace pointsman {
namespace {

// Libpcap's file format, of this machine's byte order, link type Ethernet.
struct CaptureHead {
  uint32_t magic = 0xa1b2c3d4;
  uint16_t major = 2;
  uint16_t minor = 4;
  uint32_t unused[2] = {};
  uint32_t snap_bytes = 65535;
  uint32_t link_type = 1;
};
struct CaptureRecord {
  uint32_t seconds = 0;
  uint32_t microseconds = 0;
  uint32_t bytes = 0;
  uint32_t bytes_on_wire = 0;
};

template <class Part>
void Append(std::string& file, const Part& part) {
  file.append(reinterpret_cast<const char*>(&part), sizeof(part));
}

std::string Capture(const FrameBytes& frame) {
  std::string file;
  Append(file, CaptureHead{});
  const auto bytes = static_cast<uint32_t>(frame.size());
  Append(file, CaptureRecord{.bytes = bytes, .bytes_on_wire = bytes});
  file.append(frame.begin(), frame.end());
  return file;
}

// The whole records; one may be on its way into the file.
std::vector<FrameBytes> FramesOf(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  std::vector<FrameBytes> frames;
  for (size_t at = sizeof(CaptureHead); at + sizeof(CaptureRecord) <= file.size();) {
    CaptureRecord record;
    std::memcpy(&record, file.data() + at, sizeof(record));
    at += sizeof(record);
    if (at + record.bytes > file.size()) break;
    frames.emplace_back(file.begin() + static_cast<ptrdiff_t>(at),
                        file.begin() + static_cast<ptrdiff_t>(at + record.bytes));
    at += record.bytes;
  }
  return frames;
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
  const std::filesystem::path in = folder.path() / "in.pcap";
  const std::filesystem::path out = folder.path() / "out.pcap";
  std::ofstream(in, std::ios::binary) << Capture(FrameOf(kToService, kTcpSyn));

  ServiceOnPorts service;
  // Without end, as the first packets come before there is a Service.
  const absl::Status opened = service.Open(
      {fmt::format("net_pcap0,rx_pcap={},infinite_rx=1,tx_pcap={}", in.string(), out.string()),
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
  EXPECT_TRUE(Becomes([&] {
    return std::ranges::any_of(FramesOf(out),
                               [](const FrameBytes& frame) { return IsOf(kFromService, frame); });
  }));
}

}  // namespace
}  // namespace pointsman
