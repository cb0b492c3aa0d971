// What the card costs a packet, in clock cycles, what the simulation of it costs, in CPU time, and
// how full its tables become. The RTL runs under the shipped driver.
//
// card_figures [--brief]: all of them in JSON; or as text, only what packets take
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "driver/status_macros.h"
#include "tests/bench/figure.h"
#include "tests/bench/load.h"
#include "tests/bench/traffic.h"

namespace pointsman {
namespace {

constexpr uint32_t kRounds = 8;  // 100,000 packets
constexpr double kLatencyGoalCycles = 64;
constexpr double kSpeedGoal = 3e6;

// 1.00, as far as two digits show.
bool IsOne(double value) { return value > 0.995 && value < 1.005; }

Figure CyclesPerPacket(const std::string& mix, const Taken& taken) {
  const double value = taken.cycles_per_packet();
  return {"card", "cycles_per_packet." + mix, "cycles", value, "1.00", IsOne(value)};
}

// `without_updates`: what all packets took but those under an update, whose CPU time is also the
// driver's.
absl::StatusOr<std::vector<Figure>> PacketFigures(Taken& without_updates) {
  POINTSMAN_ASSIGN_OR_RETURN(const std::unique_ptr<TrafficBench> bench, TrafficBench::Open());
  std::vector<Figure> figures;
  for (const auto& [name, mix] :
       std::to_array<std::pair<const char*, Mix>>({{"first", Mix::kFirst},
                                                   {"hits", Mix::kHits},
                                                   {"mixed", Mix::kMixed},
                                                   {"ipv6", Mix::kIpv6},
                                                   {"masquerade", Mix::kMasquerade}})) {
    POINTSMAN_ASSIGN_OR_RETURN(const Taken taken, bench->Run(mix, kRounds));
    figures.push_back(CyclesPerPacket(name, taken));
    without_updates.Add(taken);
  }
  POINTSMAN_ASSIGN_OR_RETURN(const Taken updated, bench->RunUnderUpdate(kRounds));
  figures.push_back(CyclesPerPacket("under_update", updated));
  const double rows = bench->update_rows_per_cycle();
  figures.push_back({"card", "update_rows_per_cycle", "rows", rows, "1.00", IsOne(rows)});
  Taken all = without_updates;
  all.Add(updated);
  const auto least = static_cast<double>(all.latency_cycles_min);
  const auto most = static_cast<double>(all.latency_cycles_max);
  figures.push_back({"card", "latency_cycles.min", "cycles", least, "-", true});
  figures.push_back(
      {"card", "latency_cycles.max", "cycles", most, "64", most <= kLatencyGoalCycles});
  return figures;
}

std::vector<Figure> LoadFigures() {
  const double overflow = FirstOverflowLoad(), displaced = DisplacedLoad();
  return {{"card", "load.first_overflow", "share", overflow, "0.85", overflow >= 0.85},
          {"card", "load.after_displacement", "share", displaced, "0.95", displaced >= 0.95}};
}

absl::StatusOr<std::string> Figures(bool brief) {
  Taken all;
  POINTSMAN_ASSIGN_OR_RETURN(std::vector<Figure> figures, PacketFigures(all));
  if (brief) return Brief(figures);
  for (Figure& figure : LoadFigures()) figures.push_back(std::move(figure));
  const double speed = all.cycles_per_second();
  figures.push_back({"sim", "cycles_per_second.sim", "1/s", speed, "3e6", speed >= kSpeedGoal});
  return Json(figures);
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) {
  const auto text = pointsman::Figures(argc > 1 && std::string_view(argv[1]) == "--brief");
  if (!text.ok()) {
    fmt::print(stderr, "card_figures: {}\n", std::string(text.status().message()));
    return 3;
  }
  fmt::print("{}", *text);
  return 0;
}
