#include "sim/card/packet_socket_wire.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/card/network_test_support.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

constexpr size_t kIpv4Offset = 14;
constexpr size_t kUdpOffset = kIpv4Offset + 20;

// RFC 1071 over pseudo header and UDP datagram: 0 for a correct checksum.
uint16_t UdpChecksumError(const std::vector<uint8_t>& frame) {
  constexpr size_t kIp = kIpv4Offset;
  const size_t udp = kIp + 20;
  const size_t udp_bytes = static_cast<size_t>(frame[udp + 4]) << 8 | frame[udp + 5];
  uint32_t sum = IPPROTO_UDP + static_cast<uint32_t>(udp_bytes);
  for (size_t i = kIp + 12; i < udp + udp_bytes; ++i) {
    sum += i % 2 == kIp % 2 ? frame[i] << 8 : frame[i];
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

TEST(CompleteChecksumTest, AddsTheBytesToWhatIsInTheField) {
  struct Case {
    std::vector<uint8_t> bytes;
    size_t start, offset;
    std::vector<uint8_t> expected;
  };
  const Case cases[] = {
      {{9, 9, 0x12, 0x34, 0, 0}, 2, 2, {9, 9, 0x12, 0x34, 0xed, 0xcb}},
      {{0x12, 0x34, 0, 1, 0x10}, 0, 2, {0x12, 0x34, 0xdd, 0xca, 0x10}},  // odd length
      {{0xff, 0xfe, 0, 1}, 0, 2, {0xff, 0xfe, 0xff, 0xff}},              // 0 is sent as ffff
  };
  for (const Case& c : cases) {
    std::vector<uint8_t> bytes = c.bytes;
    ASSERT_TRUE(CompleteChecksum(c.start, c.offset, bytes).ok());
    EXPECT_EQ(bytes, c.expected);
  }
}

TEST(CompleteChecksumTest, RefusesAFieldOutsideTheFrame) {
  std::vector<uint8_t> bytes(10);
  EXPECT_EQ(CompleteChecksum(6, 3, bytes).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(CompleteChecksum(6, 2, bytes).ok());
}

// The card's end is "card0"; at the other end, "host0", the kernel has 10.9.0.1 and believes that
// 10.9.0.2 is behind the cable.
class PacketSocketWireTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!namespace_.entered()) {
      GTEST_SKIP() << "network namespaces are not allowed here (needs CAP_SYS_ADMIN)";
    }
    if (!Shell("ip link add host0 type veth peer name card0 && "
               "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && "
               "ip addr add 10.9.0.1/24 dev host0 && ip link set host0 up && "
               "ip link set card0 up && "
               "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev host0")) {
      GTEST_SKIP() << "veth pairs cannot be made here";
    }
    ASSERT_TRUE(AwaitCarrier("host0") && AwaitCarrier("card0"));
    auto wire = PacketSocketWire::Open("card0");
    ASSERT_TRUE(wire.ok()) << wire.status();
    wire_ = *std::move(wire);
    host_ = FileDescriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in local = Address("0.0.0.0", 7000);
    ASSERT_EQ(bind(host_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof(local)), 0);
  }

  static sockaddr_in Address(const char* ip, uint16_t port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, ip, &address.sin_addr);
    return address;
  }

  void SendFromHost(const std::string& payload) {
    const sockaddr_in peer = Address("10.9.0.2", 7001);
    ASSERT_EQ(sendto(host_.get(), payload.data(), payload.size(), 0,
                     reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)),
              static_cast<ssize_t>(payload.size()));
  }

  // Frames that come within a second, until there are `count`.
  std::vector<Frame> ReceiveAtCard(size_t count) {
    std::vector<Frame> frames;
    for (int i = 0; i < 100 && frames.size() < count; ++i) {
      pollfd event = {wire_->PollDescriptor(), POLLIN, 0};
      poll(&event, 1, 10);
      EXPECT_TRUE(wire_->Receive(64, frames).ok());
    }
    return frames;
  }

  ScopedNetworkNamespace namespace_;
  std::unique_ptr<PacketSocketWire> wire_;
  FileDescriptor host_;
};

