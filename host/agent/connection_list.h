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
  // Follows what happened; returns the connections that have ended, each once.
  std::vector<EventLine> Take(std::span<const EventLine> events) {
    std::vector<EventLine> ended;
    for (const EventLine& event : events) {
      if (event.kind == EventKind::kParity) continue;
      if (event.kind == EventKind::kExpire) {
        by_row_.erase(event.original_row);
        if (event.state != ConnectionState::kClosed) ended.push_back(event);
      } else {
        by_row_[event.original_row] = event;
        if (event.kind == EventKind::kClose) ended.push_back(event);
      }
    }
    return ended;
  }

  // Instead of all that was known: what the tables of a card hold.
  void Replace(std::span<const OriginalRow> originals, std::span<const ReplyRow> replies) {
    by_row_.clear();
    for (uint32_t row = 0; row < originals.size(); ++row) {
      const OriginalRow& original = originals[row];
      if (!original.valid || original.reply_row >= replies.size()) continue;
      by_row_[row] = {.kind = EventKind::kLearn,
                      .state = original.state,
                      .original_row = row,
                      .reply_row = original.reply_row,
                      .original = original.key,
                      .reply = replies[original.reply_row].key,
                      .endpoint = original.endpoint,
                      .frontend_counter = original.frontend_counter};
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
