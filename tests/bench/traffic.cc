#include "tests/bench/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "driver/ring_card.h"
#include "driver/status_macros.h"
#include "flow_tables/pipeline.h"
#include "flow_tables/plan.h"
#include "sim/card/verilated_model.h"
#include "tests/support/packet_builder.h"
#include "tests/support/simulated_transport.h"

namespace pointsman {
namespace {

constexpr uint32_t kFrontends = 64;  // of each kind
constexpr uint32_t kServiceNetwork = 0x0a600000;
constexpr uint32_t kMasqueradedNetwork = 0x0a610000;
constexpr uint64_t kIpv6Services = 0xfd00009600000000, kIpv6Pods = 0xfd00024400000000;
constexpr uint64_t kIpv6Clients = 0x20010db800000000;
constexpr uint16_t kIpv6Port = 53;
constexpr uint32_t kLongestStayCycles = 10'000;

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Forwarding SomeServices() {
  Forwarding forwarding;
  const NextHop pods{Port::kNode, {0x020000000b00}, {0x020000000001}};
  forwarding.gateway = {Port::kUplink, {0x020000000001}, {0x020000000002}};
  forwarding.masquerade_address = {0xc0a80002};
  for (const uint32_t network : {kServiceNetwork, kMasqueradedNetwork}) {
    for (uint32_t i = 0; i < kFrontends; ++i) {
      FrontendHalf half{FrontendAction::kForward, network == kMasqueradedNetwork, {}};
      for (uint32_t n = 0; n < 4; ++n)
        half.endpoints.push_back({Ipv4Address{0x0af40000 + i * 4 + n}, 8080, pods});
      forwarding.frontends.push_back(
          {"bench", Ipv4Address{network + i}, 80, Protocol::kTcp, half, half});
    }
  }
  for (uint32_t i = 0; i < kFrontends; ++i) {
    FrontendHalf half{FrontendAction::kForward, false, {}};
    for (uint32_t n = 0; n < 4; ++n)
      half.endpoints.push_back({Address::FromWords(kIpv6Pods, i * 4 + n), 8080, pods});
    forwarding.frontends.push_back(
        {"bench", Address::FromWords(kIpv6Services, i), kIpv6Port, Protocol::kUdp, half, half});
  }
  return forwarding;
}

// The shortest that IPv6 has: one beat.
Frame Ipv6Request(uint32_t connection) {
  UdpSpec spec;
  spec.source_port = 1024;
  spec.destination_port = kIpv6Port;
  return Frame{BuildUdp({.source = Address::FromWords(kIpv6Clients, connection / kFrontends),
                         .destination = Address::FromWords(kIpv6Services, connection % kFrontends)},
                        spec)};
}

Frame Request(uint32_t network, uint32_t connection) {
  TcpSpec spec;
  spec.ip.source = {0xcb007100 + connection / kFrontends};
  spec.ip.destination = {network + connection % kFrontends};
  spec.source_port = 1024;
  Frame frame{BuildTcp(spec)};
  frame.bytes.resize(kMinFrameBytes);
  return frame;
}

// The card hands to the host what would take the source port of another connection.
std::vector<Frame> MasqueradedRequests(const Image& image, uint32_t count) {
  Pipeline pipeline(std::make_shared<const Image>(image));
  std::vector<Frame> frames;
  for (uint32_t i = 0; frames.size() < count; ++i) {
    Frame frame = Request(kMasqueradedNetwork, i);
    FrameBytes bytes = frame.bytes;
    Packet packet{.frame = bytes};
    Outcome outcome;
    pipeline.Process({&packet, 1}, {&outcome, 1});
    if (outcome.verdict == Verdict::kForward) frames.push_back(std::move(frame));
  }
  return frames;
}

}  // namespace

void Taken::Add(const Taken& other) {
  gaps += other.gaps;
  gap_cycles += other.gap_cycles;
  latency_cycles_min = std::min(latency_cycles_min, other.latency_cycles_min);
  latency_cycles_max = std::max(latency_cycles_max, other.latency_cycles_max);
  cycles += other.cycles;
  cpu_seconds += other.cpu_seconds;
}

absl::StatusOr<std::unique_ptr<TrafficBench>> TrafficBench::Open() {
  auto bench = std::make_unique<TrafficBench>();
  auto uplink = std::make_unique<QueueWire>();
  auto node = std::make_unique<QueueWire>();
  bench->uplink_ = uplink.get();
  bench->node_ = node.get();
  SimulatedCardOptions options;
  options.uplink = std::move(uplink);
  options.node = std::move(node);
  POINTSMAN_ASSIGN_OR_RETURN(bench->simulated_,
                             SimulatedCard::Open(CreateVerilatedModel(), std::move(options)));
  auto clock =
      std::make_unique<UpdateClock>(*bench->simulated_, MakeSimulatedTransport(*bench->simulated_));
  bench->clock_ = clock.get();
  RingCardOptions ring_options;
  ring_options.hash_key_seed = 1;
  ring_options.rings.command_lines_log2 = 14;       // an update is one ringful
  ring_options.deadline = std::chrono::minutes(2);  // one command clears a table of a full profile
  POINTSMAN_ASSIGN_OR_RETURN(bench->card_, RingCard::Open(std::move(clock), ring_options));
  POINTSMAN_RETURN_IF_ERROR(bench->Program());
  return bench;
}

absl::Status TrafficBench::Program() {
  const Image empty = EmptyImage(card_->description().sizes);
  POINTSMAN_ASSIGN_OR_RETURN(image_, BuildImage(SomeServices(), empty));
  POINTSMAN_RETURN_IF_ERROR(card_->Configure({Mode::kOffload, false, image_.configuration}));
  return card_->Write(MakePlan(empty, image_).writes);
}

absl::Status TrafficBench::Forget() {
  if (std::exchange(empty_, true)) return absl::OkStatus();
  std::vector<RowWrite> writes;
  for (uint32_t row = 0; row < image_.sizes.originals; ++row) {
    writes.push_back({TableId::kOriginals, row, {}});
    writes.push_back({TableId::kReplies, row, {}});
  }
  for (uint32_t row = 0; row < image_.sizes.originals_ipv6; ++row) {
    writes.push_back({TableId::kOriginalsIpv6, row, {}});
    writes.push_back({TableId::kRepliesIpv6, row, {}});
  }
  return card_->Write(writes);
}

std::vector<Frame> TrafficBench::Round(Mix mix) const {
  if (mix == Mix::kMasquerade) return MasqueradedRequests(image_, kRoundPackets);
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < kRoundPackets; ++i) {
    // Mixed: the packets between belong to connections opened at any distance before.
    const bool by_turns = mix == Mix::kMixed || mix == Mix::kIpv6;
    const uint32_t connection = by_turns ? (i % 2 == 0 ? i / 2 : i / 4) : i;
    frames.push_back(mix == Mix::kIpv6 ? Ipv6Request(connection)
                                       : Request(kServiceNetwork, connection));
  }
  return frames;
}

