#include "sim/card/table_mirror.h"

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

AddressPrefix PrefixOf(const SourceRow& row) {
  return {Address::FromBits(row.address), row.prefix_length};
}

bool IsOf(const FrontendRow& row, const FlowKey& key) {
  return row.destination_address == key.destination.bits() &&
         row.destination_port == key.destination_port &&
         row.protocol == static_cast<uint8_t>(key.protocol);
}

// An IPv6 connection that is masqueraded is recorded as if endpoints answered to nobody: the
// address is in a register, which nobody tells of. It is one for all of them.
FlowKey ToNobody(FlowKey reply) {
  reply.destination = Address::FromWords(0, 0);
  return reply;
}

}  // namespace

void TableMirror::Direction::Put(const FlowKey& key, uint32_t row,
                                 const RecordedConnection& connection) {
  Erase(row);
  keys[row] = key;
  by_key[key] = connection;
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
    case TableId::kAffinity:
      return Store(affinity_, index, row);
    case TableId::kSlots:
      slots_[index] = UnpackRow<SlotRow>(row).endpoint;
      return;
    case TableId::kEndpoints:
      endpoints_[index] = UnpackRow<EndpointRow>(row);
      return;
    case TableId::kOriginals:
      return ipv4_.originals.Erase(index);
    case TableId::kReplies:
      return ipv4_.replies.Erase(index);
    case TableId::kOriginalsIpv6:
      return ipv6_.originals.Erase(index);
    case TableId::kRepliesIpv6:
      return ipv6_.replies.Erase(index);
    default:
      return;
  }
}

void TableMirror::Record(const EventLine& event) {
  Record(event, ToFlowKey(event.original), ToFlowKey(event.reply), ipv4_);
}

void TableMirror::Record(const EventIpv6Line& event) {
  const FlowKey original = ToFlowKey(event.original);
  const EndpointRow endpoint = EndpointAt(event.endpoint);
  const FlowKey reply{Address::FromBits(endpoint.address), original.source, endpoint.port,
                      event.new_source_port, original.protocol};
  Record(event, original, event.masqueraded != 0 ? ToNobody(reply) : reply, ipv6_);
}

template <class Event>
void TableMirror::Record(const Event& event, const FlowKey& original, const FlowKey& reply,
                         Family& family) {
  if (event.kind == EventKind::kExpire) {
    family.originals.Erase(event.original_row);
    family.replies.Erase(event.reply_row);
  }
  if (event.kind != EventKind::kLearn) return;
  RecordedConnection connection{.reply = false,
                                .original_row = event.original_row,
                                .reply_row = event.reply_row,
                                .next_hop = EndpointAt(event.endpoint).next_hop,
                                .frontend_counter = event.frontend_counter,
                                .endpoint = event.endpoint};
  family.originals.Put(original, event.original_row, connection);
  const std::optional<uint32_t> source = FindSource(original.source);
  connection.reply = true;
  connection.next_hop = source ? sources_.at(*source).next_hop : 0;
  family.replies.Put(reply, event.reply_row, connection);
}

ServiceRows TableMirror::FindService(const FlowKey& key, uint32_t slot_hash_seed,
                                     std::optional<uint32_t> directed_endpoint) const {
  ServiceRows rows;
  rows.source = FindSource(key.source);
  for (const auto& [index, row] : frontends_) {
    if (IsOf(row, key)) rows.frontend = index;
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
  if (frontend.affinity_group != 0 && !directed_endpoint) {
    rows.affinity = FindAffinity(frontend.affinity_group, key.source);
    if (!rows.affinity) return rows;
    rows.slot = affinity_.at(*rows.affinity).slot;
  } else {
    rows.slot = base + (FlowHash(key, slot_hash_seed) & ((1u << log2) - 1));
  }
  rows.endpoint = directed_endpoint.value_or(EndpointOfSlot(*rows.slot));
  return rows;
}

std::optional<RecordedConnection> TableMirror::FindConnection(const FlowKey& key) const {
  const auto find = [](const Direction& direction,
                       const FlowKey& wanted) -> std::optional<RecordedConnection> {
    const auto found = direction.by_key.find(wanted);
    if (found == direction.by_key.end()) return std::nullopt;
    return found->second;
  };
  const Family& family = key.source.is_v4() ? ipv4_ : ipv6_;
  auto connection = find(family.originals, key);
  if (!connection) connection = find(family.replies, key);
  if (!connection && !key.source.is_v4()) connection = find(family.replies, ToNobody(key));
  return connection;
}

EndpointRow TableMirror::EndpointAt(uint32_t index) const {
  const auto found = endpoints_.find(index);
  return found == endpoints_.end() ? EndpointRow{} : found->second;
}

uint32_t TableMirror::EndpointOfSlot(uint32_t slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? 0 : found->second;
}

std::optional<uint32_t> TableMirror::FindAffinity(uint32_t group, const Address& client) const {
  for (const auto& [index, row] : affinity_) {
    if (row.group == group && row.client_address == client.bits()) return index;
  }
  return std::nullopt;
}

std::optional<uint32_t> TableMirror::FindSource(const Address& address) const {
  std::optional<uint32_t> best;
  for (const auto& [index, row] : sources_) {
    if (!PrefixOf(row).Contains(address)) continue;
    if (!best || row.prefix_length > sources_.at(*best).prefix_length) best = index;
  }
  return best;
}

}  // namespace pointsman
