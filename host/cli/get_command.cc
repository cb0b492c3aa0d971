#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "host/agent/status_server.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/text_table.h"

namespace pointsman {
namespace {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

struct GetOptions {
  std::string what;
  std::string status_socket = kStatusSocket;
  std::string output = "text";
};

std::string Text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Of a time that was measured; empty: none was.
std::string Milliseconds(const json& seconds) {
  return seconds.is_number() ? fmt::format("{:.1f} ms", seconds.get<double>() * 1000) : "";
}

Rows ServiceRows(const json& document) {
  Rows rows = {{"SERVICE", "FRONTENDS", "ENDPOINTS", "LOCAL", "LAST CHANGE", "REMARKS"}};
  for (const json& service : document["services"]) {
    std::vector<std::string> frontends, remarks;
    for (const json& f : service["frontends"]) {
      frontends.push_back(
          fmt::format("{}:{}/{}", Text(f["address"]), Text(f["port"]), Text(f["protocol"])));
    }
    if (!Text(service["not_served"]).empty()) remarks.push_back(Text(service["not_served"]));
    for (const json& limitation : service["limitations"]) remarks.push_back(Text(limitation));
    rows.push_back({fmt::format("{}/{}", Text(service["namespace"]), Text(service["name"])),
                    fmt::format("{}", fmt::join(frontends, " ")),
                    Text(service["endpoints"]["ready"]), Text(service["endpoints"]["local"]),
                    Milliseconds(service["last_change_seconds"]),
                    fmt::format("{}", fmt::join(remarks, "; "))});
  }
  return rows;
}

Rows FrontendRows(const json& document) {
  Rows rows = {{"ADDRESS", "PROTOCOL", "OUTSIDE", "INSIDE", "PACKETS", "BYTES", "NAME"}};
  for (const json& f : document["frontends"]) {
    rows.push_back({Text(f["address"]), Text(f["protocol"]), Text(f["outside"]), Text(f["inside"]),
                    Text(f["packets"]), Text(f["bytes"]), Text(f["name"])});
  }
  return rows;
}

Rows EndpointRows(const json& document) {
  Rows rows = {{"ENDPOINT", "EGRESS", "TUNNEL", "CONNECTIONS", "ROW"}};
  for (const json& e : document["endpoints"]) {
    rows.push_back({Text(e["address"]), Text(e["egress"]), Text(e["tunnel"]),
                    Text(e["connections"]), Text(e["row"])});
  }
  return rows;
}

Rows TableRows(const json& document) {
  Rows rows = {{"TABLE", "ROWS", "USED", "SHARE"}};
  for (const json& t : document["tables"]) {
    const double share = t["used"].get<double>() / t["rows"].get<double>();
    rows.push_back(
        {Text(t["table"]), Text(t["rows"]), Text(t["used"]), fmt::format("{:.1f} %", 100 * share)});
  }
  return rows;
}

Rows ConnectionRows(const json& document) {
  Rows rows = {{"PROTOCOL", "CLIENT", "FRONTEND", "ENDPOINT", "SOURCE", "STATE", "BY"}};
  for (const json& c : document["connections"]["list"]) {
    rows.push_back({Text(c["protocol"]), Text(c["client"]), Text(c["frontend"]),
                    Text(c["endpoint"]), Text(c["source"]), Text(c["state"]), Text(c["by"])});
  }
  return rows;
}

Rows CountRows(const json& counts, const std::string& heading) {
  Rows rows = {{heading, "PACKETS"}};
  for (const auto& [name, count] : counts.items()) rows.push_back({name, Text(count)});
  return rows;
}

// What the document holds of `what`, for scripts.
json Part(const json& document, const std::string& what) {
  if (what == "drops") return document["reasons"];
  return document[what];
}

Rows RowsOf(const json& document, const std::string& what) {
  if (what == "services") return ServiceRows(document);
  if (what == "frontends") return FrontendRows(document);
  if (what == "endpoints") return EndpointRows(document);
  if (what == "tables") return TableRows(document);
  if (what == "connections") return ConnectionRows(document);
  if (what == "drops") return CountRows(document["reasons"], "REASON");
  return CountRows(document["packets"], "KIND");
}

int RunGet(const GetOptions& options) {
  absl::StatusOr<std::string> text = FetchStatus(options.status_socket);
  if (!text.ok()) return ReportInputError(text.status());
  const json document = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) {
    return ReportInputError(
        absl::InvalidArgumentError(options.status_socket + ": no agent's status document"));
  }
  if (options.output == "json") {
    fmt::print("{}\n", Part(document, options.what).dump(2));
    return kExitDone;
  }
  fmt::print("{}", TextTable(RowsOf(document, options.what)));
  for (const json& problem : document["problems"])
    fmt::print(stderr, "problem: {}\n", Text(problem));
  if (!Text(document["last_error"]).empty())
    fmt::print(stderr, "problem: {}\n", Text(document["last_error"]));
  return kExitDone;
}

}  // namespace

void AddGetCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<GetOptions>();
  CLI::App* command = app.add_subcommand(
      "get", "Shows what a running agent forwards. Example:\n  pointsman get services");
  command
      ->add_option("what", options->what,
                   "services, frontends, endpoints, connections, tables, packets or drops")
      ->required()
      ->check(CLI::IsMember(
          {"services", "frontends", "endpoints", "connections", "tables", "packets", "drops"}));
  command->add_option("--status", options->status_socket, "the agent's Unix socket")
      ->capture_default_str();
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunGet(*options); }; });
}

}  // namespace pointsman
