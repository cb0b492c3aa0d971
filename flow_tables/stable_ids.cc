#include "flow_tables/stable_ids.h"

namespace pointsman {

void StableIds::Keep(const RowBits& content, uint32_t row) {
  ids_.try_emplace(content, row);
  taken_[row] = true;
}

std::optional<uint32_t> StableIds::Id(const RowBits& content) {
  if (const auto known = ids_.find(content); known != ids_.end()) return known->second;
  while (next_free_ < taken_.size() && taken_[next_free_]) ++next_free_;
  if (next_free_ == taken_.size()) return std::nullopt;
  ids_.emplace(content, next_free_);
  return next_free_++;
}

}  // namespace pointsman
