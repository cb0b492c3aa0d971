// The connections a card holds, of both families, as its events tell. A value; not thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_CONNECTION_LIST_H_
#define POINTSMAN_HOST_SOFTPATH_CONNECTION_LIST_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "driver/card.h"
#include "flow_tables/flow.h"
#include "flow_tables/image.h"
#include "flow_tables/plan.h"

namespace pointsman {

// The tables of a family's connections.
struct ConnectionTables {
  TableId originals = TableId::kOriginals;
  TableId replies = TableId::kReplies;
};
inline constexpr ConnectionTables kTablesOfIpv4{TableId::kOriginals, TableId::kReplies};
inline constexpr ConnectionTables kTablesOfIpv6{TableId::kOriginalsIpv6, TableId::kRepliesIpv6};

struct CardConnection {
  uint32_t original_row = 0;
  uint32_t reply_row = 0;
  ConnectionState state = ConnectionState::kUnconfirmed;
  FlowKey original;  // as the client sends it
  FlowKey reply;     // as the endpoint answers
  friend bool operator==(const CardConnection&, const CardConnection&) = default;

  const ConnectionTables& tables() const {
    return original.source.is_v4() ? kTablesOfIpv4 : kTablesOfIpv6;
  }
  // What makes a card forget it.
  std::array<RowWrite, 2> Removal() const {
    return {RowWrite{.table = tables().originals, .index = original_row},
            RowWrite{.table = tables().replies, .index = reply_row}};
  }
};

// What became known of connections, in order.
struct ConnectionChanges {
  std::vector<CardConnection> learned;
  std::vector<CardConnection> ended;        // each once, but for those that
  std::vector<CardConnection> begun_again;  // had ended
};

class ConnectionList {
 public:
  // By table of originals and row.
  using ByRow = std::map<std::pair<TableId, uint32_t>, CardConnection>;

  // Follows what happened, and returns it. `image` is the one the card has: how an endpoint answers
  // over IPv6 follows from its row. Where that has gone already, the endpoint is [::]:0, which
  // nobody is.
  ConnectionChanges Take(const CardOutput& output, const Image& image);

  // Takes in what tables of connections hold, of one family.
  template <class OriginalRow, class ReplyRow>
  void Add(std::span<const OriginalRow> originals, std::span<const ReplyRow> replies) {
    for (uint32_t row = 0; row < originals.size(); ++row) {
      const OriginalRow& original = originals[row];
      if (!original.valid || original.reply_row >= replies.size()) continue;
      Put(OriginalRow::kTable, {.original_row = row,
                                .reply_row = original.reply_row,
                                .state = original.state,
                                .original = ToFlowKey(original.key),
                                .reply = ToFlowKey(replies[original.reply_row].key)});
    }
  }
  void Clear() {
    by_row_.clear();
    by_key_.clear();
  }

  // What the connection of a packet with this key makes of it; originals before replies. Nothing:
  // none is known.
  std::optional<FlowKey> TranslationOf(const FlowKey& key) const;

  // Takes out those for which `chosen(const CardConnection&)` is true, and returns them.
  template <typename Chosen>
  std::vector<CardConnection> TakeOut(Chosen chosen) {
    std::vector<CardConnection> taken;
    std::erase_if(by_row_, [&](const auto& entry) {
      if (!chosen(entry.second)) return false;
      ForgetKeys(entry.first, entry.second);
      taken.push_back(entry.second);
      return true;
    });
    return taken;
  }

  const ByRow& by_row() const { return by_row_; }

 private:
  void Take(TableId table, EventKind kind, const CardConnection& connection,
            ConnectionChanges& changes);
  CardConnection ConnectionOf(const EventIpv6Line& event, const Image& image) const;

  void Put(TableId table, const CardConnection& connection);
  void ForgetKeys(const ByRow::key_type& place, const CardConnection& connection);

  ByRow by_row_;
  // By original and by reply, each with its kind: one key may be both.
  absl::flat_hash_map<std::pair<FlowKey, bool>, ByRow::key_type> by_key_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_CONNECTION_LIST_H_
