#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "host/cli/cluster_run_output.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/matrix_output.h"
#include "host/cli/open_datapath.h"
#include "sim/cluster/matrix.h"
#include "sim/cluster/run.h"
#include "sim/cluster/scenario.h"

namespace pointsman {
namespace {

using cluster::MatrixCluster;
using cluster::Remedy;

struct MatrixOptions {
  std::string model;
  std::string mode;
  bool explain = false;
  std::string html;
  std::string output = "text";
  std::string card_node;
  CardOptions card;
};

// Columns that the options leave.
std::vector<cluster::MatrixColumn> ChosenColumns(const MatrixOptions& options) {
  if (options.model.empty() && options.mode.empty()) return cluster::MatrixColumns();
  std::vector<cluster::MatrixColumn> columns;
  for (const auto mode : {cluster::ForwardingMode::kIpvs, cluster::ForwardingMode::kIptables,
                          cluster::ForwardingMode::kPointsman}) {
    for (const auto model : {cluster::NetworkModel::kTunnel, cluster::NetworkModel::kVpc}) {
      if (!options.model.empty() && options.model != ToString(model)) continue;
      if (!options.mode.empty() && options.mode != ToString(mode)) continue;
      columns.push_back(cluster::ColumnOf(model, mode));
    }
  }
  return columns;
}

absl::StatusOr<std::unique_ptr<Datapath>> OpenForNode(const MatrixOptions& options,
                                                      const cluster::NodeSetup& node) {
  if (node.name != options.card_node) return cluster::OpenSoftwareDatapath();
  return OpenDatapath({.datapath = "card", .card = options.card, .files = {}});
}

// Opens clusters as cells need them, one at a time: there is one card.
class MatrixAsker {
 public:
  explicit MatrixAsker(const MatrixOptions& options) : options_(options) {}

  absl::StatusOr<AskedMatrix> Ask() {
    AskedMatrix matrix{.columns = ChosenColumns(options_), .cells = {}};
    matrix.cells.resize(cluster::MatrixRows().size());
    for (const auto& column : matrix.columns) {
      if (absl::Status status = AskColumn(column, matrix); !status.ok()) return status;
    }
    return matrix;
  }

 private:
  absl::StatusOr<std::unique_ptr<MatrixCluster>> Open(const cluster::MatrixColumn& column,
                                                      Remedy remedy) {
    return MatrixCluster::Open(column, remedy, [this](const cluster::NodeSetup& node) {
      return OpenForNode(options_, node);
    });
  }

