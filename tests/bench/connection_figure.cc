#include "tests/bench/connection_figure.h"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/image_keeper.h"
#include "flow_tables/packet.h"
#include "flow_tables/pipeline.h"
#include "host/softpath/huge_pages.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr uint32_t kConnections = 1'000'000;
constexpr uint32_t kServices = 1000;
constexpr uint32_t kEndpoints = 10;
constexpr uint32_t kChanges = 10'000;
constexpr uint32_t kSeenAfterEach = 100;
constexpr uint32_t kAllSeenEvery = 1000;

CardSizes Sizes() {
  CardSizes sizes = kSimSizes;
  sizes.endpoints = 1 << 15;
  sizes.next_hops = 1024;
  sizes.originals = sizes.replies = 1 << 21;
  return sizes;
}

// Pods are behind one of 200 nodes, each node a next hop.
Backend Pod(uint32_t number) {
  const uint32_t node = number % 200;
  return {.address = Ipv4Address{0x0b000000 + number},
          .port = 8080,
          .next_hop = {.egress = node % 2 == 0 ? Port::kUplink : Port::kNode,
                       .destination_mac = MacAddress{uint64_t{0x020000000100} + node},
                       .source_mac = MacAddress{0x020000000001}}};
}

Frontend Service(uint32_t number) {
  Frontend frontend{.name = "bench", .address = Ipv4Address{0x0a600000 + number}, .port = 80};
  frontend.outside = {FrontendAction::kForward, false, {}};
  for (uint32_t j = 0; j < kEndpoints; ++j) {
    frontend.outside.endpoints.push_back(Pod(number * kEndpoints + j));
  }
  frontend.inside = frontend.outside;
  return frontend;
}

// Where a connection goes; 0: nowhere.
struct Place {
  uint32_t address = 0;
  uint64_t mac = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

class Traffic {
 public:
  explicit Traffic(Pipeline& pipeline) : pipeline_(pipeline) {}

  Place Send(uint32_t connection) {
    FrameBytes frame = template_;
    StoreBe32(frame.data() + kSourceAddressOffset, 0xac100000 + (connection >> 12));
    StoreBe16(frame.data() + kSourcePortOffset, static_cast<uint16_t>(1024 + (connection & 4095)));
    StoreBe32(frame.data() + kDestinationAddressOffset, 0x0a600000 + connection % kServices);
    Packet packet{.frame = frame};
    Outcome outcome;
    pipeline_.Process({&packet, 1}, {&outcome, 1});
    if (outcome.verdict != Verdict::kForward) return {};
    return {LoadBe32(frame.data() + kDestinationAddressOffset),
            uint64_t{LoadBe32(frame.data())} << 16 | frame[4] << 8 | frame[5]};
  }

 private:
  const FrameBytes template_ = BuildTcp({.flags = kTcpAck});
  Pipeline& pipeline_;
};

// One endpoint more or one less, of both halves.
void Change(std::mt19937& random, uint32_t& next_pod, Frontend& frontend) {
  auto& endpoints = frontend.outside.endpoints;
  const bool comes = endpoints.size() < 3 || (endpoints.size() < 20 && random() % 2 == 0);
  if (comes) {
    endpoints.push_back(Pod(next_pod++));
    std::ranges::sort(endpoints);
  } else {
    endpoints.erase(endpoints.begin() + random() % endpoints.size());
  }
  frontend.inside = frontend.outside;
}

}  // namespace

absl::StatusOr<uint64_t> BrokenConnections() {
  Forwarding wanted;
  for (uint32_t i = 0; i < kServices; ++i) wanted.frontends.push_back(Service(i));
  ImageKeeper keeper(EmptyImage(Sizes()));
  if (const auto plan = keeper.Replace(wanted); !plan.ok()) return plan.status();
  Pipeline pipeline(std::make_shared<const Image>(keeper.image()), 1, HugePages());
  Traffic traffic(pipeline);
  std::vector<Place> places;
  places.reserve(kConnections);
  for (uint32_t i = 0; i < kConnections; ++i) places.push_back(traffic.Send(i));
  if (std::ranges::count(places, Place{}) != 0 || !keeper.misfits().empty()) {
    return absl::InternalError("connections were not made");
  }
  std::vector<bool> broken(kConnections);
  std::mt19937 random(1);
  const auto look = [&](uint32_t connection) {
    if (traffic.Send(connection) != places[connection]) broken[connection] = true;
  };
  uint32_t next_pod = kServices * kEndpoints;
  for (uint32_t change = 1; change <= kChanges; ++change) {
    Frontend& frontend = wanted.frontends[random() % kServices];
    Change(random, next_pod, frontend);
    const auto plan = keeper.Update({.frontends = {frontend}, .gone = {}});
    if (!plan.ok()) return plan.status();
    if (!keeper.misfits().empty()) return absl::InternalError("a Service did not fit");
    pipeline.SetImage(std::make_shared<const Image>(keeper.image()));
    for (uint32_t i = 0; i < kSeenAfterEach; ++i) look(random() % kConnections);
    if (change % kAllSeenEvery != 0) continue;
    for (uint32_t i = 0; i < kConnections; ++i) look(i);
  }
  return static_cast<uint64_t>(std::ranges::count(broken, true));
}

}  // namespace pointsman
