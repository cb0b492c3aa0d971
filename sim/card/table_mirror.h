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

#include "absl/container/flat_hash_map.h"
#include "flow_tables/flow.h"
#include "hw/card_layout.h"

namespace pointsman {

// Rows by which a first packet is served; nothing: it meets none.
struct ServiceRows {
  std::optional<uint32_t> source;
  std::optional<uint32_t> frontend;
  std::optional<uint32_t> affinity;
  std::optional<uint32_t> slot;
  std::optional<uint32_t> endpoint;
};

// A connection as a packet of one of its directions finds it.
struct RecordedConnection {
  bool reply = false;         // the packet goes in the endpoint's direction
  uint32_t original_row = 0;  // of originals or originals-ipv6
  uint32_t reply_row = 0;     // of replies or replies-ipv6
  uint32_t next_hop = 0;      // of the packet
  uint16_t frontend_counter = 0;
  uint32_t endpoint = 0;
};

class TableMirror {
 public:
  // A command's row. A row of a connection table that is written is a connection that is gone.
  void Write(TableId table, uint32_t index, const RowBits& row);
  void Record(const EventLine& event);
  void Record(const EventIpv6Line& event);

  // `directed_endpoint`: the row of endpoints that the host chose in place of the slot's.
  ServiceRows FindService(const FlowKey& key, uint32_t slot_hash_seed,
                          std::optional<uint32_t> directed_endpoint) const;
  std::optional<RecordedConnection> FindConnection(const FlowKey& key) const;

 private:
  // A connection table: what stands in it by key, and keys by row.
  struct Direction {
    void Put(const FlowKey& key, uint32_t row, const RecordedConnection& connection);
    void Erase(uint32_t row);
    absl::flat_hash_map<FlowKey, RecordedConnection> by_key;
    absl::flat_hash_map<uint32_t, FlowKey> keys;
  };
  // Those of one family.
  struct Family {
    Direction originals;
    Direction replies;
  };

  // What is the same of the events of both families.
  template <class Event>
  void Record(const Event& event, const FlowKey& original, const FlowKey& reply, Family& family);
  EndpointRow EndpointAt(uint32_t index) const;
  uint32_t EndpointOfSlot(uint32_t slot) const;
  // The client's row of affinity; nothing: the host chooses.
  std::optional<uint32_t> FindAffinity(uint32_t group, const Address& client) const;
  // Longest prefix; nothing: no match.
  std::optional<uint32_t> FindSource(const Address& address) const;

  std::map<uint32_t, SourceRow> sources_;          // valid ones, by row
  std::map<uint32_t, FrontendRow> frontends_;      // valid ones, by row
  std::map<uint32_t, AffinityRow> affinity_;       // valid ones, by row
  absl::flat_hash_map<uint32_t, uint32_t> slots_;  // endpoint by slot
  absl::flat_hash_map<uint32_t, EndpointRow> endpoints_;
  Family ipv4_;
  Family ipv6_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_TABLE_MIRROR_H_
