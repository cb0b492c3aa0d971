#include "sim/card/table_mirror.h"

#include "flow_tables/hash.h"

namespace pointsman {
namespace {

template <class Row>
void Store(std::map<uint32_t, Row>& rows, uint32_t index, const RowBits& bits) {
  const Row row = UnpackRow<Row>(bits);
  if (row.valid) {
    rows[index] = row;
  } else {
    rows.erase(index);
  }
}

bool Holds(const SourceRow& row, uint32_t address) {
  if (row.prefix_length == 0) return true;
  return (address ^ row.address) >> (32 - row.prefix_length) == 0;
}

bool IsOf(const FrontendRow& row, const Tuple& tuple) {
  return row.destination_address == tuple.destination_address &&
         row.destination_port == tuple.destination_port && row.protocol == tuple.protocol;
}

}  // namespace

void TableMirror::Direction::Put(const Tuple& tuple, uint32_t row,
                                 const RecordedConnection& connection) {
  Erase(row);
  keys[row] = KeyOf(tuple);
  by_key[KeyOf(tuple)] = connection;
}

void TableMirror::Direction::Erase(uint32_t row) {
  const auto found = keys.find(row);
  if (found == keys.end()) return;
  by_key.erase(found->second);
  keys.erase(found);
}

void TableMirror::Write(TableId table, uint32_t index, const RowBits& row) {
  switch (table) {
    case TableId::kSources:
      return Store(sources_, index, row);
    case TableId::kFrontends:
      return Store(frontends_, index, row);
    case TableId::kSlots:
      slots_[index] = UnpackRow<SlotRow>(row).endpoint;
      return;
    case TableId::kEndpoints:
      endpoint_next_hops_[index] = UnpackRow<EndpointRow>(row).next_hop;
      return;
    case TableId::kOriginals:
      return originals_.Erase(index);
    case TableId::kReplies:
      return replies_.Erase(index);
    default:
      return;
  }
}

void TableMirror::Record(const EventLine& event) {
  if (event.kind == EventKind::kExpire) {
    originals_.Erase(event.original_row);
    replies_.Erase(event.reply_row);
  }
  if (event.kind != EventKind::kLearn) return;
  const auto next_hop = endpoint_next_hops_.find(event.endpoint);
  RecordedConnection connection{
      .reply = false,
      .original_row = event.original_row,
      .reply_row = event.reply_row,
      .next_hop = next_hop == endpoint_next_hops_.end() ? 0 : next_hop->second,
      .frontend_counter = event.frontend_counter,
      .endpoint = event.endpoint};
  originals_.Put(event.original, event.original_row, connection);
  const std::optional<uint32_t> source = FindSource(event.original.source_address);
  connection.reply = true;
  connection.next_hop = source ? sources_.at(*source).next_hop : 0;
  replies_.Put(event.reply, event.reply_row, connection);
}

ServiceRows TableMirror::FindService(const Tuple& tuple, uint32_t slot_hash_seed,
                                     std::optional<uint32_t> directed_endpoint) const {
  ServiceRows rows;
  rows.source = FindSource(tuple.source_address);
  for (const auto& [index, row] : frontends_) {
    if (IsOf(row, tuple)) rows.frontend = index;
  }
  if (!rows.frontend) return rows;
  const FrontendRow& frontend = frontends_.at(*rows.frontend);
  const bool outside =
      !rows.source || sources_.at(*rows.source).client_class == ClientClass::kOutside;
  const FrontendAction action = outside ? frontend.outside_action : frontend.inside_action;
  if (action == FrontendAction::kHost) rows.endpoint = directed_endpoint;
  if (action != FrontendAction::kForward) return rows;
  const uint32_t base = outside ? frontend.outside_slots_base : frontend.inside_slots_base;
  const uint8_t log2 = outside ? frontend.outside_slots_log2 : frontend.inside_slots_log2;
  rows.slot = base + (SlotHash(tuple, slot_hash_seed) & ((1u << log2) - 1));
  const auto slot = slots_.find(*rows.slot);
  rows.endpoint = directed_endpoint.value_or(slot == slots_.end() ? 0 : slot->second);
  return rows;
}

std::optional<RecordedConnection> TableMirror::FindConnection(const Tuple& tuple) const {
  for (const Direction* direction : {&originals_, &replies_}) {
    const auto found = direction->by_key.find(KeyOf(tuple));
    if (found != direction->by_key.end()) return found->second;
  }
  return std::nullopt;
}

TableMirror::Key TableMirror::KeyOf(const Tuple& tuple) {
  return {
      uint64_t{tuple.source_address} << 32 | tuple.destination_address,
      uint64_t{tuple.source_port} << 32 | uint64_t{tuple.destination_port} << 16 | tuple.protocol};
}

std::optional<uint32_t> TableMirror::FindSource(uint32_t address) const {
  std::optional<uint32_t> best;
  for (const auto& [index, row] : sources_) {
    if (!Holds(row, address)) continue;
    if (!best || row.prefix_length > sources_.at(*best).prefix_length) best = index;
  }
  return best;
}

}  // namespace pointsman
