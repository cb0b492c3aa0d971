// Which rows a packet's look-ups meet, found again from what went into the card's tables: rows by
// commands, connections by the card itself. The card does not tell rows that it found, only
// counters and endpoints, so a caller compares those.
//
// Pure, not thread-safe.
#ifndef POINTSMAN_SIM_CARD_TABLE_MIRROR_H_
#define POINTSMAN_SIM_CARD_TABLE_MIRROR_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "hw/card_layout.h"

namespace pointsman {

// Rows by which a first packet is served; nothing: it meets none.
struct ServiceRows {
  std::optional<uint32_t> source;
  std::optional<uint32_t> frontend;
  std::optional<uint32_t> slot;
  std::optional<uint32_t> endpoint;
};

// A connection as a packet of one of its directions finds it.
struct RecordedConnection {
  bool reply = false;         // the packet goes in the endpoint's direction
  uint32_t original_row = 0;  // of originals
  uint32_t reply_row = 0;     // of replies
  uint32_t next_hop = 0;      // of the packet
  uint16_t frontend_counter = 0;
  uint32_t endpoint = 0;
};

class TableMirror {
 public:
  // A command's row. A row of originals or replies that is written is a connection that is gone.
  void Write(TableId table, uint32_t index, const RowBits& row);
  void Record(const EventLine& event);

  // `directed_endpoint`: the row of endpoints that the host chose in place of the slot's.
  ServiceRows FindService(const Tuple& tuple, uint32_t slot_hash_seed,
                          std::optional<uint32_t> directed_endpoint) const;
  std::optional<RecordedConnection> FindConnection(const Tuple& tuple) const;

 private:
  using Key = std::pair<uint64_t, uint64_t>;  // the fields of a tuple
  using Connections = absl::flat_hash_map<Key, RecordedConnection>;

  // A connection table: what stands in it by key, and keys by row.
  struct Direction {
    void Put(const Tuple& tuple, uint32_t row, const RecordedConnection& connection);
    void Erase(uint32_t row);
    Connections by_key;
    absl::flat_hash_map<uint32_t, Key> keys;
  };

  static Key KeyOf(const Tuple& tuple);
  // Longest prefix; nothing: no match.
  std::optional<uint32_t> FindSource(uint32_t address) const;

  std::map<uint32_t, SourceRow> sources_;          // valid ones, by row
  std::map<uint32_t, FrontendRow> frontends_;      // valid ones, by row
  absl::flat_hash_map<uint32_t, uint32_t> slots_;  // endpoint by slot
  absl::flat_hash_map<uint32_t, uint32_t> endpoint_next_hops_;
  Direction originals_;
  Direction replies_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_TABLE_MIRROR_H_
