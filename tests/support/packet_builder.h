// Frames for tests: made from a few values, with right lengths and checksums, and told apart by
// one line of text. Plain functions of values.
#ifndef POINTSMAN_TESTS_SUPPORT_PACKET_BUILDER_H_
#define POINTSMAN_TESTS_SUPPORT_PACKET_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/packet.h"
#include "flow_tables/types.h"

namespace pointsman {

using FrameBytes = std::vector<uint8_t>;

// Ethernet and IPv4. What is not said is what an ordinary packet has.
struct Ipv4Spec {
  MacAddress destination_mac{0x020000000001};
  MacAddress source_mac{0x020000000002};
  Ipv4Address source{0x0a000001};       // 10.0.0.1
  Ipv4Address destination{0x0a600001};  // 10.96.0.1
  uint8_t ttl = 64;
  uint8_t tos = 0;
  uint16_t identification = 0;
  uint16_t fragment = 0x4000;      // flags and offset as in the header; do not fragment
  std::vector<uint8_t> options{};  // a multiple of 4 bytes, at most 40
};

// Ethernet and IPv6.
struct Ipv6Spec {
  MacAddress destination_mac{0x020000000001};
  MacAddress source_mac{0x020000000002};
  Address source = Address::FromWords(0xfd00000100000000, 1);       // fd00:1::1
  Address destination = Address::FromWords(0xfd00009600000000, 1);  // fd00:96::1
  uint8_t hop_limit = 64;
  uint32_t class_and_label = 0;  // 28 bits: traffic class and flow label
};

struct TcpSpec {
  Ipv4Spec ip{};
  uint16_t source_port = 40000;
  uint16_t destination_port = 80;
  uint32_t sequence = 1000;
  uint32_t acknowledgement = 0;
  uint8_t flags = kTcpSyn;
  std::vector<uint8_t> payload{};
};

struct UdpSpec {
  Ipv4Spec ip{};
  uint16_t source_port = 40000;
  uint16_t destination_port = 53;
  bool without_checksum = false;
  std::vector<uint8_t> payload{};
};

struct IcmpSpec {
  Ipv4Spec ip{};
  uint8_t type = 8;
  uint8_t code = 0;
  uint32_t rest = 0;  // second word of the header
  std::vector<uint8_t> payload{};
};

FrameBytes BuildTcp(const TcpSpec& spec);
FrameBytes BuildUdp(const UdpSpec& spec);
FrameBytes BuildIcmp(const IcmpSpec& spec);

// Over IPv6: member `ip` of the other spec counts for nothing.
FrameBytes BuildTcp(const Ipv6Spec& ip, const TcpSpec& spec);
FrameBytes BuildUdp(const Ipv6Spec& ip, const UdpSpec& spec);
FrameBytes BuildIcmp(const Ipv6Spec& ip, const IcmpSpec& spec);

// Any protocol: `body` follows the IP header.
FrameBytes BuildIpv4(const Ipv4Spec& spec, uint8_t protocol, std::span<const uint8_t> body);
FrameBytes BuildIpv6(const Ipv6Spec& spec, uint8_t next_header, std::span<const uint8_t> body);

// With an IEEE 802.1Q tag of this control information (priority and VLAN).
FrameBytes WithVlanTag(const FrameBytes& frame, uint16_t control);

// One line: "02:00:00:00:00:02 > 02:00:00:00:00:01, 10.0.0.1:40000 > 10.96.0.1:80 tcp S seq 1000
// ack 0, ttl 64, 54 bytes". Says "bad header checksum" or "bad checksum" where it is so.
std::string DescribeFrame(std::span<const uint8_t> frame);

// The IPv4 header's checksum, and that of TCP, UDP (0 is right too) or ICMP in an unfragmented
// packet. False for what is neither IPv4 nor IPv6.
bool ChecksumsAreRight(std::span<const uint8_t> frame);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SUPPORT_PACKET_BUILDER_H_
