// The first thing that went wrong on a simulated card; it stays wrong until the card is gone.
//
// Ports and the Verilated model report here instead of returning a Status from every clock.
// Not thread-safe: belongs to whoever owns the clock.
#ifndef POINTSMAN_SIM_CARD_FAULT_H_
#define POINTSMAN_SIM_CARD_FAULT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace pointsman {

class Fault {
 public:
  // A status that came from a fault has this payload, so that it need not be said at every access.
  static constexpr const char* kPayload = "pointsman.dev/card-fault";

  // Later faults are mostly consequences of the first, so only the first is kept.
  void Raise(absl::Status status) {
    if (!status_.ok() || status.ok()) return;
    status_ = std::move(status);
    status_.SetPayload(kPayload, absl::Cord());
  }
  bool raised() const { return !status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_FAULT_H_