TEST_F(PacketSocketWireTest, CompletesTheChecksumTheKernelLeftOut) {
  SendFromHost("a payload of odd length");
  const std::vector<Frame> frames = ReceiveAtCard(1);
  ASSERT_EQ(frames.size(), 1u);
  ASSERT_GE(frames[0].bytes.size(), kUdpOffset + 8);
  EXPECT_EQ(UdpChecksumError(frames[0].bytes), 0);
}

TEST_F(PacketSocketWireTest, SendsToTheHostAndDoesNotHearItself) {
  SendFromHost("ping");
  std::vector<Frame> frames = ReceiveAtCard(1);
  ASSERT_EQ(frames.size(), 1u);
  // Turned round (MAC addresses, IP addresses, ports), the checksums stay right.
  std::vector<uint8_t>& bytes = frames[0].bytes;
  std::swap_ranges(bytes.begin(), bytes.begin() + 6, bytes.begin() + 6);
  std::swap_ranges(bytes.begin() + 26, bytes.begin() + 30, bytes.begin() + 30);
  std::swap_ranges(bytes.begin() + 34, bytes.begin() + 36, bytes.begin() + 36);
  ASSERT_TRUE(wire_->Send(frames).ok());
  char payload[16];
  pollfd event = {host_.get(), POLLIN, 0};
  ASSERT_EQ(poll(&event, 1, 1000), 1);
  ASSERT_EQ(recv(host_.get(), payload, sizeof(payload), 0), 4);
  EXPECT_EQ(std::string(payload, 4), "ping");
  std::vector<Frame> heard;
  ASSERT_TRUE(wire_->Receive(64, heard).ok());
  EXPECT_TRUE(heard.empty());
}

// The kernel takes the tag out of every frame it receives and keeps it beside the bytes.
TEST_F(PacketSocketWireTest, PutsTheVlanTagBack) {
  auto host = PacketSocketWire::Open("host0");
  ASSERT_TRUE(host.ok()) << host.status();
  std::vector<uint8_t> bytes(100, 0x5a);
  const std::vector<uint8_t> tag_and_type = {0x81, 0x00, 0x20, 0x05, 0x08, 0x00};
  std::copy(tag_and_type.begin(), tag_and_type.end(), bytes.begin() + 12);
  ASSERT_TRUE((*host)->Send({Frame{bytes}}).ok());
  const std::vector<Frame> frames = ReceiveAtCard(1);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].bytes, bytes);
}

TEST_F(PacketSocketWireTest, CountsSegmentsThatTheSenderLeftToTheCard) {
  const int segment_bytes = 500;
  if (setsockopt(host_.get(), IPPROTO_UDP, UDP_SEGMENT, &segment_bytes, sizeof(segment_bytes)) !=
      0) {
    GTEST_SKIP() << "UDP segmentation is not offered here";
  }
  SendFromHost(std::string(3000, 'x'));
  const int off = 0;
  setsockopt(host_.get(), IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off));
  SendFromHost("small");
  EXPECT_EQ(ReceiveAtCard(1).size(), 1u);
  EXPECT_EQ(wire_->oversized(), 1u);
}

TEST_F(PacketSocketWireTest, AFrameTheInterfaceDoesNotTakeIsLostAndCounted) {
  const std::vector<Frame> frames = {{std::vector<uint8_t>(5000, 0)}};  // over the MTU
  EXPECT_TRUE(wire_->Send(frames).ok());
  EXPECT_EQ(wire_->not_taken(), 1u);
}

TEST_F(PacketSocketWireTest, AnUnknownInterfaceIsNamed) {
  const auto wire = PacketSocketWire::Open("card7");
  EXPECT_EQ(wire.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(wire.status().message()), HasSubstr("card7"));
}

}  // namespace
}  // namespace pointsman
