// Puts what the agent wants, and the connections there are, into a card that has been brought up
// again, a slice at a time. Not thread-safe.
#ifndef POINTSMAN_HOST_CARDD_CARD_LOADER_H_
#define POINTSMAN_HOST_CARDD_CARD_LOADER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/hash.h"
#include "flow_tables/image.h"
#include "flow_tables/placement.h"
#include "host/cardd/connection_mirror.h"

namespace pointsman::cardd {

// What is to be in the card.
struct CardContent {
  const Image& image;
  const std::vector<RowBits>& affinity;  // by row
  uint32_t card_tick = 0;                // the card's time: connections are as young as that
};

// What is in a card when its loading begins.
enum class CardHolds : uint8_t {
  kNothing,  // its tables are empty
  // Perhaps what it held (RingCardOptions::adopt): its rows are read, and its own connections
  // count.
  kItsOwn,
  // What it held before others carried the packets: its rows are read, and its connections are
  // over.
  kOldThings,
};

// Which rows of a card's tables of connections are free.
class ConnectionPlaces {
 public:
  explicit ConnectionPlaces(const CardSizes& sizes);

  void SetHash(TabulationHash hash) { hash_.emplace(std::move(hash)); }

  // Takes rows for both directions; false: there is no room. REQUIRES: SetHash.
  bool Take(const FlowKey& original, MirroredConnection& connection);
  void Free(const FlowKey& original, const MirroredConnection& connection);

 private:
  struct Table {
    BucketGeometry geometry;
    std::vector<bool> used;
  };
  std::optional<uint32_t> RowFor(const Table& table, const FlowKey& key) const;
  Table& Originals(const FlowKey& key) { return key.source.is_v4() ? originals_ : originals_ipv6_; }
  Table& Replies(const FlowKey& key) { return key.source.is_v4() ? replies_ : replies_ipv6_; }

  std::optional<TabulationHash> hash_;
  Table originals_, replies_, originals_ipv6_, replies_ipv6_;
};

class CardLoader {
 public:
  // Borrows the card. `cleared`, for kOldThings: what it is configured with once its connections
  // are gone; with content.card_tick, at which its time stands.
  CardLoader(Card& card, CardHolds holds, std::optional<CardSettings> cleared = std::nullopt);

  // True: everything was written; what changes from now on is written by whoever changes it, and
  // connections by PlaceNew. Errors: those of Card.
  absl::StatusOr<bool> Step(const CardContent& content, ConnectionMirror& mirror);

  // The connections that began or ended meanwhile.
  absl::Status PlaceNew(const CardContent& content, ConnectionMirror& mirror);

  uint64_t placed() const { return placed_; }
  // The originals of those that found none, some of them over by now.
  const std::vector<FlowKey>& without_room() const { return without_room_; }

 private:
  absl::StatusOr<bool> ClearConnections(TableId table, uint32_t rows);
  absl::StatusOr<bool> ReadHashKeys();
  absl::StatusOr<bool> LoadTable(TableId table, uint32_t rows, const CardContent& content);
  absl::Status FindConnections(ConnectionMirror& mirror);
  template <class OriginalRow, class ReplyRow>
  absl::Status ReadConnections(uint32_t originals, uint32_t replies, ConnectionMirror& mirror);
  absl::StatusOr<size_t> PlaceSome(const CardContent& content, ConnectionMirror& mirror);

  Card& card_;
  const CardHolds holds_;
  const std::optional<CardSettings> cleared_;
  size_t clearing_ = 0;  // which table of old connections
  size_t stage_ = 0;     // hash keys, the tables, connections
  uint32_t row_ = 0;     // the next one of the stage
  std::vector<HashKeyRow> hash_keys_;
  ConnectionPlaces places_;
  uint64_t placed_ = 0;
  std::vector<FlowKey> without_room_;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_CARD_LOADER_H_
