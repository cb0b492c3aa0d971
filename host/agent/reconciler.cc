#include "host/agent/reconciler.h"

#include <utility>

#include "flow_tables/plan.h"

namespace pointsman {

Reconciler::Reconciler(Card& card) : card_(card), image_(EmptyImage(card.description().sizes)) {}

absl::StatusOr<size_t> Reconciler::Program(const Forwarding& wanted) {
  absl::StatusOr<Image> next = BuildImage(wanted, image_);
  if (!next.ok()) return next.status();
  const Plan plan = MakePlan(image_, *next);
  if (plan.configuration || !configured_) {
    const CardSettings settings{Mode::kOffload, /*capture=*/false, next->configuration};
    if (absl::Status status = card_.Configure(settings); !status.ok()) return status;
    configured_ = true;
  }
  if (absl::Status status = card_.Write(plan.writes); !status.ok()) return status;
  image_ = *std::move(next);
  return plan.writes.size();
}

}  // namespace pointsman
