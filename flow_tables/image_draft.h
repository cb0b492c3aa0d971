// An image that is being changed, and what has changed since somebody last asked. Not thread-safe.
#ifndef POINTSMAN_FLOW_TABLES_IMAGE_DRAFT_H_
#define POINTSMAN_FLOW_TABLES_IMAGE_DRAFT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "flow_tables/image.h"
#include "flow_tables/plan.h"

namespace pointsman {

// What a table's rows were before they changed.
template <class Row>
class RowJournal {
 public:
  explicit RowJournal(size_t rows) : touched_(rows) {}

  void Note(uint32_t index, const Row& before) {
    if (touched_[index]) return;
    touched_[index] = true;
    before_.emplace_back(index, before);
  }

  // Rows that were set, as they were before.
  const std::vector<std::pair<uint32_t, Row>>& before() const { return before_; }

  // The rows that are not what they were; the journal is empty then.
  std::vector<RowChange<Row>> Take(const std::vector<Row>& now) {
    std::vector<RowChange<Row>> changes;
    changes.reserve(before_.size());
    for (const auto& [index, before] : before_) {
      touched_[index] = false;
      if (before != now[index]) changes.push_back({index, before, now[index]});
    }
    before_.clear();
    return changes;
  }

 private:
  std::vector<bool> touched_;
  std::vector<std::pair<uint32_t, Row>> before_;
};

class ImageDraft {
 public:
  explicit ImageDraft(Image image)
      : image_(std::move(image)),
        configuration_(image_.configuration),
        frontends_(image_.frontends.size()),
        sources_(image_.sources.size()),
        slots_(image_.slots.size()),
        endpoints_(image_.endpoints.size()),
        next_hops_(image_.next_hops.size()) {}

  const Image& image() const { return image_; }

  void Set(uint32_t index, const FrontendRow& row) {
    Set(index, row, image_.frontends, frontends_);
  }
  void Set(uint32_t index, const SourceRow& row) { Set(index, row, image_.sources, sources_); }
  void Set(uint32_t index, const SlotRow& row) { Set(index, row, image_.slots, slots_); }
  void Set(uint32_t index, const EndpointRow& row) {
    Set(index, row, image_.endpoints, endpoints_);
  }
  void Set(uint32_t index, const NextHopRow& row) { Set(index, row, image_.next_hops, next_hops_); }

  // Rows of frontends that were set since the last Take, as they were then.
  const auto& frontends_before() const { return frontends_.before(); }

  // What no row holds.
  Configuration& configuration() { return image_.configuration; }
  std::string& counter_name(uint32_t counter) { return image_.counter_names[counter]; }
  auto& range_sets() { return image_.range_sets; }

  ImageChange Take() {
    ImageChange change{.configuration = {},
                       .frontends = frontends_.Take(image_.frontends),
                       .sources = sources_.Take(image_.sources),
                       .slots = slots_.Take(image_.slots),
                       .endpoints = endpoints_.Take(image_.endpoints),
                       .next_hops = next_hops_.Take(image_.next_hops)};
    if (configuration_ != image_.configuration) change.configuration = image_.configuration;
    configuration_ = image_.configuration;
    return change;
  }

 private:
  template <class Row>
  void Set(uint32_t index, const Row& row, std::vector<Row>& rows, RowJournal<Row>& journal) {
    if (rows[index] == row) return;
    journal.Note(index, rows[index]);
    rows[index] = row;
  }

  Image image_;
  Configuration configuration_;  // as of the last Take
  RowJournal<FrontendRow> frontends_;
  RowJournal<SourceRow> sources_;
  RowJournal<SlotRow> slots_;
  RowJournal<EndpointRow> endpoints_;
  RowJournal<NextHopRow> next_hops_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_IMAGE_DRAFT_H_
