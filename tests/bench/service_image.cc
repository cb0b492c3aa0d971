#include "tests/bench/service_image.h"

#include <algorithm>
#include <array>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr uint32_t kSlotsOfService = 64;
constexpr uint32_t kEndpoints = 4096;
constexpr uint64_t kClientsIpv6 = 0x20010db800000000, kServicesIpv6 = 0xfd00009600000000;

Address Ipv4Service(uint32_t i) { return Ipv4Address{0x0a600000 + i}; }
Address Ipv4Endpoint(uint32_t i) { return Ipv4Address{0x0af50000 + i}; }
Address Ipv6Service(uint32_t i) { return Address::FromWords(kServicesIpv6, i); }
Address Ipv6Endpoint(uint32_t i) { return Address::FromWords(0xfd0000f500000000, i); }

using AddressOf = Address (*)(uint32_t);

void AddServices(ImageBuilder& builder, uint32_t count, std::array<uint16_t, 2> hops,
                 AddressOf service, AddressOf endpoint) {
  std::vector<uint32_t> rows(kEndpoints);
  for (uint32_t i = 0; i < kEndpoints; ++i) {
    rows[i] = builder.AddEndpoint(endpoint(i), 8080, hops[i % 2]);
  }
  std::vector<uint32_t> run(kSlotsOfService);
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t n = 0; n < kSlotsOfService; ++n) run[n] = rows[(i * 7 + n) % kEndpoints];
    const uint32_t base = builder.AddSlots(run);
    builder.AddFrontend({.destination_address = service(i).bits(),
                         .destination_port = 80,
                         .protocol = 6,
                         .counter = static_cast<uint16_t>(i),
                         .outside_slots_log2 = 6,
                         .outside_slots_base = base,
                         .inside_slots_log2 = 6,
                         .inside_slots_base = base});
  }
}

}  // namespace

std::shared_ptr<const Image> MakeServiceImage(uint32_t connections, uint32_t services,
                                              uint32_t services_ipv6) {
  CardSizes sizes = kAlveoU250Sizes;
  sizes.originals = sizes.replies = connections;
  if (services_ipv6 != 0) sizes.originals_ipv6 = sizes.replies_ipv6 = connections;
  ImageBuilder builder(sizes);
  const uint16_t gateway = builder.AddNextHop({Port::kUplink, {0x02000000aa00}, {0x020000000001}});
  const uint16_t pod = builder.AddNextHop({Port::kNode, {0x02000000bb00}, {0x020000000001}});
  builder.AddSource({0x0af40000}, 24, ClientClass::kLocalPod, pod);
  AddServices(builder, services, {gateway, pod}, Ipv4Service, Ipv4Endpoint);
  AddServices(builder, services_ipv6, {gateway, pod}, Ipv6Service, Ipv6Endpoint);
  return std::make_shared<const Image>(std::move(builder.image()));
}

std::span<const uint8_t> FlowFrame() {
  static const FrameBytes frame = BuildTcp({.flags = kTcpAck, .payload = std::vector<uint8_t>(6)});
  return frame;
}

void StampFlow(uint8_t* frame, uint32_t flow, uint32_t services) {
  std::ranges::copy(FlowFrame(), frame);
  StoreBe32(frame + kSourceAddressOffset, 0x0a010000 + (flow >> 12));
  StoreBe16(frame + kSourcePortOffset, static_cast<uint16_t>(1024 + (flow & 4095)));
  StoreBe32(frame + kDestinationAddressOffset, 0x0a600000 + flow % services);
}

std::span<const uint8_t> FlowFrameIpv6() {
  static const FrameBytes frame = BuildTcp(Ipv6Spec{}, {.flags = kTcpAck});
  return frame;
}

void StampFlowIpv6(uint8_t* frame, uint32_t flow, uint32_t services) {
  std::ranges::copy(FlowFrameIpv6(), frame);
  Address::FromWords(kClientsIpv6, flow >> 12).Store(frame + kIpv6SourceOffset);
  StoreBe16(frame + kIpv6TransportOffset, static_cast<uint16_t>(1024 + (flow & 4095)));
  Ipv6Service(flow % services).Store(frame + kIpv6DestinationOffset);
}

}  // namespace pointsman
