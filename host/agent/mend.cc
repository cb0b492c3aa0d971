#include "host/agent/mend.h"

namespace pointsman {
namespace {

bool IsOfConnections(TableId table) {
  return table == kTablesOfIpv4.originals || table == kTablesOfIpv4.replies ||
         table == kTablesOfIpv6.originals || table == kTablesOfIpv6.replies;
}

void Forget(TableId table, uint32_t row, ConnectionList& connections, Mending& mending) {
  mending.writes.push_back({.table = table, .index = row});
  for (const CardConnection& connection : connections.TakeOut([&](const CardConnection& known) {
         return (table == known.tables().originals && row == known.original_row) ||
                (table == known.tables().replies && row == known.reply_row);
       })) {
    mending.forgotten.push_back(connection);
    for (const RowWrite& write : connection.Removal()) mending.writes.push_back(write);
  }
}

}  // namespace

Mending MendingOf(std::span<const EventLine> events, const Image& image,
                  const SoftwarePath& software, ConnectionList& connections) {
  Mending mending;
  for (const EventLine& event : events) {
    if (event.kind != EventKind::kParity) continue;
    const TableId table{event.table};
    if (const auto write = WriteOf(image, table, event.original_row)) {
      mending.writes.push_back(*write);
    } else if (table == TableId::kAffinity) {
      if (const auto known = software.AffinityWriteOf(event.original_row)) {
        mending.writes.push_back(*known);
      }
    } else if (IsOfConnections(table)) {
      Forget(table, event.original_row, connections, mending);
    }
  }
  return mending;
}

}  // namespace pointsman
