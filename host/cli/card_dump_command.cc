// pointsman card dump: what is in a card's tables.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "driver/card_tables.h"
#include "driver/row_fields.h"
#include "host/agent/row_dump.h"
#include "host/agent/status_server.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/open_datapath.h"
#include "host/cli/text_table.h"

namespace pointsman {
namespace {

constexpr uint32_t kRowsAtOnce = 1024;

struct CardDumpOptions {
  CardOptions card;
  std::string agent;  // its status socket; empty: no agent has the card
  std::vector<std::string> tables;
  std::string output = "text";
};

// Of a card without an agent; one that forwards goes on, and keeps its rows.
absl::StatusOr<std::string> DocumentOfCard(const CardOptions& options) {
  RingCardOptions ring_options;
  ring_options.adopt = true;
  absl::StatusOr<std::unique_ptr<Card>> card = OpenChosenCard(options, ring_options);
  if (!card.ok()) return card.status();
  RowDump dump;
  while (true) {
    const absl::StatusOr<bool> whole = dump.ReadNext(kRowsAtOnce, **card);
    if (!whole.ok()) return whole.status();
    if (*whole) return dump.Take();
  }
}

void PrintText(std::span<const RowWrite> rows) {
  for (const CardTable& table : CardTables()) {
    std::vector<std::vector<std::string>> text;
    for (const RowWrite& row : rows) {
      if (row.table != table.id) continue;
      const std::vector<RowField> fields = RowFields(row.table, row.row);
      if (text.empty()) {
        text.push_back({"ROW"});
        for (const RowField& field : fields) text[0].push_back(field.name);
      }
      std::vector<std::string>& line = text.emplace_back();
      line.push_back(fmt::format("{}", row.index));
      for (const RowField& field : fields) line.push_back(field.value);
    }
    if (!text.empty())
      fmt::print("{}: {} rows\n{}\n", table.name, text.size() - 1, TextTable(text));
  }
}

void PrintJson(std::span<const RowWrite> rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RowWrite& row : rows) {
    nlohmann::ordered_json& entry = list.emplace_back();
    entry["table"] = Name(row.table);
    entry["row"] = row.index;
    for (const RowField& field : RowFields(row.table, row.row)) {
      nlohmann::ordered_json& value = entry["fields"][field.name];
      if (field.is_number) {
        value = std::stoull(field.value);
      } else {
        value = field.value;
      }
    }
  }
  fmt::print("{}\n", list.dump(2));
}

int RunCardDump(const CardDumpOptions& options) {
  const absl::StatusOr<std::string> document =
      options.agent.empty() ? DocumentOfCard(options.card)
                            : FetchDocument(options.agent, AgentDocument::kRows);
  if (!document.ok()) return ReportCardError(document.status());
  absl::StatusOr<std::vector<RowWrite>> rows = ParseRowDump(*document);
  if (!rows.ok()) return ReportCardError(rows.status());
  if (!options.tables.empty()) {
    std::erase_if(*rows, [&](const RowWrite& row) {
      return std::ranges::find(options.tables, Name(row.table)) == options.tables.end();
    });
  }
  if (options.output == "json") {
    PrintJson(*rows);
    return kExitDone;
  }
  if (rows->empty()) fmt::print("no row holds anything\n");
  PrintText(*rows);
  return kExitDone;
}

}  // namespace

void AddCardDumpCommand(CLI::App& card, Run& run) {
  auto options = std::make_shared<CardDumpOptions>();
  CLI::App* command = card.add_subcommand(
      "dump",
      "Prints the rows of a card's tables that hold something, field by field. With --agent it has "
      "a running agent read\nthem, which goes on forwarding; without, it takes a card that no "
      "agent "
      "owns: one that forwards goes on, too.\n"
      "Example:\n"
      "  pointsman card dump --agent /run/pointsman/agent.sock --table frontends --table "
      "endpoints");
  AddCardOptions(*command, options->card);
  command->add_option(
      "--agent", options->agent,
      "the agent's status socket (an agent's default: " + std::string(kStatusSocket) + ")");
  std::vector<std::string> names;
  for (const CardTable& table : CardTables()) names.emplace_back(table.name);
  command->add_option("--table", options->tables, "only this table; can be given again")
      ->check(CLI::IsMember(names))
      ->allow_extra_args(false);
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunCardDump(*options); }; });
}

}  // namespace pointsman
