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

#include "flow_tables/pipeline.h"
#include "host/softpath/huge_pages.h"
#include "tests/bench/service_image.h"

namespace pointsman {
namespace {

constexpr uint32_t kFrames = 4096;
// A packet and what a packet port keeps beside it; an odd number of cache lines, so that headers
// spread over all sets of the caches.
constexpr size_t kBufferBytes = 37 * 64;
constexpr size_t kBatch = 32;

// Frames in memory of their own, on huge pages where there are any, as packet ports have them.
class FramePool {
 public:
  explicit FramePool(uint32_t services) : services_(services) {
    void* memory = mmap(nullptr, kFrames * kBufferBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::exit(EXIT_FAILURE);
    madvise(memory, kFrames * kBufferBytes, MADV_HUGEPAGE);
    memory_ = static_cast<uint8_t*>(memory);
    for (uint32_t i = 0; i < kFrames; ++i) {
      packets_.push_back({.frame = {memory_ + i * kBufferBytes, FlowFrame().size()}});
    }
  }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() { munmap(memory_, kFrames * kBufferBytes); }

  // Frame i becomes the first direction of a flow.
  void Stamp(uint32_t i, uint32_t flow) { StampFlow(packets_[i].frame.data(), flow, services_); }

  void Process(Pipeline& pipeline, size_t batch = kBatch) {
    for (size_t at = 0; at < kFrames; at += batch) {
      pipeline.Process(std::span(packets_).subspan(at, batch), std::span(outcomes_).first(batch));
      benchmark::DoNotOptimize(outcomes_.data());
    }
  }
  bool AllForwarded() const {
    return std::all_of(outcomes_.begin(), outcomes_.end(),
                       [](const Outcome& o) { return o.verdict == Verdict::kForward; });
  }

 private:
  const uint32_t services_;
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

// Packets of connections already known, in random order, in batches of 32 or one by one.
void Established(benchmark::State& state) {
  constexpr uint32_t kServices = 1000;
  const auto flows = static_cast<uint32_t>(state.range(0));
  const auto batch = static_cast<size_t>(state.range(1));
  Pipeline pipeline(MakeServiceImage(flows, kServices), 1, HugePages());
  FramePool pool(kServices);
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
    pool.Process(pipeline, batch);
  }
  Report(state, kFrames, pool);
}

// Packets that each begin a connection, in random order.
void First(benchmark::State& state) {
  const auto flows_count = static_cast<uint32_t>(state.range(0));
  const auto services = static_cast<uint32_t>(state.range(1));
  Pipeline pipeline(MakeServiceImage(flows_count, services), 1, HugePages());
  FramePool pool(services);
  std::vector<uint32_t> flows(flows_count);
  std::iota(flows.begin(), flows.end(), 0);
  std::mt19937 random(1);
  for (auto _ : state) {
    state.PauseTiming();
    pipeline.connections().Clear();
    std::shuffle(flows.begin(), flows.end(), random);
    for (uint32_t done = 0; done < flows_count; done += kFrames) {
      for (uint32_t i = 0; i < kFrames; ++i) pool.Stamp(i, flows[done + i]);
      state.ResumeTiming();
      pool.Process(pipeline);
      state.PauseTiming();
    }
    state.ResumeTiming();
  }
  Report(state, flows_count, pool);
}

BENCHMARK(Established)
    ->Name("established_64k")
    ->Args({1 << 16, kBatch})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Established)
    ->Name("established_1m")
    ->Args({1 << 20, kBatch})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Established)
    ->Name("established_8m")
    ->Args({1 << 23, kBatch})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Established)->Name("batch1_1m")->Args({1 << 20, 1})->Unit(benchmark::kMicrosecond);
BENCHMARK(First)->Name("first_1m")->Args({1 << 20, 1000})->Unit(benchmark::kMicrosecond);
BENCHMARK(First)->Name("first_1m_10k")->Args({1 << 20, 10000})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pointsman
