#include "tests/bench/service_image.h"

#include <algorithm>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr uint32_t kSlotsOfService = 64;
constexpr uint32_t kEndpoints = 4096;

}  // namespace

std::shared_ptr<const Image> MakeServiceImage(uint32_t connections, uint32_t services) {
  CardSizes sizes = kAlveoU250Sizes;
  sizes.originals = connections;
  sizes.replies = connections;
  ImageBuilder builder(sizes);
  const uint16_t gateway = builder.AddNextHop({Port::kUplink, {0x02000000aa00}, {0x020000000001}});
  const uint16_t pod = builder.AddNextHop({Port::kNode, {0x02000000bb00}, {0x020000000001}});
  builder.AddSource({0x0af40000}, 24, ClientClass::kLocalPod, pod);
  for (uint32_t i = 0; i < kEndpoints; ++i) {
    builder.AddEndpoint({0x0af50000 + i}, 8080, i % 2 == 0 ? gateway : pod);
  }
  std::vector<uint32_t> endpoints(kSlotsOfService);
  for (uint32_t i = 0; i < services; ++i) {
    for (uint32_t n = 0; n < kSlotsOfService; ++n) endpoints[n] = (i * 7 + n) % kEndpoints;
    const uint32_t base = builder.AddSlots(endpoints);
    builder.AddFrontend({.destination_address = Address(Ipv4Address{0x0a600000 + i}).bits(),
                         .destination_port = 80,
                         .protocol = 6,
                         .counter = static_cast<uint16_t>(i),
                         .outside_slots_log2 = 6,
                         .outside_slots_base = base,
                         .inside_slots_log2 = 6,
                         .inside_slots_base = base});
  }
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

}  // namespace pointsman
