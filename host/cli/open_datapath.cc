#include "host/cli/open_datapath.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "driver/open_card.h"
#include "host/datapath/card_executor.h"
#include "host/datapath/pipeline_executor.h"

namespace pointsman {
namespace {

constexpr const char* kPipelineTrace = "--pipeline-trace";
constexpr const char* kWaveform = "--waveform";

// A card that records all its signals is a hundred times slower.
constexpr std::chrono::seconds kWaveformDeadline(60);

// A simulated card that shares two cores with others takes seconds to clear a table.
constexpr std::chrono::milliseconds kSimulationDeadline(20'000);

// Leaves what is in the file: nothing has run yet.
absl::Status CheckWritable(const char* option, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "a");
  if (file == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("{}: cannot be written ({}): {}", path, option, std::strerror(errno)));
  }
  std::fclose(file);
  return absl::OkStatus();
}

}  // namespace

void AddCardOptions(CLI::App& command, CardOptions& options) {
  command
      .add_option("--card", options.card,
                  "sim for the simulated card, none for none (only of `agent`), else the BDF "
                  "(0000:3b:00.1) or "
                  "index (0) of a real one")
      ->capture_default_str();
  command.add_option("--xclbin", options.xclbin, "what to load into a real card");
}

void AddDatapathOptions(CLI::App& command, DatapathOptions& options) {
  command.add_option("--datapath", options.datapath, "what runs the packets: software or card")
      ->check(CLI::IsMember({"software", "card"}))
      ->capture_default_str();
  AddCardOptions(command, options.card);
}

void AddSimulationFileOptions(CLI::App& command, SimulationFiles& files) {
  command.add_option(kPipelineTrace, files.pipeline_trace,
                     "with the simulated card: JSON file for ui.perfetto.dev, each packet in each "
                     "stage of the datapath");
  command.add_option(kWaveform, files.waveform,
                     "with the simulated card: FST file for GTKWave, all signals (slow)");
}

absl::Status RequestSimulationFiles(const DatapathOptions& options) {
  const struct {
    const char* option;
    const std::optional<std::string>& path;
    const char* variable;
  } requests[] = {
      {kPipelineTrace, options.files.pipeline_trace, "POINTSMAN_SIM_PIPELINE_TRACE"},
      {kWaveform, options.files.waveform, "POINTSMAN_SIM_WAVEFORM"},
  };
  for (const auto& [option, path, variable] : requests) {
    if (!path) continue;
    if (options.datapath != "card" || options.card.card != "sim") {
      return absl::InvalidArgumentError(
          fmt::format("{} shows the inside of the simulated card: it needs --datapath card and "
                      "--card sim, not {}",
                      option,
                      options.datapath == "card" ? fmt::format("--card {}", options.card.card)
                                                 : fmt::format("--datapath {}", options.datapath)));
    }
    if (absl::Status status = CheckWritable(option, *path); !status.ok()) return status;
    constexpr int kOverwrite = 1;
    setenv(variable, path->c_str(), kOverwrite);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Card>> OpenChosenCard(const CardOptions& options,
                                                     const RingCardOptions& ring_options) {
  if (options.card == "sim") {
    RingCardOptions patient = ring_options;
    patient.deadline = std::max(patient.deadline, kSimulationDeadline);
    return OpenCard(SimulatedCardAddress{POINTSMAN_SIMULATED_CARD_FOLDER}, patient);
  }
  if (options.card == "none") {
    return absl::InvalidArgumentError("--card none: only `agent` can do without a card");
  }
  if (options.xclbin.empty()) {
    return absl::InvalidArgumentError(
        "--card names a real card: --xclbin must say what to load into it");
  }
  if (!std::filesystem::exists(options.xclbin)) {
    return absl::InvalidArgumentError(options.xclbin + ": no such file (--xclbin)");
  }
  return OpenCard(HardwareCardAddress{options.card, options.xclbin}, ring_options);
}

absl::StatusOr<std::unique_ptr<Datapath>> OpenDatapath(const DatapathOptions& options) {
  if (options.datapath == "software")
    return std::make_unique<Datapath>(MakePipelineExecutor(kAlveoU250Sizes));
  RingCardOptions ring_options;
  if (options.files.waveform) ring_options.deadline = kWaveformDeadline;
  absl::StatusOr<std::unique_ptr<Card>> card = OpenChosenCard(options.card, ring_options);
  if (!card.ok()) return card.status();
  return std::make_unique<Datapath>(MakeCardExecutor(*std::move(card)));
}

}  // namespace pointsman
