#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <tuple>

#include "host/agent/status_server.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/open_datapath.h"
#include "host/cli/text_table.h"

namespace pointsman {
namespace {

struct CardInfoOptions {
  CardOptions card;
  std::string agent;  // its status socket; empty: no agent has the card
  std::string output = "text";
};

// What an agent says of its card.
int RunCardInfoOfAgent(const CardInfoOptions& options) {
  const absl::StatusOr<std::string> text = FetchStatus(options.agent);
  if (!text.ok()) return ReportInputError(text.status());
  const auto document = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("card")) {
    return ReportInputError(
        absl::InvalidArgumentError(options.agent + ": no agent's status document"));
  }
  if (options.output == "json") {
    fmt::print("{}\n", document["card"].dump(2));
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : document["card"].items()) {
    rows.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  fmt::print("{}", TextTable(rows));
  return kExitDone;
}

int RunCardInfo(const CardInfoOptions& options) {
  if (!options.agent.empty()) return RunCardInfoOfAgent(options);
  absl::StatusOr<std::unique_ptr<Card>> card = OpenChosenCard(options.card);
  if (!card.ok()) return ReportCardError(card.status());
  absl::StatusOr<CardHealth> health = (*card)->Health();
  if (!health.ok()) return ReportCardError(health.status());
  const CardDescription& description = (*card)->description();
  nlohmann::json tables = nlohmann::json::object();
  std::vector<std::vector<std::string>> rows = {{"TABLE", "ROWS"}};
  ForEachSize(description.sizes, [&](const char* table, uint32_t size) {
    tables[table] = size;
    rows.push_back({table, std::to_string(size)});
  });
  if (options.output == "json") {
    const nlohmann::json document = {
        {"profile", description.profile},   {"layout_hash", fmt::format("0x{:08x}", kLayoutHash)},
        {"cycles", health->cycles},         {"heartbeat", health->heartbeat},
        {"error_bits", health->error_bits}, {"tables", tables}};
    fmt::print("{}\n", document.dump(2));
    return kExitDone;
  }
  fmt::print(
      "profile {}, layout 0x{:08x}, {} cycles since reset, heartbeat 0x{:08x}, error bits "
      "0x{:x}\n{}",
      description.profile, kLayoutHash, health->cycles, health->heartbeat, health->error_bits,
      TextTable(rows));
  return kExitDone;
}

// Rows that show a bit that is stuck, or two rows that are one: patterns that follow from table and
// row, then their opposite.
RowWrite PatternRow(TableId table, uint32_t index, bool inverted) {
  RowWrite write{.table = table, .index = index};
  uint64_t bits = (uint64_t{index} + 1) * 0x9e3779b97f4a7c15 + static_cast<uint64_t>(table);
  for (uint64_t& word : write.row) {
    bits ^= bits >> 29;
    bits *= 0xbf58476d1ce4e5b9;
    word = inverted ? ~bits : bits;
  }
  return write;
}

// Fills a table, reads it back, and empties it. Returns how many rows read back differently.
template <class Row>
absl::StatusOr<uint32_t> TestTable(Card& card, uint32_t rows) {
  uint32_t wrong = 0;
  for (const bool inverted : {false, true}) {
    std::vector<RowWrite> writes;
    for (uint32_t row = 0; row < rows; ++row) {
      RowWrite write = PatternRow(Row::kTable, row, inverted);
      write.row = PackRow(UnpackRow<Row>(write.row));  // bits that are part of a row
      writes.push_back(write);
    }
    if (absl::Status s = card.Write(writes); !s.ok() && !absl::IsDataLoss(s)) return s;
    const auto held = card.Read(Row::kTable, 0, rows);
    if (!held.ok()) return held.status();
    for (uint32_t row = 0; row < rows; ++row) wrong += (*held)[row] != writes[row].row;
  }
  std::vector<RowWrite> zeros;
  for (uint32_t row = 0; row < rows; ++row) zeros.push_back({.table = Row::kTable, .index = row});
  if (absl::Status s = card.Write(zeros); !s.ok() && !absl::IsDataLoss(s)) return s;
  return wrong;
}

// The tables that an image fills, while every frame bypasses them.
int RunCardSelftest(const CardInfoOptions& options) {
  absl::StatusOr<std::unique_ptr<Card>> opened = OpenChosenCard(options.card);
  if (!opened.ok()) return ReportCardError(opened.status());
  Card& card = **opened;
  const CardSizes& sizes = card.description().sizes;
  using Result = absl::StatusOr<uint32_t>;
  const std::vector<std::tuple<const char*, uint32_t, Result>> results = {
      {"frontends", sizes.frontends, TestTable<FrontendRow>(card, sizes.frontends)},
      {"sources", sizes.sources, TestTable<SourceRow>(card, sizes.sources)},
      {"slots", sizes.slots, TestTable<SlotRow>(card, sizes.slots)},
      {"endpoints", sizes.endpoints, TestTable<EndpointRow>(card, sizes.endpoints)},
      {"next-hops", sizes.next_hops, TestTable<NextHopRow>(card, sizes.next_hops)}};
  const absl::StatusOr<CardHealth> health = card.Health();
  if (!health.ok()) return ReportCardError(health.status());
  nlohmann::json tables = nlohmann::json::object();
  std::vector<std::vector<std::string>> text = {{"TABLE", "ROWS", "WRONG"}};
  uint32_t wrong = 0;
  for (const auto& [table, rows, result] : results) {
    if (!result.ok()) return ReportCardError(result.status());
    wrong += *result;
    tables[table] = {{"rows", rows}, {"wrong", *result}};
    text.push_back({table, std::to_string(rows), std::to_string(*result)});
  }
  if (options.output == "json") {
    const nlohmann::json document = {
        {"tables", tables}, {"wrong", wrong}, {"error_bits", health->error_bits}};
    fmt::print("{}\n", document.dump(2));
  } else {
    fmt::print("{}{} rows wrong, error bits 0x{:x}\n", TextTable(text), wrong, health->error_bits);
  }
  return wrong == 0 && health->error_bits == 0 ? kExitDone : kExitFailed;
}

// What a running agent makes of its own card.
int RunAudit(const CardInfoOptions& options) {
  const absl::StatusOr<std::string> answer = FetchDocument(options.agent, AgentDocument::kAudit);
  if (!answer.ok()) return ReportCardError(answer.status());
  const nlohmann::json audit = nlohmann::json::parse(*answer, nullptr, /*allow_exceptions=*/false);
  const bool made_by_agent = audit.is_object() && audit.value("rows", 0) > 0;
  if (!made_by_agent) return ReportCardError(absl::InternalError(options.agent + ": no audit"));
  const auto mended = audit.value("mended", uint64_t{0});
  if (options.output == "json") {
    fmt::print("{}\n", audit.dump(2));
  } else {
    fmt::print("{} rows read back, {} did not hold what was written and do again\n",
               audit.value("rows", uint64_t{0}), mended);
  }
  return mended == 0 ? kExitDone : kExitFailed;
}

}  // namespace

void AddCardCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<CardInfoOptions>();
  CLI::App* command = app.add_subcommand("card", "Looks at a card.");
  command->require_subcommand(1);
  CLI::App* info = command->add_subcommand(
      "info",
      "Brings a card up that no agent owns, and says what it is: its tables are zero afterwards. "
      "With --agent it asks a\nrunning agent how its card is instead.");
  AddCardOptions(*info, options->card);
  info->add_option("--agent", options->agent, "the agent's status socket");
  info->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  info->callback([options, &run] { run = [options] { return RunCardInfo(*options); }; });
  AddCardDumpCommand(*command, run);
  CLI::App* selftest = command->add_subcommand(
      "selftest",
      "Brings a card up that no agent owns, fills every row of its tables with patterns and reads "
      "them back; they are\nzero afterwards. With --agent: has a running agent read all rows of "
      "its "
      "card back, which goes on forwarding;\nwhat differs is written again. By itself an agent "
      "does "
      "that in ten minutes, a few rows at a time.\nExit code 1: a row was wrong.");
  AddCardOptions(*selftest, options->card);
  selftest
      ->add_option(
          "--agent", options->agent,
          "the agent's status socket (an agent's default: " + std::string(kStatusSocket) + ")")
      ->expected(1);
  selftest->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  selftest->callback([options, &run] {
    run = [options] {
      return options->agent.empty() ? RunCardSelftest(*options) : RunAudit(*options);
    };
  });
}

}  // namespace pointsman
