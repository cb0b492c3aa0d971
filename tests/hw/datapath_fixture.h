// A small world for tests of the datapath: one TCP and one UDP Service with two endpoints, clients
// outside and inside, all of them over both families, and the software pipeline as reference beside
// the model. Not thread-safe.
#ifndef POINTSMAN_TESTS_HW_DATAPATH_FIXTURE_H_
#define POINTSMAN_TESTS_HW_DATAPATH_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/pipeline.h"
#include "tests/hw/datapath_driver.h"
#include "tests/support/packet_builder.h"

namespace pointsman {

inline constexpr Ipv4Address kService{0x0a600001};      // 10.96.0.1, tcp 80, udp 53
inline constexpr Ipv4Address kMasqueraded{0x0a600002};  // 10.96.0.2, tcp 80: masquerades everyone
inline constexpr Ipv4Address kRejecting{0x0a600003};    // 10.96.0.3, tcp 80
inline constexpr Ipv4Address kDropping{
    0x0a600004};  // 10.96.0.4, tcp 80: drops clients outside only
inline constexpr Ipv4Address kNoEndpoint{
    0x0a600005};  // 10.96.0.5, tcp 80: its slot names an invalid row
inline constexpr Ipv4Address kNoNextHop{
    0x0a600006};  // 10.96.0.6, tcp 80: its endpoint's next hop is invalid
// 10.96.0.8, tcp 80: session affinity, the group of this number.
inline constexpr Ipv4Address kAffine{0x0a600008};
inline constexpr uint32_t kAffinityGroup = 77;
inline constexpr Ipv4Address kFirstEndpoint{0x0af40001};   // 10.244.0.1:8080, a local pod
inline constexpr Ipv4Address kSecondEndpoint{0x0af40102};  // 10.244.1.2:8080, on another node
inline constexpr Ipv4Address kOutsideClient{0xc0a80005};   // 192.168.0.5
inline constexpr Ipv4Address kMasqueradeAddress{0xc0a80001};
inline constexpr uint16_t kTargetPort = 8080;

enum class IpFamily { kIpv4, kIpv6 };
// Whoever has an IPv4 address here has an IPv6 one: 10.96.0.1 and fd00::a60:1.
constexpr Address In(IpFamily family, Ipv4Address address) {
  if (family == IpFamily::kIpv4) return address;
  return Address::FromWords(0xfd00000000000000, address.value);
}

// The image of this world.
Image SmallWorld();
// The same, with pods of other nodes behind a tunnel.
Image TunnelWorld();

inline constexpr Tunnel kTunnel{.address = {0xc0a80001},  // 192.168.0.1
                                .vni = 0x123456,
                                .mac = {0x0200000000f1},
                                .mtu = 1000};
inline constexpr Ipv4Address kOtherNode{0xc0a80002};  // 192.168.0.2
inline constexpr MacAddress kOtherNodeInside{0x0200000000f2};

// `frame` as another node sends it through the tunnel.
FrameBytes ThroughTunnel(const FrameBytes& frame, uint8_t outer_tos = 0);

class DatapathTest : public testing::Test {
 protected:
  explicit DatapathTest(const Image& image = SmallWorld());

  // Processes the frames back to back (or with their gaps) in card and pipeline; every output must
  // be the same, and so must be what is told of connections.
  std::vector<DatapathOutput> Compare(std::vector<DatapathInput> inputs);
  DatapathOutput Compare(DatapathInput input);

  DatapathDriver card_;
  Pipeline pipeline_;
};

// REQUIRES: both addresses are of one family.
DatapathInput TcpTo(const Address& destination, uint16_t source_port, const Address& source,
                    uint16_t destination_port = 80);
DatapathInput TcpTo(Ipv4Address destination, uint16_t source_port = 40000,
                    Ipv4Address source = kOutsideClient, uint16_t destination_port = 80);
// What the endpoint answers to a forwarded frame.
DatapathInput ReplyTo(const DatapathOutput& forwarded);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_HW_DATAPATH_FIXTURE_H_
