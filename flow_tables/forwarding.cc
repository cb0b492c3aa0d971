#include "flow_tables/forwarding.h"

namespace pointsman {

std::string_view WhyHostDecides(const Frontend& frontend) {
  if (frontend.scheduler != Scheduler::kRandom) return "scheduler";
  return "";
}

}  // namespace pointsman
