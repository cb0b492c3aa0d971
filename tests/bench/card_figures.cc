// What the card costs a packet, in clock cycles, and what the simulation of it costs, in CPU time.
// The RTL runs under the shipped driver; frames go in by a port, one in every clock.
//
// card_figures [--brief | --json]
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>

#include "driver/ring_card.h"
#include "flow_tables/image.h"
#include "flow_tables/plan.h"
#include "sim/card/stream_port.h"
#include "sim/card/verilated_model.h"
#include "tests/support/packet_builder.h"
#include "tests/support/simulated_transport.h"

namespace pointsman {
namespace {

constexpr uint32_t kPackets = 10'000;
constexpr uint32_t kFrontends = 64;
constexpr uint32_t kClients = kPackets / kFrontends + 1;
constexpr uint64_t kLongestRunCycles = 4 * kPackets;

struct Figure {
  std::string group, name, unit;
  double value = 0;
  std::string goal;
  bool ok = false;
};

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Forwarding SomeServices() {
  Forwarding forwarding;
  const NextHop pods{Port::kNode, {0x020000000b00}, {0x020000000001}};
  forwarding.gateway = {Port::kUplink, {0x020000000001}, {0x020000000002}};
  for (uint32_t i = 0; i < kFrontends; ++i) {
    FrontendHalf half{FrontendAction::kForward, false, {}};
    for (uint32_t n = 0; n < 4; ++n)
      half.endpoints.push_back({Ipv4Address{0x0af40000 + i * 4 + n}, 8080, pods});
    forwarding.frontends.push_back(
        {"bench", Ipv4Address{0x0a600000 + i}, 80, Protocol::kTcp, half, half});
  }
  return forwarding;
}

Frame Request(uint32_t connection) {
  TcpSpec spec;
  spec.ip.source = {0xcb007100 + connection / kFrontends % kClients};
  spec.ip.destination = {0x0a600000 + connection % kFrontends};
  spec.source_port = static_cast<uint16_t>(1024 + connection / (kFrontends * kClients));
  Frame frame{BuildTcp(spec)};
  frame.bytes.resize(kMinFrameBytes);
  return frame;
}

// What a run of frames through the uplink took.
struct Burst {
  double cycles_per_packet = 0;
  uint64_t latency_cycles_min = ~uint64_t{0};
  uint64_t latency_cycles_max = 0;
  uint64_t cycles = 0;
  double cpu_seconds = 0;
};

class Bench {
 public:
  absl::Status Open() {
    auto uplink = std::make_unique<QueueWire>();
    auto node = std::make_unique<QueueWire>();
    uplink_ = uplink.get();
    node_ = node.get();
    SimulatedCardOptions options;
    options.uplink = std::move(uplink);
    options.node = std::move(node);
    auto simulated = SimulatedCard::Open(CreateVerilatedModel(), std::move(options));
    if (!simulated.ok()) return simulated.status();
    simulated_ = *std::move(simulated);
    RingCardOptions ring_options;
    ring_options.hash_key_seed = 1;
    auto card = RingCard::Open(MakeSimulatedTransport(*simulated_), ring_options);
    if (!card.ok()) return card.status();
    card_ = *std::move(card);
    return Program();
  }

  absl::Status Forget() {
    std::vector<RowWrite> writes;
    for (uint32_t row = 0; row < card_->description().sizes.originals; ++row) {
      writes.push_back({TableId::kOriginals, row, {}});
      writes.push_back({TableId::kReplies, row, {}});
    }
    return card_->Write(writes);
  }

  // REQUIRES: every frame is forwarded to the node side.
  absl::StatusOr<Burst> Send(const std::function<uint32_t(uint32_t)>& connection_of) {
    for (uint32_t i = 0; i < kPackets; ++i) uplink_->to_card.push_back(Request(connection_of(i)));
    node_->from_card.clear();
    while (uplink_->to_card.size() == kPackets) {
      if (absl::Status status = simulated_->Run(1); !status.ok()) return status;
    }
    Burst burst;
    const uint64_t first_in = simulated_->cycles();
    const double cpu_start = CpuSeconds();
    while (node_->from_card.size() < kPackets) {
      if (simulated_->cycles() - first_in > kLongestRunCycles) {
        return absl::DeadlineExceededError(
            fmt::format("{} of {} frames came out", node_->from_card.size(), kPackets));
      }
      if (absl::Status status = simulated_->Run(256); !status.ok()) return status;
    }
    burst.cpu_seconds = CpuSeconds() - cpu_start;
    burst.cycles = simulated_->cycles() - first_in;
    for (uint32_t i = 0; i < kPackets; ++i) {
      const uint64_t latency = OutCycle(i) - (first_in + i);
      burst.latency_cycles_min = std::min(burst.latency_cycles_min, latency);
      burst.latency_cycles_max = std::max(burst.latency_cycles_max, latency);
    }
    burst.cycles_per_packet =
        static_cast<double>(OutCycle(kPackets - 1) - OutCycle(0)) / (kPackets - 1);
    // What the host is told of new connections is read, as an agent does.
    if (absl::StatusOr<CardOutput> output = card_->Poll(); !output.ok()) return output.status();
    return burst;
  }

