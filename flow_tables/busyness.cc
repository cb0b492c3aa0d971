#include "flow_tables/busyness.h"

#include <limits>

namespace pointsman {
namespace {

constexpr double kTimes = 2;
constexpr double kMore = 4;
constexpr double kForgotten = 0.01;  // as good as never

}  // namespace

void Busyness::EndPeriod() {
  for (auto& [frontend, connections] : before_) connections /= 2;
  for (const auto& [frontend, connections] : now_) {
    before_[frontend] += static_cast<double>(connections);
  }
  now_.clear();
  absl::erase_if(before_, [](const auto& entry) { return entry.second < kForgotten; });
}

double Busyness::Of(const FrontendKey& frontend) const {
  const auto known = before_.find(frontend);
  return known == before_.end() ? 0 : known->second;
}

std::optional<Busyness::Exchange> Busyness::Choose(const ImageKeeper& keeper) const {
  double most = 0;
  Exchange exchange;
  for (const auto& [key, misfit] : keeper.misfits()) {
    if (Of(key) <= most || given_up_.contains(key)) continue;
    most = Of(key);
    exchange.misfit = key;
  }
  double least = std::numeric_limits<double>::max();
  if (most == 0) return std::nullopt;
  for (const FrontendRow& row : keeper.image().frontends) {
    if (!row.valid) continue;
    const FrontendKey key = KeyOf(row);
    if (Of(key) >= least || keeper.misfits().contains(key)) continue;
    least = Of(key);
    exchange.resident = key;
  }
  if (most < kTimes * least || most < least + kMore) return std::nullopt;
  return exchange;
}

}  // namespace pointsman
