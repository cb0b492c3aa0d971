// A simulated card under the shipped driver, with a minimum-size packet into its uplink port in
// every clock: what a packet takes, in clock cycles and in CPU time of the simulation.
//
// Not thread-safe. Errors of every call: those of SimulatedCard and Card; DeadlineExceeded: frames
// stay in the card.
#ifndef POINTSMAN_TESTS_BENCH_TRAFFIC_H_
#define POINTSMAN_TESTS_BENCH_TRAFFIC_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/image.h"
#include "sim/card/simulated_card.h"
#include "tests/bench/update_clock.h"

namespace pointsman {

// What packets took, summed over bursts.
struct Taken {
  uint64_t gaps = 0;        // between the packets of one burst
  uint64_t gap_cycles = 0;  // from the first to the last packet out
  uint64_t latency_cycles_min = std::numeric_limits<uint64_t>::max();
  uint64_t latency_cycles_max = 0;
  uint64_t cycles = 0;  // simulated
  double cpu_seconds = 0;

  double cycles_per_packet() const {
    return static_cast<double>(gap_cycles) / static_cast<double>(gaps);
  }
  double cycles_per_second() const { return static_cast<double>(cycles) / cpu_seconds; }
  void Add(const Taken& other);
};

// What becomes of a round's packets, none of which is handed to the host.
enum class Mix {
  kFirst,       // each begins a connection
  kHits,        // each belongs to a connection that is known
  kMixed,       // by turns
  kMasquerade,  // each begins a connection that is masqueraded
  kIpv6,        // over IPv6, by turns as kMixed
};

class TrafficBench {
 public:
  // As many packets as begin connections before any bucket of profile sim is full.
  static constexpr uint32_t kRoundPackets = 12'500;
  static constexpr uint32_t kUpdateRows = 10'000;

  // A card with 192 Services of 4 endpoints each: 64 over IPv4, 64 that masquerade, 64 over IPv6.
  static absl::StatusOr<std::unique_ptr<TrafficBench>> Open();

  // Rounds of a mix. Before each the card forgets its connections, and opens those that are known.
  absl::StatusOr<Taken> Run(Mix mix, uint32_t rounds);

  // Rounds of hits; during each the driver writes kUpdateRows rows of table slots. It reads them
  // back behind the packets: while there is one in every clock, reads wait.
  absl::StatusOr<Taken> RunUnderUpdate(uint32_t rounds);

  // Rows that the card wrote in a cycle during all RunUnderUpdate, from an update's first row to
  // its last.
  double update_rows_per_cycle() const { return clock_->rows_per_cycle(); }

 private:
  absl::Status Program();
  absl::Status Forget();
  std::vector<Frame> Round(Mix mix) const;
  absl::Status Update();
  // `meanwhile` clocks the card; it is called again while frames wait to go in.
  absl::StatusOr<Taken> Send(const std::vector<Frame>& frames,
                             absl::FunctionRef<absl::Status()> meanwhile);
  absl::StatusOr<Taken> Send(const std::vector<Frame>& frames);
  uint64_t OutCycle(size_t packet) const;

  std::unique_ptr<SimulatedCard> simulated_;
  UpdateClock* clock_ = nullptr;  // the card's transport
  std::unique_ptr<Card> card_;
  Image image_;
  bool empty_ = true;  // no connection was opened since the card last forgot them
  QueueWire* uplink_ = nullptr;
  QueueWire* node_ = nullptr;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_TRAFFIC_H_
