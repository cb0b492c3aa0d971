// The rows of a table that nobody has, given out from the one that is free for the longest time.
// Pure.
#ifndef POINTSMAN_FLOW_TABLES_FREE_ROWS_H_
#define POINTSMAN_FLOW_TABLES_FREE_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace pointsman {

// Of a table with so many rows, those that are kept free to lend (ImageKeeper::Lend).
constexpr uint32_t RowsToLend(uint32_t rows) { return rows < 32 ? rows / 4 : rows / 32; }

class FreeRows {
 public:
  // Adds a row.
  void Return(uint32_t row) { free_.push_back(row); }

  std::optional<uint32_t> Take() {
    if (free_.empty()) return std::nullopt;
    const uint32_t row = free_.front();
    free_.pop_front();
    return row;
  }

  size_t size() const { return free_.size(); }

 private:
  std::deque<uint32_t> free_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FREE_ROWS_H_
