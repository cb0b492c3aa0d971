// The connections a card holds, as its events tell. A value; not thread-safe.
#ifndef POINTSMAN_HOST_AGENT_CONNECTION_LIST_H_
#define POINTSMAN_HOST_AGENT_CONNECTION_LIST_H_

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "hw/card_layout.h"

namespace pointsman {

class ConnectionList {
 public:
  void Take(std::span<const EventLine> events) {
    for (const EventLine& event : events) {
      if (event.kind == EventKind::kLearn) by_row_[event.original_row] = event;
    }
  }

  // Takes out those for which `chosen(const EventLine&)` is true, and returns them.
  template <typename Chosen>
  std::vector<EventLine> TakeOut(Chosen chosen) {
    std::vector<EventLine> taken;
    std::erase_if(by_row_, [&](const auto& entry) {
      if (!chosen(entry.second)) return false;
      taken.push_back(entry.second);
      return true;
    });
    return taken;
  }

  // By row of `originals`.
  const std::map<uint32_t, EventLine>& by_row() const { return by_row_; }

 private:
  std::map<uint32_t, EventLine> by_row_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_CONNECTION_LIST_H_