absl::StatusOr<Taken> TrafficBench::Run(Mix mix, uint32_t rounds) {
  const std::vector<Frame> frames = Round(mix);
  Taken sum;
  for (uint32_t round = 0; round < rounds; ++round) {
    if (mix != Mix::kHits || round == 0) POINTSMAN_RETURN_IF_ERROR(Forget());
    if (mix == Mix::kHits && round == 0) POINTSMAN_RETURN_IF_ERROR(Send(frames).status());
    POINTSMAN_ASSIGN_OR_RETURN(const Taken taken, Send(frames));
    sum.Add(taken);
  }
  return sum;
}

absl::StatusOr<Taken> TrafficBench::RunUnderUpdate(uint32_t rounds) {
  const std::vector<Frame> frames = Round(Mix::kHits);
  POINTSMAN_RETURN_IF_ERROR(Forget());
  POINTSMAN_RETURN_IF_ERROR(Send(frames).status());
  Taken sum;
  for (uint32_t round = 0; round < rounds; ++round) {
    clock_->Arm();
    POINTSMAN_ASSIGN_OR_RETURN(const Taken taken, Send(frames, [this] { return Update(); }));
    sum.Add(taken);
  }
  return sum;
}

absl::Status TrafficBench::Update() {
  std::vector<RowWrite> writes;
  for (uint32_t row = 0; row < kUpdateRows; ++row) {
    writes.push_back({TableId::kSlots, row, PackRow(image_.slots[row])});
  }
  return card_->Write(writes);
}

absl::StatusOr<Taken> TrafficBench::Send(const std::vector<Frame>& frames) {
  return Send(frames, [this] { return simulated_->Run(64); });
}

absl::StatusOr<Taken> TrafficBench::Send(const std::vector<Frame>& frames,
                                         absl::FunctionRef<absl::Status()> meanwhile) {
  empty_ = false;
  node_->from_card.clear();
  uplink_->to_card.assign(frames.begin(), frames.end());
  POINTSMAN_RETURN_IF_ERROR(simulated_->Run(1));
  const uint64_t first_in = simulated_->cycles();
  const double cpu_start = CpuSeconds();
  while (!uplink_->to_card.empty()) POINTSMAN_RETURN_IF_ERROR(meanwhile());
  const uint64_t deadline = simulated_->cycles() + kLongestStayCycles;
  while (node_->from_card.size() < frames.size()) {
    if (simulated_->cycles() > deadline) {
      return absl::DeadlineExceededError(
          fmt::format("{} of {} frames came out", node_->from_card.size(), frames.size()));
    }
    POINTSMAN_RETURN_IF_ERROR(simulated_->Run(256));
  }
  Taken taken;
  taken.cpu_seconds = CpuSeconds() - cpu_start;
  taken.cycles = simulated_->cycles() - first_in;
  taken.gaps = frames.size() - 1;
  taken.gap_cycles = OutCycle(frames.size() - 1) - OutCycle(0);
  for (size_t i = 0; i < frames.size(); ++i) {
    const uint64_t latency = OutCycle(i) - (first_in + i);
    taken.latency_cycles_min = std::min(taken.latency_cycles_min, latency);
    taken.latency_cycles_max = std::max(taken.latency_cycles_max, latency);
  }
  // What the host is told of new connections is read, as an agent does.
  POINTSMAN_RETURN_IF_ERROR(card_->Poll().status());
  return taken;
}

uint64_t TrafficBench::OutCycle(size_t packet) const {
  return (node_->from_card[packet].time_ns * kClockMhz + 999) / 1000;
}

}  // namespace pointsman
