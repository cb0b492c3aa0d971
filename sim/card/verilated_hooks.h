// What the RTL says ($display, $error) and does ($stop, $finish, failed assertions), taken out of
// the hands of Verilator's runtime, which would print on stdout and abort the process.
//
// Force-included into the generated code (where VL_PRINTF is PrintFromModel), so it includes
// nothing.
#ifndef POINTSMAN_SIM_CARD_VERILATED_HOOKS_H_
#define POINTSMAN_SIM_CARD_VERILATED_HOOKS_H_

namespace pointsman {

class Fault;

// As printf, to stderr; the last line is kept as the reason of a stop that follows it.
int PrintFromModel(const char* format, ...) __attribute__((format(printf, 1, 2)));

// While it lives, stops of the model that this thread evaluates are raised on `fault`.
class ScopedModelFault {
 public:
  explicit ScopedModelFault(Fault& fault);
  ~ScopedModelFault();
  ScopedModelFault(const ScopedModelFault&) = delete;
  ScopedModelFault& operator=(const ScopedModelFault&) = delete;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_VERILATED_HOOKS_H_
