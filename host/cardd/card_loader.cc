#include "host/cardd/card_loader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "driver/status_macros.h"
#include "flow_tables/connection_rows.h"
#include "flow_tables/plan.h"
#include "host/softpath/connection_list.h"

namespace pointsman::cardd {
namespace {

constexpr uint32_t kRowsRead = 1024;      // of a slice
constexpr uint32_t kRowsLookedAt = 8192;  // of tables in memory
constexpr size_t kConnectionsPlaced = 256;

struct Table {
  TableId id;
  uint32_t CardSizes::*rows;
};

constexpr std::array<Table, 6> kTables = {{{TableId::kNextHops, &CardSizes::next_hops},
                                           {TableId::kEndpoints, &CardSizes::endpoints},
                                           {TableId::kSlots, &CardSizes::slots},
                                           {TableId::kSources, &CardSizes::sources},
                                           {TableId::kFrontends, &CardSizes::frontends},
                                           {TableId::kAffinity, &CardSizes::affinity}}};

constexpr std::array<Table, 4> kTablesOfConnections = {
    {{TableId::kOriginals, &CardSizes::originals},
     {TableId::kReplies, &CardSizes::replies},
     {TableId::kOriginalsIpv6, &CardSizes::originals_ipv6},
     {TableId::kRepliesIpv6, &CardSizes::replies_ipv6}}};

RowWrite WantedRow(const CardContent& content, TableId table, uint32_t index) {
  if (table == TableId::kAffinity) {
    return {.table = table, .index = index, .row = content.affinity[index]};
  }
  return *WriteOf(content.image, table, index);
}

// Replies first: a packet that finds its original finds all of the connection.
void AppendRows(const FlowKey& original, const MirroredConnection& connection, uint32_t last_seen,
                bool erase, std::vector<RowWrite>& writes) {
  const ConnectionTables& tables = original.source.is_v4() ? kTablesOfIpv4 : kTablesOfIpv6;
  std::visit(
      [&](const auto& known) {
        const auto* content = erase ? nullptr : &known;
        writes.push_back({.table = tables.replies,
                          .index = connection.reply_row,
                          .row = MakeRow(tables.replies, content, connection.original_row)});
        writes.push_back({.table = tables.originals,
                          .index = connection.original_row,
                          .row = MakeRow(tables.originals, content, connection.reply_row)});
      },
      ToConnection(original, connection, last_seen));
}

}  // namespace

ConnectionPlaces::ConnectionPlaces(const CardSizes& sizes) {
  const auto make = [](uint32_t rows) {
    return Table{ConnectionGeometry(rows), std::vector<bool>(rows)};
  };
  originals_ = make(sizes.originals);
  replies_ = make(sizes.replies);
  originals_ipv6_ = make(sizes.originals_ipv6);
  replies_ipv6_ = make(sizes.replies_ipv6);
}

// A way of the emptier bucket.
std::optional<uint32_t> ConnectionPlaces::RowFor(const Table& table, const FlowKey& key) const {
  const HashPair hashes =
      key.source.is_v4() ? hash_->Hash(ToTuple(key)) : hash_->Hash(ToTupleIpv6(key));
  std::optional<uint32_t> best;
  uint32_t best_free = 0;
  for (uint32_t bank = 0; bank < kPlacementBanks; ++bank) {
    const uint32_t first = table.geometry.FirstRow(bank, hashes);
    std::optional<uint32_t> row;
    uint32_t free = 0;
    for (uint32_t way = 0; way < table.geometry.ways; ++way) {
      if (table.used[first + way]) continue;
      if (!row) row = first + way;
      ++free;
    }
    if (free > best_free) {
      best = row;
      best_free = free;
    }
  }
  return best;
}

bool ConnectionPlaces::Take(const FlowKey& original, MirroredConnection& connection) {
  const auto original_row = RowFor(Originals(original), original);
  const auto reply_row = RowFor(Replies(original), connection.reply);
  if (!original_row || !reply_row) return false;
  Originals(original).used[*original_row] = true;
  Replies(original).used[*reply_row] = true;
  connection.original_row = *original_row;
  connection.reply_row = *reply_row;
  return true;
}

void ConnectionPlaces::Free(const FlowKey& original, const MirroredConnection& connection) {
  Originals(original).used[connection.original_row] = false;
  Replies(original).used[connection.reply_row] = false;
}

CardLoader::CardLoader(Card& card, CardHolds holds, std::optional<CardSettings> cleared)
    : card_(card),
      holds_(holds),
      cleared_(std::move(cleared)),
      clearing_(holds == CardHolds::kOldThings ? 0 : kTablesOfConnections.size()),
      places_(card.description().sizes) {}

absl::StatusOr<bool> CardLoader::Step(const CardContent& content, ConnectionMirror& mirror) {
  if (clearing_ < kTablesOfConnections.size()) {
    const Table& table = kTablesOfConnections[clearing_];
    POINTSMAN_ASSIGN_OR_RETURN(const bool done,
                               ClearConnections(table.id, content.image.sizes.*table.rows));
    if (!done) return false;
    row_ = 0;
    const bool last = ++clearing_ == kTablesOfConnections.size();
    if (last && cleared_) POINTSMAN_RETURN_IF_ERROR(card_.Configure(*cleared_));
    return false;
  }
  const size_t stage = stage_;
  if (stage == 0) {
    POINTSMAN_ASSIGN_OR_RETURN(const bool done, ReadHashKeys());
    if (done) ++stage_;
  } else if (stage <= kTables.size()) {
    const Table& table = kTables[stage - 1];
    POINTSMAN_ASSIGN_OR_RETURN(const bool done,
                               LoadTable(table.id, content.image.sizes.*table.rows, content));
    if (done) ++stage_;
  } else if (stage == kTables.size() + 1) {
    POINTSMAN_RETURN_IF_ERROR(FindConnections(mirror));
    ++stage_;
  } else {
    POINTSMAN_ASSIGN_OR_RETURN(const size_t count, PlaceSome(content, mirror));
    return count == 0;
  }
  if (stage_ != stage) row_ = 0;
  return false;
}

absl::StatusOr<bool> CardLoader::ClearConnections(TableId table, uint32_t rows) {
  const uint32_t count = std::min(kRowsRead, rows - row_);
  std::vector<RowWrite> writes;
  for (uint32_t i = 0; i < count; ++i) writes.push_back({.table = table, .index = row_ + i});
  row_ += count;
  POINTSMAN_RETURN_IF_ERROR(card_.Write(writes));
  return row_ == rows;
}

// A card that lies about a key lies about it once more.
absl::StatusOr<bool> CardLoader::ReadHashKeys() {
  const uint32_t rows = card_.description().sizes.hash_keys;
  const uint32_t count = std::min(kRowsRead, rows - row_);
  POINTSMAN_ASSIGN_OR_RETURN(const std::vector<RowBits> keys,
                             card_.Read(TableId::kHashKeys, row_, count));
  for (const RowBits& key : keys) hash_keys_.push_back(UnpackRow<HashKeyRow>(key));
  if (holds_ == CardHolds::kOldThings) {
    std::vector<RowWrite> again;
    for (uint32_t i = 0; i < count; ++i) again.push_back({TableId::kHashKeys, row_ + i, keys[i]});
    POINTSMAN_RETURN_IF_ERROR(card_.Write(again));
  }
  row_ += count;
  if (row_ != rows) return false;
  if (rows != TabulationHash::kRows) {
    return absl::InternalError("table hash-keys has another size than tuples have bytes");
  }
  places_.SetHash(TabulationHash(std::move(hash_keys_)));
  return true;
}

absl::StatusOr<bool> CardLoader::LoadTable(TableId table, uint32_t rows,
                                           const CardContent& content) {
  const bool reads = holds_ != CardHolds::kNothing;
  const uint32_t count = std::min(reads ? kRowsRead : kRowsLookedAt, rows - row_);
  std::vector<RowBits> held(count);
  if (reads) {
    POINTSMAN_ASSIGN_OR_RETURN(held, card_.Read(table, row_, count));
  }
  std::vector<RowWrite> writes;
  for (uint32_t i = 0; i < count; ++i) {
    RowWrite wanted = WantedRow(content, table, row_ + i);
    if (wanted.row != held[i]) writes.push_back(std::move(wanted));
  }
  row_ += count;
  if (!writes.empty()) POINTSMAN_RETURN_IF_ERROR(card_.Write(writes));
  return row_ == rows;
}

// A card that went on forwarding knows its connections best.
absl::Status CardLoader::FindConnections(ConnectionMirror& mirror) {
  if (holds_ == CardHolds::kItsOwn) {
    ConnectionMirror held;
    const CardSizes& sizes = card_.description().sizes;
    absl::Status status =
        ReadConnections<OriginalRow, ReplyRow>(sizes.originals, sizes.replies, held);
    if (status.ok()) {
      status = ReadConnections<OriginalIpv6Row, ReplyIpv6Row>(sizes.originals_ipv6,
                                                              sizes.replies_ipv6, held);
    }
    POINTSMAN_RETURN_IF_ERROR(status);
    if (!held.connections().empty()) {
      mirror.TakeFrom(std::move(held));
      return absl::OkStatus();
    }
  }
  mirror.StartPlacing();
  return absl::OkStatus();
}

template <class OriginalRow, class ReplyRow>
absl::Status CardLoader::ReadConnections(uint32_t originals, uint32_t replies,
                                         ConnectionMirror& mirror) {
  POINTSMAN_ASSIGN_OR_RETURN(const std::vector<RowBits> original_rows,
                             card_.Read(OriginalRow::kTable, 0, originals));
  POINTSMAN_ASSIGN_OR_RETURN(const std::vector<RowBits> reply_rows,
                             card_.Read(ReplyRow::kTable, 0, replies));
  mirror.AddFromCard<OriginalRow, ReplyRow>(original_rows, reply_rows);
  return absl::OkStatus();
}

absl::Status CardLoader::PlaceNew(const CardContent& content, ConnectionMirror& mirror) {
  while (true) {
    POINTSMAN_ASSIGN_OR_RETURN(const size_t count, PlaceSome(content, mirror));
    if (count == 0) return absl::OkStatus();
  }
}

absl::StatusOr<size_t> CardLoader::PlaceSome(const CardContent& content, ConnectionMirror& mirror) {
  std::vector<RowWrite> writes;
  for (const auto& [original, connection] : mirror.TakeFreed()) {
    AppendRows(original, connection, content.card_tick, /*erase=*/true, writes);
    places_.Free(original, connection);
  }
  for (const FlowKey& original : mirror.TakeRestated()) {
    const MirroredConnection* connection = mirror.Find(original);
    if (connection == nullptr || connection->original_row == kNoRow) continue;
    AppendRows(original, *connection, content.card_tick, /*erase=*/false, writes);
  }
  const std::vector<FlowKey> unplaced = mirror.TakeUnplaced(kConnectionsPlaced);
  for (const FlowKey& original : unplaced) {
    MirroredConnection* connection = mirror.Find(original);
    if (connection == nullptr || connection->original_row != kNoRow) continue;
    if (!places_.Take(original, *connection)) {
      without_room_.push_back(original);
      continue;
    }
    AppendRows(original, *connection, content.card_tick, /*erase=*/false, writes);
    ++placed_;
  }
  if (!writes.empty()) POINTSMAN_RETURN_IF_ERROR(card_.Write(writes));
  return unplaced.size();
}

}  // namespace pointsman::cardd
