// Does the punt ring stand still? The card counts a packet as punted before it writes its record;
// if the count moves and for a while no record comes, what the host should answer is lost. A value,
// not thread-safe.
#ifndef POINTSMAN_DRIVER_PUNT_WATCH_H_
#define POINTSMAN_DRIVER_PUNT_WATCH_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

namespace pointsman {

class PuntWatch {
 public:
  // 10 ms of a card of 300 MHz: what it counted is in the host's memory long before.
  static constexpr uint64_t kStuckCycles = 3'000'000;

  // `records`: taken from the ring so far; then read from the card: `cycles` since its reset and
  // its statistic `punted`. Unavailable: the ring stands still.
  absl::Status Look(uint64_t cycles, uint32_t punted, uint64_t records);

 private:
  struct Seen {
    uint32_t punted;
    uint64_t records;
  };
  std::optional<Seen> last_;
  std::optional<uint64_t> missing_since_cycles_;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_PUNT_WATCH_H_
