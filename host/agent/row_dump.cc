#include "host/agent/row_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "driver/status_macros.h"

namespace pointsman {
namespace {

std::string RowText(const char* table, uint32_t index, const RowBits& row) {
  size_t words = row.size();
  while (words > 1 && row[words - 1] == 0) --words;
  std::string text = fmt::format(R"(["{}",{},[)", table, index);
  for (size_t word = 0; word < words; ++word) {
    text += fmt::format(R"({}"{:x}")", word == 0 ? "" : ",", row[word]);
  }
  return text + "]]";
}

std::optional<uint64_t> WordOf(const nlohmann::json& text) {
  if (!text.is_string()) return std::nullopt;
  const auto& digits = text.get_ref<const std::string&>();
  uint64_t word = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return word;
}

std::optional<RowWrite> RowOf(const nlohmann::json& entry) {
  if (!entry.is_array() || entry.size() != 3 || !entry[0].is_string()) return std::nullopt;
  if (!entry[1].is_number_unsigned() || !entry[2].is_array()) return std::nullopt;
  const auto tables = CardTables();
  const auto table = std::ranges::find(tables, entry[0].get_ref<const std::string&>(),
                                       [](const CardTable& known) { return known.name; });
  RowWrite row{.index = entry[1].get<uint32_t>()};
  if (table == tables.end() || entry[2].size() > row.row.size()) return std::nullopt;
  row.table = table->id;
  for (size_t i = 0; i < entry[2].size(); ++i) {
    const auto word = WordOf(entry[2][i]);
    if (!word) return std::nullopt;
    row.row[i] = *word;
  }
  return row;
}

}  // namespace

absl::StatusOr<bool> RowDump::ReadNext(uint32_t rows, Card& card) {
  const auto tables = CardTables();
  const CardTable& table = tables[table_];
  const uint32_t size = card.description().sizes.*table.rows;
  const bool secret = table.id == TableId::kHashKeys;
  const uint32_t count = secret ? 0 : std::min(rows, size - row_);
  if (count != 0) {
    POINTSMAN_ASSIGN_OR_RETURN(const std::vector<RowBits> held, card.Read(table.id, row_, count));
    for (uint32_t i = 0; i < count; ++i) {
      if (held[i] == RowBits{}) continue;
      rows_ += (rows_.empty() ? "" : ",\n") + RowText(table.name, row_ + i, held[i]);
    }
  }
  row_ += count;
  if (!secret && row_ != size) return false;
  row_ = 0;
  return ++table_ == tables.size();
}

std::string RowDump::Take() {
  table_ = 0;
  row_ = 0;
  return fmt::format("{{\"layout_hash\": {}, \"rows\": [\n{}]}}\n", kLayoutHash,
                     std::exchange(rows_, {}));
}

absl::StatusOr<std::vector<RowWrite>> ParseRowDump(std::string_view document) {
  const auto dump = nlohmann::json::parse(document, nullptr, /*allow_exceptions=*/false);
  if (!dump.is_object() || !dump.contains("rows") || !dump["rows"].is_array()) {
    return absl::InvalidArgumentError("no dump of a card's rows");
  }
  if (dump.value("layout_hash", nlohmann::json()) != kLayoutHash) {
    return absl::InvalidArgumentError(
        "the agent's card has another layout than this program knows; use the agent's own version");
  }
  std::vector<RowWrite> rows;
  for (const nlohmann::json& entry : dump["rows"]) {
    const auto row = RowOf(entry);
    if (!row) return absl::InvalidArgumentError("no row of a card: " + entry.dump());
    rows.push_back(*row);
  }
  return rows;
}

}  // namespace pointsman
