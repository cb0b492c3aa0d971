#include "host/agent/reconciler.h"

#include <algorithm>
#include <utility>

#include "flow_tables/plan.h"

namespace pointsman {

namespace {

// How many frontends it takes to fill a table of connections with such that nobody has answered.
constexpr uint32_t kFrontendsThatFillTheTable = 16;
constexpr uint32_t kFrontendsThatFillTheIpv6Table = 4;

uint32_t UnconfirmedQuota(const CardSizes& sizes) {
  return std::min(sizes.originals / kFrontendsThatFillTheTable,
                  sizes.originals_ipv6 / kFrontendsThatFillTheIpv6Table);
}

}  // namespace

Reconciler::Reconciler(Card& card, uint32_t tick_cycles)
    : card_(card), image_(EmptyImage(card.description().sizes)) {
  settings_.mode = Mode::kOffload;
  settings_.tick_cycles = tick_cycles;
}

absl::StatusOr<size_t> Reconciler::Program(Forwarding wanted) {
  wanted.unconfirmed_quota = UnconfirmedQuota(image_.sizes);
  absl::StatusOr<Image> next = BuildImage(wanted, image_);
  if (!next.ok()) return next.status();
  const Plan plan = MakePlan(image_, *next);
  if (plan.configuration || !configured_) {
    settings_.configuration = next->configuration;
    if (absl::Status status = card_.Configure(settings_); !status.ok()) return status;
    configured_ = true;
  }
  if (absl::Status status = card_.Write(plan.writes); !status.ok()) return status;
  image_ = *std::move(next);
  return plan.writes.size();
}

absl::Status Reconciler::SetTick(uint32_t tick) {
  if (settings_.tick_cycles != 0 || settings_.tick == tick) return absl::OkStatus();
  settings_.tick = tick;
  return configured_ ? card_.Configure(settings_) : absl::OkStatus();
}

}  // namespace pointsman
