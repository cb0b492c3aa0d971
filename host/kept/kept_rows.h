// Rows of one kind in a mapped file, each for itself: the next process finds those that there were.
// Of a process that is killed a row is there whole or not at all. Rows are written in place, by
// stores alone. Not thread-safe.
#ifndef POINTSMAN_HOST_KEPT_KEPT_ROWS_H_
#define POINTSMAN_HOST_KEPT_KEPT_ROWS_H_

#include <atomic>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host/kept/kept_file.h"
#include "host/kept/mapped_file.h"

namespace pointsman {

struct KeptRowsHead {
  KeptFileHead file;
  uint32_t row_bytes = 0;
  uint32_t rows = 0;
  uint32_t used = 0;  // rows from this one on have never been written
};

// Takes over the file, or makes a new one: a KeptRowsHead and behind it `rows` of `row_bytes`. A
// file that cannot be taken over is set aside, and `note` says so; else `note` stays as it is.
// Errors: FailedPrecondition naming the file.
absl::StatusOr<MappedFile> OpenKeptRows(const std::string& path, uint64_t magic, uint32_t row_bytes,
                                        uint32_t rows, std::string& note);

template <class Row>
class KeptRows {
  static_assert(std::is_trivially_copyable_v<Row>);

 public:
  // Keeps nothing: what follows does nothing.
  KeptRows() = default;

  // As OpenKeptRows says. `magic` is of this kind of rows.
  static absl::StatusOr<KeptRows> Open(const std::string& path, uint64_t magic, uint32_t rows,
                                       std::string& note) {
    absl::StatusOr<MappedFile> file = OpenKeptRows(path, magic, sizeof(Place), rows, note);
    if (!file.ok()) return file.status();
    return KeptRows(*std::move(file));
  }

  // Each row that is there, in order; it goes where `stays(uint32_t index, const Row&)` is false.
  template <typename Stays>
  void Retain(Stays stays) {
    if (!file_) return;
    for (uint32_t index = 0; index < head().used; ++index) {
      const Place place = PlaceOf(index);
      if (place.is_there == 1 && !stays(index, place.row)) Remove(index);
    }
  }

  // Returns the row's index. REQUIRES: fewer rows are there than there is room for.
  uint32_t Add(const Row& row) {
    if (!file_) return 0;
    uint32_t index = head().used;
    if (free_.empty()) {
      head().used = index + 1;
    } else {
      index = free_.back();
      free_.pop_back();
    }
    std::memcpy(&PlaceOf(index).row, &row, sizeof row);
    Barrier();
    PlaceOf(index).is_there = 1;
    Barrier();
    return index;
  }

  // REQUIRES of both: the row is there.
  void Remove(uint32_t index) {
    if (!file_) return;
    PlaceOf(index).is_there = 0;
    Barrier();
    free_.push_back(index);
  }
  template <typename Field>
  void Set(uint32_t index, Field Row::*field, Field value) {
    static_assert(std::atomic_ref<Field>::is_always_lock_free);  // one store
    if (!file_) return;
    std::atomic_ref<Field>(PlaceOf(index).row.*field).store(value, std::memory_order_relaxed);
  }

 private:
  struct Place {
    uint32_t is_there = 0;  // 1: it is
    Row row;
  };

  explicit KeptRows(MappedFile file) : file_(std::move(file)) {
    for (uint32_t index = head().used; index-- > 0;) {
      if (PlaceOf(index).is_there != 1) free_.push_back(index);
    }
  }

  // A process that is killed leaves what it had written up to some moment, in its own order.
  static void Barrier() { std::atomic_signal_fence(std::memory_order_seq_cst); }

  KeptRowsHead& head() const { return *reinterpret_cast<KeptRowsHead*>(file_->bytes().data()); }
  Place& PlaceOf(uint32_t index) const {
    return reinterpret_cast<Place*>(&file_->bytes()[sizeof(KeptRowsHead)])[index];
  }

  std::optional<MappedFile> file_;
  std::vector<uint32_t> free_;  // below head().used
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_KEPT_KEPT_ROWS_H_
