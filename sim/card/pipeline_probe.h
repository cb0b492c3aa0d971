// The C++ side of pipeline_probe.sv.
#ifndef POINTSMAN_SIM_CARD_PIPELINE_PROBE_H_
#define POINTSMAN_SIM_CARD_PIPELINE_PROBE_H_

#include <cstdint>

#include "sim/card/datapath_observer.h"

namespace pointsman {

// While it lives, `observer` is told what the probe sees in the model that this thread evaluates,
// as of `clock`. Whether there is an observer (null: none) must be the same in all of a model's
// evaluations.
class ScopedObservation {
 public:
  ScopedObservation(DatapathObserver* observer, uint64_t clock);
  ~ScopedObservation();
  ScopedObservation(const ScopedObservation&) = delete;
  ScopedObservation& operator=(const ScopedObservation&) = delete;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PIPELINE_PROBE_H_
