#include "host/agent/mend.h"

namespace pointsman {
namespace {

void Forget(TableId table, uint32_t row, ConnectionList& connections, Mending& mending) {
  mending.writes.push_back({table, row, {}});
  const bool original = table == TableId::kOriginals;
  for (const EventLine& connection : connections.TakeOut([&](const EventLine& known) {
         return row == (original ? known.original_row : known.reply_row);
       })) {
    mending.forgotten.push_back(connection);
    mending.writes.push_back({TableId::kOriginals, connection.original_row, {}});
    mending.writes.push_back({TableId::kReplies, connection.reply_row, {}});
  }
}

}  // namespace

Mending MendingOf(std::span<const EventLine> events, const Image& image,
                  ConnectionList& connections) {
  Mending mending;
  for (const EventLine& event : events) {
    if (event.kind != EventKind::kParity) continue;
    const TableId table{event.table};
    if (const auto write = WriteOf(image, table, event.original_row)) {
      mending.writes.push_back(*write);
    } else if (table == TableId::kOriginals || table == TableId::kReplies) {
      Forget(table, event.original_row, connections, mending);
    }
  }
  return mending;
}

}  // namespace pointsman
