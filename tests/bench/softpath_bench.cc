// What the software pipeline costs a packet: CPU time of Pipeline::Process alone, in batches of 32,
// from frames in memory to frames in memory. As with a packet port, 4096 buffers of their own are
// filled and processed in turn, filling apart from the time; the connections are on huge pages, as
// in the datapath. Counter ns_per_packet of each benchmark is the figure.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"
#include "flow_tables/pipeline.h"
#include "host/softpath/huge_pages.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr uint32_t kFrames = 4096;
constexpr uint32_t kFirstFlows = 1 << 16;
// A packet and what a packet port keeps beside it; an odd number of cache lines, so that headers
// spread over all sets of the caches.
constexpr size_t kBufferBytes = 37 * 64;
constexpr size_t kBatch = 32;
constexpr uint32_t kServices = 1000;
constexpr uint32_t kSlotsOfService = 64;
constexpr uint32_t kEndpoints = 4096;

// Services 10.96.0.0+i, port 80, each with a run of 64 slots over all endpoints.
std::shared_ptr<const Image> MakeImage(uint32_t connections) {
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
  for (uint32_t i = 0; i < kServices; ++i) {
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

// Frames in memory of their own, on huge pages where there are any, as packet ports have them.
class FramePool {
 public:
  FramePool() {
    void* memory = mmap(nullptr, kFrames * kBufferBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::exit(EXIT_FAILURE);
    madvise(memory, kFrames * kBufferBytes, MADV_HUGEPAGE);
    memory_ = static_cast<uint8_t*>(memory);
    for (uint32_t i = 0; i < kFrames; ++i) {
      packets_.push_back({.frame = {memory_ + i * kBufferBytes, template_.size()}});
    }
  }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() { munmap(memory_, kFrames * kBufferBytes); }

  // Frame i becomes the first direction of a flow: a client of 4096 ports, and a Service.
  void Stamp(uint32_t i, uint32_t flow) {
    uint8_t* frame = packets_[i].frame.data();
    std::copy(template_.begin(), template_.end(), frame);
    StoreBe32(frame + kSourceAddressOffset, 0x0a010000 + (flow >> 12));
    StoreBe16(frame + kSourcePortOffset, static_cast<uint16_t>(1024 + (flow & 4095)));
    StoreBe32(frame + kDestinationAddressOffset, 0x0a600000 + flow % kServices);
  }

  void Process(Pipeline& pipeline) {
    for (size_t at = 0; at < kFrames; at += kBatch) {
      pipeline.Process(std::span(packets_).subspan(at, kBatch), outcomes_);
      benchmark::DoNotOptimize(outcomes_.data());
    }
  }
  bool AllForwarded() const {
    return std::all_of(outcomes_.begin(), outcomes_.end(),
                       [](const Outcome& o) { return o.verdict == Verdict::kForward; });
  }

 private:
  const FrameBytes template_ = BuildTcp({.flags = kTcpAck, .payload = std::vector<uint8_t>(6)});
  uint8_t* memory_ = nullptr;
  std::vector<Packet> packets_;
  std::vector<Outcome> outcomes_ = std::vector<Outcome>(kBatch);
};

void Report(benchmark::State& state, uint32_t packets, const FramePool& pool) {
  if (!pool.AllForwarded()) state.SkipWithError("packets were not forwarded");
  using benchmark::Counter;
  state.counters["ns_per_packet"] =
      Counter(packets * 1e-9, Counter::kIsIterationInvariantRate | Counter::kInvert);
}

// Packets of connections already known, in random order.
void Established(benchmark::State& state) {
  const auto flows = static_cast<uint32_t>(state.range(0));
  Pipeline pipeline(MakeImage(flows), 1, HugePages());
  FramePool pool;
  for (uint32_t first = 0; first < flows; first += kFrames) {
    for (uint32_t i = 0; i < kFrames; ++i) pool.Stamp(i, first + i);
    pool.Process(pipeline);
  }
  if (pipeline.connections().size() != flows) state.SkipWithError("connections are missing");
  std::mt19937 random(1);
  for (auto _ : state) {
    state.PauseTiming();
    for (uint32_t i = 0; i < kFrames; ++i) pool.Stamp(i, static_cast<uint32_t>(random()) % flows);
    state.ResumeTiming();
    pool.Process(pipeline);
  }
  Report(state, kFrames, pool);
}

// Packets that each begin a connection, in random order.
void First(benchmark::State& state) {
  Pipeline pipeline(MakeImage(kFirstFlows), 1, HugePages());
  FramePool pool;
  std::vector<uint32_t> flows(kFirstFlows);
  std::iota(flows.begin(), flows.end(), 0);
  std::mt19937 random(1);
  for (auto _ : state) {
    state.PauseTiming();
    pipeline.connections().Clear();
    std::shuffle(flows.begin(), flows.end(), random);
    for (uint32_t done = 0; done < kFirstFlows; done += kFrames) {
      for (uint32_t i = 0; i < kFrames; ++i) pool.Stamp(i, flows[done + i]);
      state.ResumeTiming();
      pool.Process(pipeline);
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
  Report(state, kFirstFlows, pool);
}

BENCHMARK(Established)->Name("established_64k")->Arg(1 << 16)->Unit(benchmark::kMicrosecond);
BENCHMARK(Established)->Name("established_1m")->Arg(1 << 20)->Unit(benchmark::kMicrosecond);
BENCHMARK(First)->Name("first_64k")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pointsman
