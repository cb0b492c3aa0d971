#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/open_datapath.h"
#include "host/cli/text_table.h"

namespace pointsman {
namespace {

struct CardInfoOptions {
  CardOptions card;
  std::string output = "text";
};

int RunCardInfo(const CardInfoOptions& options) {
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

}  // namespace

void AddCardCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<CardInfoOptions>();
  CLI::App* command = app.add_subcommand("card", "Looks at a card.");
  command->require_subcommand(1);
  CLI::App* info = command->add_subcommand(
      "info",
      "Brings a card up that no agent owns, and says what it is. Its tables are zero afterwards.");
  AddCardOptions(*info, options->card);
  info->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  info->callback([options, &run] { run = [options] { return RunCardInfo(*options); }; });
}

}  // namespace pointsman
