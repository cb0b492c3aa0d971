#include "driver/table_rows.h"

#include <fmt/format.h>

#include "absl/container/flat_hash_set.h"
#include "driver/card_tables.h"
#include "driver/status_macros.h"

namespace pointsman {
namespace {

CommandLine ReadCommand(TableId table, uint32_t index) {
  return {.op = CommandOp::kRead,
          .table = static_cast<uint8_t>(table),
          .index = index,
          .count = 1,
          .row = {}};
}

CommandLine WriteCommand(TableId table, uint32_t index, uint32_t count, const RowBits& row) {
  return {.op = CommandOp::kWrite,
          .table = static_cast<uint8_t>(table),
          .index = index,
          .count = count,
          .row = row};
}

CommandOp OpOf(Parity parity) {
  switch (parity) {
    case Parity::kWrongKey:
      return CommandOp::kWriteFlippedKey;
    case Parity::kWrongValue:
      return CommandOp::kWriteFlippedValue;
    case Parity::kRight:
      break;
  }
  return CommandOp::kWrite;
}

// Most significant word first, as a number is written.
std::string Hex(const RowBits& row) {
  size_t words = row.size();
  while (words > 1 && row[words - 1] == 0) --words;
  std::string text = fmt::format("0x{:x}", row[words - 1]);
  for (size_t i = words - 1; i > 0; --i) text += fmt::format("{:016x}", row[i - 1]);
  return text;
}

// The last write of each row that can be compared.
std::vector<const RowWrite*> FinalWrites(const CardSizes& sizes, std::span<const RowWrite> rows) {
  std::vector<const RowWrite*> finals;
  absl::flat_hash_set<uint64_t> seen;
  for (size_t i = rows.size(); i > 0; --i) {
    const RowWrite& row = rows[i - 1];
    const auto table = FindRows(sizes, row.table, row.index, 1);
    if (!table.ok() || (*table)->card_writes) continue;
    if (seen.insert(uint64_t(row.table) << 32 | row.index).second) finals.push_back(&row);
  }
  return finals;
}

absl::Status Verify(CommandRing& commands, const CardSizes& sizes, std::span<const RowWrite> rows) {
  const std::vector<const RowWrite*> finals = FinalWrites(sizes, rows);
  std::vector<CommandLine> reads;
  reads.reserve(finals.size());
  for (const RowWrite* row : finals) reads.push_back(ReadCommand(row->table, row->index));
  absl::Status result;
  POINTSMAN_RETURN_IF_ERROR(commands.Execute(reads, [&](size_t place, const RowBits& got) {
    const RowWrite& row = *finals[place];
    if (got == row.row || !result.ok()) return;
    const auto table = FindRows(sizes, row.table, row.index, 1);
    result = absl::DataLossError(
        fmt::format("{}[{}] reads back differently: written {}, read {}; reload the card's tables",
                    (*table)->name, row.index, Hex(row.row), Hex(got)));
  }));
  return result;
}

}  // namespace

absl::Status WriteRows(CommandRing& commands, const CardSizes& sizes,
                       std::span<const RowWrite> rows) {
  std::vector<CommandLine> writes;
  writes.reserve(rows.size());
  for (const RowWrite& row : rows) {
    POINTSMAN_RETURN_IF_ERROR(FindRows(sizes, row.table, row.index, 1).status());
    writes.push_back(WriteCommand(row.table, row.index, 1, row.row));
    writes.back().op = OpOf(row.parity);
  }
  POINTSMAN_RETURN_IF_ERROR(commands.Execute(writes, [](size_t, const RowBits&) {}));
  return Verify(commands, sizes, rows);
}

absl::StatusOr<std::vector<RowBits>> ReadRows(CommandRing& commands, const CardSizes& sizes,
                                              TableId table, uint32_t index, uint32_t count) {
  POINTSMAN_RETURN_IF_ERROR(FindRows(sizes, table, index, count).status());
  std::vector<CommandLine> reads;
  reads.reserve(count);
  for (uint32_t i = 0; i < count; ++i) reads.push_back(ReadCommand(table, index + i));
  std::vector<RowBits> rows(count);
  POINTSMAN_RETURN_IF_ERROR(
      commands.Execute(reads, [&rows](size_t place, const RowBits& row) { rows[place] = row; }));
  return rows;
}

absl::Status ClearTables(CommandRing& commands, const CardSizes& sizes) {
  std::vector<CommandLine> writes;
  for (const CardTable& table : CardTables()) {
    writes.push_back(WriteCommand(table.id, 0, sizes.*table.rows, RowBits{}));
  }
  return commands.Execute(writes, [](size_t, const RowBits&) {});
}

}  // namespace pointsman
