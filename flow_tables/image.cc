#include "flow_tables/image.h"

#include "absl/status/status.h"
#include "flow_tables/image_keeper.h"

namespace pointsman {
Image EmptyImage(const CardSizes& sizes) {
  Image image;
  image.sizes = sizes;
  image.frontends.resize(sizes.frontends);
  image.sources.resize(sizes.sources);
  image.slots.resize(sizes.slots);
  image.endpoints.resize(sizes.endpoints);
  image.next_hops.resize(sizes.next_hops);
  image.counter_names.resize(sizes.frontend_counters);
  return image;
}

absl::StatusOr<Image> BuildImage(const Forwarding& wanted, const Image& previous) {
  ImageKeeper keeper(previous);
  const absl::StatusOr<Plan> plan = keeper.Replace(wanted);
  if (!plan.ok()) return plan.status();
  for (const auto& [key, misfit] : keeper.misfits()) {
    return absl::ResourceExhaustedError(misfit.why + "; serve it in software");
  }
  return keeper.image();
}

}  // namespace pointsman
