#include "host/softpath/packet_counts.h"

#include <utility>

#include "hw/card_layout.h"

namespace pointsman {
namespace {

constexpr size_t kReasonsAt = 32;  // in CardHealth::statistics

}  // namespace

std::vector<uint32_t> StatisticsOf(std::span<const PacketCounts* const> counts) {
  std::vector<uint32_t> words(kReasonsAt + 256);
  const auto add = [&words](size_t word, const RelaxedCount& count) {
    words[word] += static_cast<uint32_t>(count.Get());
  };
  for (const PacketCounts* c : counts) {
    for (const auto& [statistic, count] :
         {std::pair<Statistic, const RelaxedCount*>{Statistic::kUplinkReceived, &c->received[0]},
          {Statistic::kNodeReceived, &c->received[1]},
          {Statistic::kUplinkTransmitted, &c->transmitted[0]},
          {Statistic::kNodeTransmitted, &c->transmitted[1]},
          {Statistic::kInjected, &c->injected},
          {Statistic::kPunted, &c->punted},
          {Statistic::kPassed, &c->passed},
          {Statistic::kForwarded, &c->forwarded},
          {Statistic::kDropped, &c->dropped},
          {Statistic::kLearned, &c->learned},
          {Statistic::kClosed, &c->closed},
          {Statistic::kExpired, &c->expired},
          {Statistic::kEventsLost, &c->events_lost}}) {
      add(static_cast<size_t>(statistic), *count);
    }
    for (size_t reason = 0; reason < c->reasons.size(); ++reason) {
      add(kReasonsAt + reason, c->reasons[reason]);
    }
  }
  return words;
}

}  // namespace pointsman
