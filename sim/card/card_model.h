// The logic of a card without its surroundings: pins, and what settles them.
//
// Implemented by the Verilated RTL (verilated_model.h) and by fakes in unit tests. Not thread-safe;
// one thread at a time may use it, not always the same one.
#ifndef POINTSMAN_SIM_CARD_CARD_MODEL_H_
#define POINTSMAN_SIM_CARD_CARD_MODEL_H_

#include <string>

#include "absl/status/status.h"
#include "sim/card/datapath_observer.h"
#include "sim/card/fault.h"
#include "sim/card/pins.h"

namespace pointsman {

class CardModel {
 public:
  virtual ~CardModel() = default;

  // The same for the life of the model.
  virtual const CardPins& pins() = 0;

  // Lets the logic settle after pins changed. A failed assertion, $stop or $finish in the logic is
  // raised on `fault`.
  virtual void Evaluate(Fault& fault) = 0;

  // Records all signals from now on; ten units of waveform time are one clock cycle.
  // REQUIRES: before the first Evaluate().
  // Errors: InvalidArgument if the file cannot be written; Unimplemented if the model has no
  // signals.
  virtual absl::Status StartWaveform(const std::string& path) = 0;

  // Tells `observer` what passes the datapath; a model without one tells nothing. Borrows it for
  // all evaluations.
  // REQUIRES: before the first Evaluate().
  virtual void Observe(DatapathObserver& observer) = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_CARD_MODEL_H_
