#include "host/agent/read_connections.h"

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman {
namespace {

template <class Row>
absl::StatusOr<std::vector<Row>> ReadTable(Card& card, uint32_t rows) {
  const absl::StatusOr<std::vector<RowBits>> bits = card.Read(Row::kTable, 0, rows);
  if (!bits.ok()) return bits.status();
  std::vector<Row> table;
  table.reserve(bits->size());
  for (const RowBits& row : *bits) table.push_back(UnpackRow<Row>(row));
  return table;
}

// Takes in what the tables of a family say.
template <class OriginalRow, class ReplyRow>
absl::Status AddConnections(Card& card, uint32_t originals, uint32_t replies,
                            ConnectionList& connections) {
  const auto original_rows = ReadTable<OriginalRow>(card, originals);
  if (!original_rows.ok()) return original_rows.status();
  const auto reply_rows = ReadTable<ReplyRow>(card, replies);
  if (!reply_rows.ok()) return reply_rows.status();
  connections.Add(std::span<const OriginalRow>(*original_rows),
                  std::span<const ReplyRow>(*reply_rows));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadConnections(Card& card, ConnectionList& connections) {
  const CardSizes& sizes = card.description().sizes;
  connections.Clear();
  if (absl::Status status =
          AddConnections<OriginalRow, ReplyRow>(card, sizes.originals, sizes.replies, connections);
      !status.ok()) {
    return status;
  }
  return AddConnections<OriginalIpv6Row, ReplyIpv6Row>(card, sizes.originals_ipv6,
                                                       sizes.replies_ipv6, connections);
}

}  // namespace pointsman