 private:
  absl::Status Program() {
    const Image empty = EmptyImage(card_->description().sizes);
    absl::StatusOr<Image> image = BuildImage(SomeServices(), empty);
    if (!image.ok()) return image.status();
    if (absl::Status status = card_->Configure({Mode::kOffload, false, image->configuration});
        !status.ok())
      return status;
    return card_->Write(MakePlan(empty, *image).writes);
  }

  uint64_t OutCycle(uint32_t packet) const {
    return (node_->from_card[packet].time_ns * kClockMhz + 999) / 1000;
  }

  std::unique_ptr<SimulatedCard> simulated_;
  std::unique_ptr<Card> card_;
  QueueWire* uplink_ = nullptr;
  QueueWire* node_ = nullptr;
};

absl::StatusOr<std::vector<Figure>> Measure() {
  Bench bench;
  if (absl::Status status = bench.Open(); !status.ok()) return status;
  std::vector<Figure> figures;
  Burst all;
  double cycles = 0, seconds = 0;
  const std::vector<std::pair<std::string, std::function<uint32_t(uint32_t)>>> mixes = {
      {"first", [](uint32_t i) { return i; }},
      {"hits", [](uint32_t i) { return i; }},
      // Every second packet opens a connection, the others belong to one opened before.
      {"mixed", [](uint32_t i) { return i % 2 == 0 ? i / 2 : i / 4; }}};
  for (const auto& [name, connection_of] : mixes) {
    if (name == "mixed") {
      if (absl::Status status = bench.Forget(); !status.ok()) return status;
    }
    absl::StatusOr<Burst> burst = bench.Send(connection_of);
    if (!burst.ok()) return burst.status();
    figures.push_back({"card", "cycles_per_packet." + name, "cycles", burst->cycles_per_packet,
                       "1.00", burst->cycles_per_packet < 1.005});
    all.latency_cycles_min = std::min(all.latency_cycles_min, burst->latency_cycles_min);
    all.latency_cycles_max = std::max(all.latency_cycles_max, burst->latency_cycles_max);
    cycles += static_cast<double>(burst->cycles);
    seconds += burst->cpu_seconds;
  }
  figures.push_back({"card", "latency_cycles.min", "cycles",
                     static_cast<double>(all.latency_cycles_min), "-", true});
  figures.push_back({"card", "latency_cycles.max", "cycles",
                     static_cast<double>(all.latency_cycles_max), "64",
                     all.latency_cycles_max <= 64});
  figures.push_back(
      {"sim", "cycles_per_second.sim", "1/s", cycles / seconds, "3e6", cycles / seconds >= 3e6});
  return figures;
}

void Print(const std::vector<Figure>& figures, const std::string& form) {
  std::string json;
  for (const Figure& f : figures) {
    if (form == "--json") {
      json += fmt::format(
          R"({}{{"group": "{}", "name": "{}", "value": {:.6g}, "unit": "{}", "goal": "{}", "ok": {}}})",
          json.empty() ? "" : ", ", f.group, f.name, f.value, f.unit, f.goal, f.ok);
    } else if (form == "--brief") {
      fmt::print("  {:<28} {:.6g} {}\n", f.name, f.value, f.unit);
    } else {
      fmt::print("{:<6} {:<28} {:<12.6g} {:<7} goal {:<6} {}\n", f.group, f.name, f.value, f.unit,
                 f.goal, f.ok ? "ok" : "short");
    }
  }
  if (form == "--json") fmt::print("[{}]\n", json);
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) {
  const auto figures = pointsman::Measure();
  if (!figures.ok()) {
    fmt::print(stderr, "card_figures: {}\n", std::string(figures.status().message()));
    return 3;
  }
  pointsman::Print(*figures, argc > 1 ? argv[1] : "");
  return 0;
}
