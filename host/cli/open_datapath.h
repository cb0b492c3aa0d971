// From the options --datapath and --card to a datapath.
#ifndef POINTSMAN_HOST_CLI_OPEN_DATAPATH_H_
#define POINTSMAN_HOST_CLI_OPEN_DATAPATH_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "driver/ring_card.h"
#include "host/datapath/datapath.h"

namespace pointsman {

// Which card, as the user says it: "sim", or the BDF or index of a real one with its xclbin.
struct CardOptions {
  std::string card = "sim";
  std::string xclbin;
};

// Files in which the simulated card tells of itself.
struct SimulationFiles {
  std::optional<std::string> pipeline_trace;
  std::optional<std::string> waveform;
};

struct DatapathOptions {
  std::string datapath = "software";
  CardOptions card;
  SimulationFiles files;
};

void AddCardOptions(CLI::App& command, CardOptions& options);
void AddDatapathOptions(CLI::App& command, DatapathOptions& options);
void AddSimulationFileOptions(CLI::App& command, SimulationFiles& files);

// Asks the simulated card that is opened next for the files, by environment variables: call it
// before other threads read the environment.
// Errors: InvalidArgument if another datapath is chosen or a file cannot be written.
absl::Status RequestSimulationFiles(const DatapathOptions& options);

// Errors: those of OpenCard.
absl::StatusOr<std::unique_ptr<Card>> OpenChosenCard(const CardOptions& options,
                                                     const RingCardOptions& ring_options = {});
absl::StatusOr<std::unique_ptr<Datapath>> OpenDatapath(const DatapathOptions& options);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_OPEN_DATAPATH_H_
