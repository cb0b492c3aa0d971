// What became of packets, counted by whoever forwards them and read by anybody at any time.
#ifndef POINTSMAN_HOST_SOFTPATH_PACKET_COUNTS_H_
#define POINTSMAN_HOST_SOFTPATH_PACKET_COUNTS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace pointsman {

// One thread adds, any may read.
class RelaxedCount {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

struct PacketCounts {
  RelaxedCount loops;
  std::array<RelaxedCount, 2> received;     // by Port
  std::array<RelaxedCount, 2> transmitted;  // by Port
  std::array<RelaxedCount, 256> reasons;    // of drops and punts
  RelaxedCount injected, punted, passed, forwarded, dropped, learned, closed, expired, events_lost,
      sweeps;
};

struct FrontendCount {
  RelaxedCount packets;
  RelaxedCount bytes;
};

// The sums, as CardHealth::statistics has them.
std::vector<uint32_t> StatisticsOf(std::span<const PacketCounts* const> counts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_PACKET_COUNTS_H_
