// The step from one Forwarding to the next, as large as what changes: what a source of state that
// knows the Service that changed hands to the image (image_keeper.h), so that nobody walks over all
// of them. Plain values, pure.
#ifndef POINTSMAN_FLOW_TABLES_FORWARDING_CHANGE_H_
#define POINTSMAN_FLOW_TABLES_FORWARDING_CHANGE_H_

#include <optional>
#include <vector>

#include "flow_tables/forwarding.h"
#include "flow_tables/frontend_index.h"

namespace pointsman {

struct ForwardingChange {
  std::vector<Frontend> frontends;  // as they are now: new ones, and those not what they were
  std::vector<FrontendKey> gone;    // none of the above
  // Everything but the frontends, which are left empty, where any of it is new.
  std::optional<Forwarding> rest{};
};

FrontendKey KeyOf(const Frontend& frontend);

// Everything but the frontends.
Forwarding RestOf(const Forwarding& forwarding);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FORWARDING_CHANGE_H_
