// What the software pipeline costs a packet: CPU time of Pipeline::Process alone, in batches of 32,
// from frames in memory to frames in memory, over IPv4, over IPv6 (ipv6_...) or over both, at
// random (mixed_...). As with a packet port, 4096 buffers of their own are filled and processed in
// turn, filling apart from the time; the connections are on huge pages, as in the datapath. Counter
// ns_per_packet of each benchmark is the figure.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <string>
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

enum class Mix : uint8_t { kIpv4, kIpv6, kBoth };

std::shared_ptr<const Image> MakeImage(Mix mix, uint32_t connections, uint32_t services) {
  return MakeServiceImage(connections, mix == Mix::kIpv6 ? 0 : services,
                          mix == Mix::kIpv4 ? 0 : services);
}

// Frames in memory of their own, on huge pages where there are any, as packet ports have them.
class FramePool {
 public:
  FramePool(Mix mix, uint32_t services) : mix_(mix), services_(services) {
    void* memory = mmap(nullptr, kFrames * kBufferBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::exit(EXIT_FAILURE);
    madvise(memory, kFrames * kBufferBytes, MADV_HUGEPAGE);
    memory_ = static_cast<uint8_t*>(memory);
    for (uint32_t i = 0; i < kFrames; ++i) {
      packets_.push_back({.frame = {memory_ + i * kBufferBytes, 0}});
    }
  }
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() { munmap(memory_, kFrames * kBufferBytes); }

  // Frame i becomes the first direction of a flow.
  void Stamp(uint32_t i, uint32_t flow) {
    uint8_t* frame = memory_ + i * kBufferBytes;
    const bool ipv6 = mix_ == Mix::kIpv6 || (mix_ == Mix::kBoth && flow % 2 != 0);
    packets_[i].frame = {frame, (ipv6 ? FlowFrameIpv6() : FlowFrame()).size()};
    (ipv6 ? StampFlowIpv6 : StampFlow)(frame, mix_ == Mix::kBoth ? flow / 2 : flow, services_);
  }

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
  const Mix mix_;
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

// As after an answer to each.
template <class Family>
void Establish(ConnectionTable<Family>& table) {
  std::vector<typename Family::Key> replies;
  table.ForEach([&](const auto& connection) { replies.push_back(ReplyKey(connection)); });
  for (const auto& reply : replies) table.Touch(table.Find(reply), kTcpAck, 0);
}

// Time as the datapath tells it.
class Ticks {
 public:
  uint32_t Now() const {
    const std::chrono::duration<double> age = std::chrono::steady_clock::now() - start_;
    return static_cast<uint32_t>(age.count() * kTicksPerSecond);
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Packets of established connections, in random order, in batches of 32 or one by one.
void Established(benchmark::State& state, Mix mix) {
  constexpr uint32_t kServices = 1000;
  const auto flows = static_cast<uint32_t>(state.range(0));
  const auto batch = static_cast<size_t>(state.range(1));
  Pipeline pipeline(MakeImage(mix, flows, kServices), 1, HugePages());
  FramePool pool(mix, kServices);
  for (uint32_t first = 0; first < flows; first += kFrames) {
    for (uint32_t i = 0; i < kFrames; ++i) pool.Stamp(i, first + i);
    pool.Process(pipeline);
  }
  if (pipeline.connections().size() + pipeline.connections_ipv6().size() != flows)
    state.SkipWithError("connections are missing");
  Establish(pipeline.connections());
  Establish(pipeline.connections_ipv6());
  std::mt19937 random(1);
  const Ticks ticks;
  for (auto _ : state) {
    state.PauseTiming();
    pipeline.SetTick(ticks.Now());
    for (uint32_t i = 0; i < kFrames; ++i) pool.Stamp(i, static_cast<uint32_t>(random()) % flows);
    state.ResumeTiming();
    pool.Process(pipeline, batch);
  }
  Report(state, kFrames, pool);
}

// Packets that each begin a connection, in random order.
void First(benchmark::State& state, Mix mix) {
  const auto flows_count = static_cast<uint32_t>(state.range(0));
  const auto services = static_cast<uint32_t>(state.range(1));
  Pipeline pipeline(MakeImage(mix, flows_count, services), 1, HugePages());
  FramePool pool(mix, services);
  std::vector<uint32_t> flows(flows_count);
  std::iota(flows.begin(), flows.end(), 0);
  std::mt19937 random(1);
  for (auto _ : state) {
    state.PauseTiming();
    pipeline.connections().Clear();
    pipeline.connections_ipv6().Clear();
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

void Register(const std::string& prefix, Mix mix) {
  const auto add = [&](const char* name, auto measure, int64_t connections, int64_t how) {
    benchmark::RegisterBenchmark((prefix + name).c_str(), measure, mix)
        ->Args({connections, how})
        ->Unit(benchmark::kMicrosecond);
  };
  add("established_64k", Established, 1 << 16, kBatch);
  add("established_1m", Established, 1 << 20, kBatch);
  add("established_8m", Established, 1 << 23, kBatch);
  add("batch1_1m", Established, 1 << 20, 1);
  add("first_1m", First, 1 << 20, 1000);
  add("first_1m_10k", First, 1 << 20, 10000);
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  pointsman::Register("", pointsman::Mix::kIpv4);
  pointsman::Register("ipv6_", pointsman::Mix::kIpv6);
  pointsman::Register("mixed_", pointsman::Mix::kBoth);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
