// What the simulation of a card in full size costs, in CPU time: profile alveo-u55c, its tables of
// hundreds of thousands of rows and a packet in every clock. Prints JSON.
#include <fmt/format.h>

#include "driver/status_macros.h"
#include "tests/bench/figure.h"
#include "tests/bench/traffic.h"

namespace pointsman {
namespace {

constexpr uint32_t kRounds = 16;  // 200,000 packets
constexpr double kSpeedGoal = 1e6;

absl::StatusOr<std::string> Figures() {
  POINTSMAN_ASSIGN_OR_RETURN(const std::unique_ptr<TrafficBench> bench, TrafficBench::Open());
  POINTSMAN_ASSIGN_OR_RETURN(const Taken taken, bench->Run(Mix::kHits, kRounds));
  const double speed = taken.cycles_per_second();
  return Json({{"sim", "cycles_per_second.full", "1/s", speed, "1e6", speed >= kSpeedGoal}});
}

}  // namespace
}  // namespace pointsman

int main() {
  const auto text = pointsman::Figures();
  if (!text.ok()) {
    fmt::print(stderr, "full_card_figures: {}\n", std::string(text.status().message()));
    return 3;
  }
  fmt::print("{}", *text);
  return 0;
}
