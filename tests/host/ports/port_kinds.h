// A Service behind ports of some kind, and frames of one of its connections.
#ifndef POINTSMAN_TESTS_HOST_PORTS_PORT_KINDS_H_
#define POINTSMAN_TESTS_HOST_PORTS_PORT_KINDS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flow_tables/flow.h"
#include "flow_tables/plan.h"
#include "host/ports/port_card.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {

inline constexpr FlowKey kToService{Ipv4Address{0x0a000005}, Ipv4Address{0x0a600001}, 40000, 80};
inline constexpr FlowKey kToEndpoint{Ipv4Address{0x0a000005}, Ipv4Address{0x0af40001}, 40000, 8080};
inline constexpr FlowKey kToClient{Ipv4Address{0x0af40001}, Ipv4Address{0x0a000005}, 8080, 40000};
inline constexpr FlowKey kFromService{Ipv4Address{0x0a600001}, Ipv4Address{0x0a000005}, 80, 40000};

inline FrameBytes FrameOf(const FlowKey& key, uint8_t flags) {
  return BuildTcp({.ip = {.source = key.source.v4(), .destination = key.destination.v4()},
                   .source_port = key.source_port,
                   .destination_port = key.destination_port,
                   .flags = flags});
}

// Whether it is a packet of `key` that any host would take.
inline bool IsOf(const FlowKey& key, const FrameBytes& frame) {
  const std::optional<Flow> flow = ParseFlow(frame);
  return flow && flow->key == key && ChecksumsAreRight(frame);
}

// Two ports with the Service on them.
class ServiceOnPorts {
 public:
  absl::Status Open(const std::vector<std::string>& ports) {
    PortCardOptions options;
    options.ports = ports;
    options.eal = {"-m", "128"};
    options.connections = 4096;
    options.frames_per_core = 1024;
    auto card = OpenPortCard(options);
    if (!card.ok()) return card.status();
    card_ = *std::move(card);
    const Image image = World(card_->description().sizes);
    if (absl::Status status = card_->Configure(
            {.mode = Mode::kOffload, .configuration = image.configuration, .tick = 0});
        !status.ok()) {
      return status;
    }
    return card_->Write(MakePlan(EmptyImage(image.sizes), image).writes);
  }

 private:
  static Image World(const CardSizes& sizes) {
    ImageBuilder builder(sizes);
    const uint16_t node = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
    const uint16_t uplink = builder.AddNextHop({Port::kUplink, {0x020000000301}, {0x020000000302}});
    builder.AddFrontend({.destination_address = kToService.destination.bits(),
                         .destination_port = kToService.destination_port,
                         .protocol = static_cast<uint8_t>(Protocol::kTcp),
                         .outside_slots_base = builder.AddSlots(
                             {builder.AddEndpoint(kToEndpoint.destination, 8080, node)})});
    builder.AddSource(Ipv4Address{0x0a000000}, 24, ClientClass::kOutside, uplink);
    return builder.image();
  }

  std::unique_ptr<Card> card_;
};

// Tries until it is so, or 10 s.
inline bool Becomes(const std::function<bool()>& so) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!so()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_HOST_PORTS_PORT_KINDS_H_
