#include "host/agent/audit.h"

#include <algorithm>
#include <array>
#include <vector>

#include "flow_tables/plan.h"

namespace pointsman {
namespace {

struct Table {
  TableId id;
  uint32_t CardSizes::*rows;
};

constexpr std::array<Table, 5> kTables = {{{TableId::kFrontends, &CardSizes::frontends},
                                           {TableId::kSources, &CardSizes::sources},
                                           {TableId::kSlots, &CardSizes::slots},
                                           {TableId::kEndpoints, &CardSizes::endpoints},
                                           {TableId::kNextHops, &CardSizes::next_hops}}};

}  // namespace

uint64_t AuditedRows(const CardSizes& sizes) {
  uint64_t rows = 0;
  for (const Table& table : kTables) rows += sizes.*table.rows;
  return rows;
}

absl::Status Audit::LookAtNext(uint32_t rows, const Image& image, Card& card) {
  const Table& table = kTables[table_];
  const uint32_t size = image.sizes.*table.rows;
  const uint32_t count = std::min(rows, size - row_);
  const auto held = card.Read(table.id, row_, count);
  if (!held.ok()) return held.status();
  std::vector<RowWrite> writes;
  for (uint32_t i = 0; i < count; ++i) {
    const auto wanted = WriteOf(image, table.id, row_ + i);
    if (wanted && wanted->row != (*held)[i]) writes.push_back(*wanted);
  }
  counts_.rows += count;
  counts_.mended += writes.size();
  row_ += count;
  if (row_ == size) {
    row_ = 0;
    table_ = (table_ + 1) % kTables.size();
    if (table_ == 0) ++counts_.passes;
  }
  return writes.empty() ? absl::OkStatus() : card.Write(writes);
}

}  // namespace pointsman
