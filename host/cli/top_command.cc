#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "host/agent/status_server.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/text_table.h"
#include "host/cli/top_table.h"

namespace pointsman {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr char kClearScreen[] = "\x1b[H\x1b[2J";

struct TopOptions {
  std::string status_socket = kStatusSocket;
  std::string output = "text";
  double interval_s = 2;
  uint32_t rounds = 0;
  uint32_t frontends_max = 20;
};

absl::StatusOr<json> Fetch(const std::string& socket) {
  absl::StatusOr<std::string> text = FetchStatus(socket);
  if (!text.ok()) return text.status();
  json document = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || !document.contains("frontends")) {
    return absl::InvalidArgumentError(socket + ": no agent's status document");
  }
  return document;
}

void Show(const json& top, const std::string& node) {
  if (isatty(STDOUT_FILENO) != 0) fmt::print("{}", kClearScreen);
  const json& rates = top["packets_per_s"];
  const auto rate = [&](const char* kind) { return rates.value(kind, 0.0); };
  fmt::print(
      "{}: {} connections; packets a second: {:.0f} forwarded, {:.0f} passed, {:.0f} to software, "
      "{:.0f} dropped, {:.0f} new connections\n",
      node, top["connections"].dump(), rate("forwarded"), rate("passed"), rate("by_software"),
      rate("dropped"), rate("learned"));
  std::vector<std::vector<std::string>> rows = {
      {"PACKETS/S", "MBIT/S", "ADDRESS", "PROTOCOL", "NAME"}};
  for (const json& frontend : top["frontends"]) {
    rows.push_back({fmt::format("{:.0f}", frontend["packets_per_s"].get<double>()),
                    fmt::format("{:.2f}", frontend["bits_per_s"].get<double>() / 1e6),
                    frontend["address"], frontend["protocol"], frontend["name"]});
  }
  fmt::print("{}", TextTable(rows));
  std::fflush(stdout);
}

int RunTop(const TopOptions& options) {
  absl::StatusOr<json> before = Fetch(options.status_socket);
  if (!before.ok()) return ReportInputError(before.status());
  Clock::time_point taken = Clock::now();
  for (uint32_t round = 0; options.rounds == 0 || round < options.rounds; ++round) {
    std::this_thread::sleep_for(std::chrono::duration<double>(options.interval_s));
    absl::StatusOr<json> after = Fetch(options.status_socket);
    if (!after.ok()) return ReportInputError(after.status());
    const Clock::time_point now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - taken).count();
    const json top = TopOf(*before, *after, seconds, options.frontends_max);
    if (options.output == "json") {
      fmt::print("{}\n", top.dump());
      std::fflush(stdout);
    } else {
      Show(top, (*after)["node"]);
    }
    before = std::move(after);
    taken = now;
  }
  return kExitDone;
}

}  // namespace

void AddTopCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<TopOptions>();
  CLI::App* command = app.add_subcommand(
      "top",
      "Shows the busiest frontends of a running agent, anew every few seconds, until Ctrl-C. "
      "Examples:\n  pointsman top\n  pointsman top --rounds 1 --output json");
  command->add_option("--status", options->status_socket, "the agent's Unix socket")
      ->capture_default_str();
  command->add_option("--interval", options->interval_s, "seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "how often; 0: until Ctrl-C")
      ->capture_default_str();
  command->add_option("--frontends", options->frontends_max, "how many to show")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--output", options->output, "text, or json: a document a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunTop(*options); }; });
}

}  // namespace pointsman
