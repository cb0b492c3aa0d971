// From one image to the next: the row writes, in an order in which every lookup between any two
// writes gives the old answer or the new one.
#ifndef POINTSMAN_FLOW_TABLES_PLAN_H_
#define POINTSMAN_FLOW_TABLES_PLAN_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "flow_tables/image.h"

namespace pointsman {

// One row of one table. Applying it is atomic with respect to lookups.
struct RowWrite {
  TableId table{};
  uint32_t index = 0;
  RowBits row{};
  friend bool operator==(const RowWrite&, const RowWrite&) = default;
};

struct Plan {
  std::optional<Configuration> configuration;  // first, if it changes
  std::vector<RowWrite> writes;
};

// REQUIRES: `to` was built as an heir of `from` (BuildImage), with the same sizes.
Plan MakePlan(const Image& from, const Image& to);

// Does to `image` what the write does to the card.
void Apply(const RowWrite& write, Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PLAN_H_
