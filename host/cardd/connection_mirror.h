// The connections that whoever carries the node's packets has now, a card or ports: enough to give
// them to somebody else. Follows events. A value; not thread-safe.
//
// What no event says the mirror assumes: that a new connection has been answered.
#ifndef POINTSMAN_HOST_CARDD_CONNECTION_MIRROR_H_
#define POINTSMAN_HOST_CARDD_CONNECTION_MIRROR_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "driver/card.h"
#include "flow_tables/flow.h"
#include "flow_tables/image.h"
#include "flow_tables/source_ranges.h"
#include "host/ports/standby_card.h"

namespace pointsman::cardd {

inline constexpr uint32_t kNoRow = ~uint32_t{0};

struct MirroredConnection {
  FlowKey reply;  // as the endpoint answers
  uint32_t endpoint = 0;
  uint16_t endpoint_next_hop = 0;
  uint16_t client_next_hop = 0;
  uint16_t frontend_counter = 0;
  ConnectionState state = ConnectionState::kHalfOpen;
  // In the tables of a card; kNoRow: it is not there.
  uint32_t original_row = kNoRow;
  uint32_t reply_row = kNoRow;
};

// A connection as the software pipeline has it. REQUIRES: both keys are of one family.
std::variant<Connection, ConnectionIpv6> ToConnection(const FlowKey& original,
                                                      const MirroredConnection& mirrored,
                                                      uint32_t last_seen = 0);

class ConnectionMirror {
 public:
  using ByOriginal = absl::flat_hash_map<FlowKey, MirroredConnection>;

  // How packets get to clients and endpoints follows from `image`, to be told whenever its sources
  // have changed.
  void SetSources(const Image& image) { sources_.emplace(image.sources); }

  // A row of endpoints is about to change from this: events on their way may still mean it.
  void NoteFormerEndpoint(uint32_t row, const EndpointRow& endpoint) {
    former_endpoints_[row] = endpoint;
  }

  // Takes in what a card (`of_card`) or ports report, and appends what that changes. `image` is
  // theirs.
  void Take(const CardOutput& output, const Image& image, bool of_card,
            std::vector<ConnectionChange>& changes);

  // What rows of tables of connections hold that were read for the agent or for the mirror itself.
  // The first: which row is whose; the second: of a whole table, the connections too.
  void NoteRows(TableId originals, uint32_t first_row, const std::vector<RowBits>& rows);
  template <class OriginalRow, class ReplyRow>
  void AddFromCard(const std::vector<RowBits>& originals, const std::vector<RowBits>& replies);

  // The agent has had this row of `originals` or `originals-ipv6` zeroed: whose it was, and what is
  // forgotten now.
  std::optional<std::pair<FlowKey, MirroredConnection>> Forget(TableId table, uint32_t row);

  // The connection, which is nobody's from now on. REQUIRES: it has no rows in a card.
  std::optional<MirroredConnection> TakeOut(const FlowKey& original);

  // Somebody else carries the connections from now on. Rows stay those that the agent knows until
  // it is told.
  void ChangeCarrier() {
    stale_rows_ = std::exchange(original_by_row_, {});
    placing_ = false;
  }
  void AgentIsTold() { stale_rows_.clear(); }
  bool agent_knows_old_rows() const { return !stale_rows_.empty(); }

  // All of them are to be put into a new card: none has rows there yet.
  void StartPlacing();
  // Those without rows, some at a time; empty: none is left. What comes later follows.
  std::vector<FlowKey> TakeUnplaced(size_t max);
  // Those that had rows in the new card and are over by now.
  std::vector<std::pair<FlowKey, MirroredConnection>> TakeFreed() {
    return std::exchange(freed_, {});
  }

  // Those that have rows in the new card and another state by now.
  std::vector<FlowKey> TakeRestated() { return std::exchange(restated_, {}); }

  // The connections of another mirror in place of its own.
  void TakeFrom(ConnectionMirror&& other);
  MirroredConnection* Find(const FlowKey& original);
  const ByOriginal& connections() const { return by_original_; }

 private:
  using ByRow = absl::flat_hash_map<std::pair<TableId, uint32_t>, FlowKey>;

  // What the row holds, or held where it is free now.
  EndpointRow EndpointAt(const Image& image, uint32_t row) const;
  uint16_t NextHopTo(const Image& image, uint32_t row, const Address& address) const;
  FlowKey ReplyOf(const EventIpv6Line& event, const Image& image) const;
  void Take(TableId table, EventKind kind, const FlowKey& original, MirroredConnection connection,
            bool of_card, std::vector<ConnectionChange>& changes);
  void Put(const FlowKey& original, const MirroredConnection& connection);
  void Erase(ByOriginal::iterator connection);

  std::optional<SourceRanges> sources_;
  absl::flat_hash_map<uint32_t, EndpointRow> former_endpoints_;
  ByOriginal by_original_;
  ByRow original_by_row_;  // as the carrier has them
  ByRow stale_rows_;       // as the one before had them
  bool placing_ = false;
  std::vector<FlowKey> unplaced_;
  std::vector<std::pair<FlowKey, MirroredConnection>> freed_;
  std::vector<FlowKey> restated_;
};

template <class OriginalRow, class ReplyRow>
void ConnectionMirror::AddFromCard(const std::vector<RowBits>& originals,
                                   const std::vector<RowBits>& replies) {
  for (uint32_t row = 0; row < originals.size(); ++row) {
    const auto original = UnpackRow<OriginalRow>(originals[row]);
    if (!original.valid || original.reply_row >= replies.size()) continue;
    const auto reply = UnpackRow<ReplyRow>(replies[original.reply_row]);
    const FlowKey key = ToFlowKey(original.key);
    const bool is_new = original.state == ConnectionState::kUnconfirmed;
    Put(key, {.reply = ToFlowKey(reply.key),
              .endpoint = original.endpoint,
              .endpoint_next_hop = static_cast<uint16_t>(original.next_hop),
              .client_next_hop = static_cast<uint16_t>(reply.next_hop),
              .frontend_counter = static_cast<uint16_t>(original.frontend_counter),
              .state = is_new ? ConnectionState::kHalfOpen : original.state,
              .original_row = row,
              .reply_row = original.reply_row});
    original_by_row_[{OriginalRow::kTable, row}] = key;
  }
}

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_CONNECTION_MIRROR_H_
