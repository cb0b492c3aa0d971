// Of FailoverCard: what the card, and whoever carried the packets instead, have counted.
#include <algorithm>
#include <optional>
#include <utility>

#include "driver/status_macros.h"
#include "host/cardd/failover_card.h"

namespace pointsman::cardd {

void FailoverCard::AddCounters(const std::vector<RowBits>& rows, std::vector<RowBits>& sums) {
  for (size_t i = 0; i < rows.size(); ++i) {
    auto sum = UnpackRow<FrontendCounterRow>(sums[i]);
    const auto row = UnpackRow<FrontendCounterRow>(rows[i]);
    sum.packets += row.packets;
    sum.bytes += row.bytes;
    sums[i] = PackRow(sum);
  }
}

// What all of them have carried.
absl::StatusOr<std::vector<RowBits>> FailoverCard::ReadCounters(TableId table, uint32_t index,
                                                                uint32_t count) {
  std::vector<RowBits> sums(count);
  if (ports_ != nullptr) {
    POINTSMAN_ASSIGN_OR_RETURN(const auto rows, ports_->Read(table, index, count));
    AddCounters(rows, sums);
  }
  if (card_carries() || punts_ != nullptr) {
    const auto rows = card_->Read(table, index, count);
    if (rows.ok()) {
      AddCounters(*rows, sums);
    } else {
      POINTSMAN_RETURN_IF_ERROR(Fail(rows.status()));
    }
  }
  if (punts_ != nullptr) {
    POINTSMAN_ASSIGN_OR_RETURN(const auto rows, punts_->Read(table, index, count));
    AddCounters(rows, sums);
  }
  if (table == TableId::kFrontendCounters) {
    const auto first = former_counters_.begin() + index;
    AddCounters({first, first + count}, sums);
  }
  return sums;
}

absl::StatusOr<CardHealth> FailoverCard::Health() {
  std::optional<CardHealth> of_port;
  if (card_carries() || punts_ != nullptr) {
    auto health = card_->Health();
    if (!health.ok()) {
      POINTSMAN_RETURN_IF_ERROR(Fail(health.status()));
    } else if (card_carries()) {
      Tally(*health);
      return health_;
    } else {
      of_port = *std::move(health);
    }
  }
  Card* const carrier = Substitute();
  if (carrier == nullptr) return health_;
  POINTSMAN_ASSIGN_OR_RETURN(CardHealth health, carrier->Health());
  if (of_port) {
    of_port->statistics = std::move(health.statistics);
    health = *std::move(of_port);
  }
  Tally(health);
  return health_;
}

// Statistics go on where another one carries packets.
void FailoverCard::Tally(const CardHealth& health) {
  std::vector<uint32_t> statistics = std::move(health_.statistics);
  statistics.resize(std::max(statistics.size(), health.statistics.size()));
  carrier_statistics_.resize(std::max(carrier_statistics_.size(), health.statistics.size()));
  for (size_t word = 0; word < health.statistics.size(); ++word) {
    statistics[word] +=
        health.statistics[word] - std::exchange(carrier_statistics_[word], health.statistics[word]);
  }
  health_ = health;
  health_.statistics = std::move(statistics);
}

}  // namespace pointsman::cardd