  absl::Status AskColumn(const cluster::MatrixColumn& column, AskedMatrix& matrix) {
    {
      auto cluster = Open(column, Remedy::kNone);
      if (!cluster.ok()) return cluster.status();
      for (size_t row = 0; row < matrix.cells.size(); ++row) {
        auto cell = (*cluster)->Ask(cluster::MatrixRows()[row]);
        if (!cell.ok()) return cell.status();
        matrix.cells[row].push_back({*std::move(cell), {}});
      }
    }
    if (!options_.explain) return absl::OkStatus();
    for (const Remedy remedy : cluster::kRemedies) {
      if (absl::Status status = TryRemedy(column, remedy, matrix); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status TryRemedy(const cluster::MatrixColumn& column, Remedy remedy, AskedMatrix& matrix) {
    auto cluster = Open(column, remedy);
    if (!cluster.ok()) return cluster.status();
    for (size_t row = 0; row < matrix.cells.size(); ++row) {
      const cluster::MatrixRow& own = cluster::MatrixRows()[row];
      AskedCell& asked = matrix.cells[row].back();
      if (asked.cell.ok || !AppliesTo(remedy, own)) continue;
      auto cell = (*cluster)->Ask(own);
      if (!cell.ok()) return cell.status();
      asked.remedies.push_back({remedy, *std::move(cell)});
    }
    return absl::OkStatus();
  }

  const MatrixOptions& options_;
};

int RunMatrix(const MatrixOptions& options) {
  const absl::StatusOr<AskedMatrix> matrix = MatrixAsker(options).Ask();
  if (!matrix.ok()) return ReportCardError(matrix.status());
  if (!options.html.empty()) {
    std::ofstream file(options.html);
    file << MatrixHtml(*matrix);
    if (!file.flush()) {
      return ReportInputError(
          absl::InvalidArgumentError(options.html + ": cannot be written (--html)"));
    }
  }
  if (options.output == "json") {
    fmt::print("{}", MatrixJson(*matrix));
    return kExitDone;
  }
  fmt::print("{}", MatrixText(*matrix));
  if (options.explain) fmt::print("\n{}", MatrixExplanation(*matrix));
  return kExitDone;
}

struct RunOptions {
  std::string file;
  bool verbose = false;
  std::string output = "text";
  CardOptions card;
};

absl::StatusOr<std::string> ReadText(const std::filesystem::path& path) {
  std::error_code error;
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), {});
  if (!stream || std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(path.string() + ": cannot be read");
  }
  return text;
}

// Input that only shows its faults together, or a card.
int ReportRunError(const absl::Status& status) {
  return absl::IsInvalidArgument(status) ? ReportInputError(status) : ReportCardError(status);
}

int RunScenarioFile(const RunOptions& options) {
  const absl::StatusOr<std::string> text = ReadText(options.file);
  if (!text.ok()) return ReportInputError(text.status());
  const std::filesystem::path folder = std::filesystem::path(options.file).parent_path();
  const auto scenario = cluster::ParseScenario(
      *text, options.file, [&](const std::string& name) { return ReadText(folder / name); });
  if (!scenario.ok()) return ReportInputError(scenario.status());
  const auto open = [&](const cluster::NodeSetup& node) {
    return node.on_card ? OpenDatapath({.datapath = "card", .card = options.card, .files = {}})
                        : cluster::OpenSoftwareDatapath();
  };
  const auto report = cluster::RunScenario(*scenario, open);
  if (!report.ok()) return ReportRunError(report.status());
  fmt::print("{}", options.output == "json" ? ScenarioJson(*report)
                                            : ScenarioText(*scenario, *report, options.verbose));
  return report->failed() == 0 ? kExitDone : kExitFailed;
}

void AddRunCommand(CLI::App& cluster, Run& run) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      cluster.add_subcommand("run",
                             "Runs a scenario: connections through a cluster that a file "
                             "describes, with what must become\n"
                             "of each. docs/services.md describes the file. Examples:\n"
                             "  pointsman cluster run examples/cluster/local-policy.yaml --walk\n"
                             "  pointsman cluster run examples/cluster/rollout.yaml\n"
                             "Exit codes: 0 all as expected, 1 something is not, 2 the file is "
                             "wrong (each fault with file,\n"
                             "line and field), 3 a card fault.");
  command->add_option("scenario", options->file, "the scenario, a YAML file")->required();
  command->add_flag("--walk", options->verbose, "show every probe hop by hop");
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  AddCardOptions(*command, options->card);
  command->callback([options, &run] { run = [options] { return RunScenarioFile(*options); }; });
}

void AddMatrixCommand(CLI::App& cluster, Run& run) {
  auto options = std::make_shared<MatrixOptions>();
  CLI::App* command = cluster.add_subcommand(
      "matrix",
      "Who reaches a Service with externalTrafficPolicy Local from inside a cluster: by client "
      "and\n"
      "target, for kube-proxy's modes ipvs and iptables over a tunnel network and a VPC network, "
      "and\n"
      "for Pointsman. Every cell is a connection whose packets walk through a virtual cluster.\n"
      "docs/services.md tells how to read it. Examples:\n"
      "  pointsman cluster matrix --explain            why each failing cell fails, and what "
      "helps\n"
      "  pointsman cluster matrix --mode pointsman --model tunnel\n"
      "  pointsman cluster matrix --card-node node-b   the backends' node is the simulated card");
  command->add_option("--model", options->model, "only this network: tunnel or vpc")
      ->check(CLI::IsMember({"tunnel", "vpc"}));
  command->add_option("--mode", options->mode, "only this: iptables, ipvs or pointsman")
      ->check(CLI::IsMember({"iptables", "ipvs", "pointsman"}));
  command->add_flag("--explain", options->explain,
                    "for each cell that fails: its walk, the rule, and what each remedy does");
  command->add_option("--html", options->html, "also write the table to this file, for a browser");
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command
      ->add_option("--card-node", options->card_node,
                   "the node whose datapath is a card: node-a, node-b (it has the backends) or "
                   "node-c")
      ->check(CLI::IsMember({"node-a", "node-b", "node-c"}));
  AddCardOptions(*command, options->card);
  command->callback([options, &run] { run = [options] { return RunMatrix(*options); }; });
}

}  // namespace

void AddClusterCommand(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand(
      "cluster",
      "A virtual cluster in this process: nodes, pods, load balancers and clients outside, "
      "through\n"
      "which packets walk. It shows who can reach a Service, and why not (docs/services.md).");
  command->require_subcommand(1);
  AddRunCommand(*command, run);
  AddMatrixCommand(*command, run);
}

}  // namespace pointsman
