#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/junit.h"
#include "host/cli/open_datapath.h"
#include "host/conformance/packet_runner.h"
#include "host/conformance/run_case_file.h"

namespace pointsman {
namespace {

using conformance::CaseResult;
using conformance::CaseStatus;
namespace fs = std::filesystem;

struct TestOptions {
  std::vector<std::string> paths;
  DatapathOptions datapath;
  std::string junit;
  std::string output = "text";
};

absl::StatusOr<std::vector<std::string>> FindFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
        const std::string extension = entry.path().extension().string();
        if (extension == ".yaml" || extension == ".yml") files.push_back(entry.path().string());
      }
    } else if (fs::exists(path, error)) {
      files.push_back(path);
    } else {
      return absl::NotFoundError(fmt::format("{}: no such file or folder", path));
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) return absl::NotFoundError("no *.yaml or *.yml file in the folders named");
  return files;
}

absl::StatusOr<std::string> ReadText(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), {});
  if (!stream) return absl::InvalidArgumentError(fmt::format("{}: cannot be read", file));
  return text;
}

void PrintResult(const CaseResult& result) {
  if (result.status == CaseStatus::kPassed) return;
  const char* word = result.status == CaseStatus::kFailed ? "FAILED" : "skipped";
  fmt::print("{}:{}: {}: {}: {}\n    {}\n", result.file, result.line, word, result.scenario,
             result.name, result.detail);
}

int Count(const std::vector<CaseResult>& results, CaseStatus status) {
  return static_cast<int>(std::count_if(results.begin(), results.end(),
                                        [&](const CaseResult& r) { return r.status == status; }));
}

void PrintJson(const std::vector<CaseResult>& results) {
  static constexpr const char* kWords[] = {"passed", "failed", "skipped"};
  nlohmann::json list = nlohmann::json::array();
  for (const CaseResult& r : results) {
    list.push_back({{"file", r.file},
                    {"line", r.line},
                    {"scenario", r.scenario},
                    {"name", r.name},
                    {"status", kWords[static_cast<int>(r.status)]},
                    {"detail", r.detail}});
  }
  fmt::print("{}\n", list.dump(2));
}

int Report(const TestOptions& options, const std::vector<CaseResult>& results) {
  if (!options.junit.empty()) {
    std::ofstream file(options.junit);
    file << JunitDocument(results);
    if (!file.flush()) {
      return ReportInputError(absl::InvalidArgumentError(options.junit + ": cannot be written"));
    }
  }
  const int failed = Count(results, CaseStatus::kFailed);
  if (options.output == "json") {
    PrintJson(results);
  } else {
    for (const CaseResult& result : results) PrintResult(result);
    if (const int skipped = Count(results, CaseStatus::kSkipped); skipped != 0) {
      fmt::print("{} skipped, for the reasons above\n", skipped);
    }
    fmt::print("{} passed, {} failed\n", Count(results, CaseStatus::kPassed), failed);
  }
  return failed == 0 ? kExitDone : kExitFailed;
}

int RunTest(const TestOptions& options) {
  absl::StatusOr<std::vector<std::string>> files = FindFiles(options.paths);
  if (!files.ok()) return ReportInputError(files.status());
  conformance::PacketRunner packets([&options] { return OpenDatapath(options.datapath); });
  absl::Status card;  // as the last file of packets found it
  const auto run_packets = [&](const conformance::CaseFile& file) {
    auto of_file = packets.Run(file);
    card = of_file.status();
    return of_file;
  };
  std::vector<CaseResult> results;
  for (const std::string& name : *files) {
    const absl::StatusOr<std::string> text = ReadText(name);
    if (!text.ok()) return ReportInputError(text.status());
    const auto of_file = conformance::RunCaseFile(*text, name, run_packets);
    if (!card.ok()) return ReportCardError(card);
    if (!of_file.ok()) return ReportInputError(of_file.status());
    results.insert(results.end(), of_file->begin(), of_file->end());
  }
  return Report(options, results);
}

}  // namespace

void AddTestCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<TestOptions>();
  CLI::App* command = app.add_subcommand(
      "test",
      "Runs conformance files: which packet goes where, which endpoints, connections and health\n"
      "there are, for given Services and a given node.\n"
      "docs/conformance.md describes the format. Example:\n"
      "  pointsman test tests/conformance/cases --datapath card");
  command->add_option("paths", options->paths, "files, or folders of *.yaml files")->required();
  AddDatapathOptions(*command, options->datapath);
  command->add_option("--junit", options->junit,
                      "also write the results to this file, in JUnit's XML");
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunTest(*options); }; });
}

}  // namespace pointsman
