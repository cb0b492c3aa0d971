#include "host/cli/open_datapath.h"

#include <filesystem>
#include <utility>

#include "driver/open_card.h"
#include "host/datapath/card_executor.h"
#include "host/datapath/pipeline_executor.h"

namespace pointsman {

void AddCardOptions(CLI::App& command, CardOptions& options) {
  command
      .add_option(
          "--card", options.card,
          "sim for the simulated card, else the BDF (0000:3b:00.1) or index (0) of a real one")
      ->capture_default_str();
  command.add_option("--xclbin", options.xclbin, "what to load into a real card");
}

void AddDatapathOptions(CLI::App& command, DatapathOptions& options) {
  command.add_option("--datapath", options.datapath, "what runs the packets: software or card")
      ->check(CLI::IsMember({"software", "card"}))
      ->capture_default_str();
  AddCardOptions(command, options.card);
}

absl::StatusOr<std::unique_ptr<Card>> OpenChosenCard(const CardOptions& options) {
  if (options.card == "sim") return OpenCard(SimulatedCardAddress{POINTSMAN_SIMULATED_CARD_FOLDER});
  if (options.xclbin.empty()) {
    return absl::InvalidArgumentError(
        "--card names a real card: --xclbin must say what to load into it");
  }
  if (!std::filesystem::exists(options.xclbin)) {
    return absl::InvalidArgumentError(options.xclbin + ": no such file (--xclbin)");
  }
  return OpenCard(HardwareCardAddress{options.card, options.xclbin});
}

absl::StatusOr<std::unique_ptr<Datapath>> OpenDatapath(const DatapathOptions& options) {
  if (options.datapath == "software")
    return std::make_unique<Datapath>(MakePipelineExecutor(kAlveoU250Sizes));
  absl::StatusOr<std::unique_ptr<Card>> card = OpenChosenCard(options.card);
  if (!card.ok()) return card.status();
  return std::make_unique<Datapath>(MakeCardExecutor(*std::move(card)));
}

}  // namespace pointsman
