// From one image to the next: the row writes, in an order in which every lookup between any two
// writes gives the old answer or the new one.
#ifndef POINTSMAN_FLOW_TABLES_PLAN_H_
#define POINTSMAN_FLOW_TABLES_PLAN_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "flow_tables/image.h"

namespace pointsman {

// Wrong: the card stores the row as one that has lost its content, to test what becomes of it:
// where keys are compared, or where the rest is read.
enum class Parity : uint8_t { kRight, kWrongKey, kWrongValue };

// One row of one table. Applying it is atomic with respect to lookups.
struct RowWrite {
  TableId table{};
  uint32_t index = 0;
  RowBits row{};
  Parity parity = Parity::kRight;
  friend bool operator==(const RowWrite&, const RowWrite&) = default;
};

// A row that changes.
template <class Row>
struct RowChange {
  uint32_t index = 0;
  Row from;
  Row to;
};

// What differs between two images; no row of a table comes twice.
struct ImageChange {
  std::optional<Configuration> configuration;
  std::vector<RowChange<FrontendRow>> frontends;
  std::vector<RowChange<SourceRow>> sources;
  std::vector<RowChange<SlotRow>> slots;
  std::vector<RowChange<EndpointRow>> endpoints;
  std::vector<RowChange<NextHopRow>> next_hops;
};

struct Plan {
  std::optional<Configuration> configuration;  // first, if it changes
  std::vector<RowWrite> writes;
};

// The writes that make the change; names are not written. In this order: next hops and endpoints
// that are new, slots, sources, frontends, and last the rows of endpoints and next hops that nobody
// refers to any more. Each table's answer to a key is the old one or the new one at any moment. Two
// things to know:
// - A frontend that changes rows stands in two for a moment, equal in every field.
// - A new gateway is one write to row 0 of next-hops, before all else: who is behind it follows.
// A new slot hash seed in `configuration` changes all answers at once. The work is that of the rows
// that change, whatever the size of the tables.
// REQUIRES: the later image was built as an heir of the earlier one (image_keeper.h).
Plan MakePlan(const ImageChange& change);

// The same, by walking over both images. REQUIRES: they have the same sizes.
Plan MakePlan(const Image& from, const Image& to);

// The write of a row as `image` has it; nothing for tables that are not part of an image, and for
// rows that they do not have.
std::optional<RowWrite> WriteOf(const Image& image, TableId table, uint32_t index);

// Does to `image` what the write does to the card.
void Apply(const RowWrite& write, Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PLAN_H_
