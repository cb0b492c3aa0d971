// From the options --datapath and --card to a datapath.
#ifndef POINTSMAN_HOST_CLI_OPEN_DATAPATH_H_
#define POINTSMAN_HOST_CLI_OPEN_DATAPATH_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "driver/card.h"
#include "host/datapath/datapath.h"

namespace pointsman {

// Which card, as the user says it: "sim", or the BDF or index of a real one with its xclbin.
struct CardOptions {
  std::string card = "sim";
  std::string xclbin;
};

struct DatapathOptions {
  std::string datapath = "software";
  CardOptions card;
};

void AddCardOptions(CLI::App& command, CardOptions& options);
void AddDatapathOptions(CLI::App& command, DatapathOptions& options);

// Errors: those of OpenCard.
absl::StatusOr<std::unique_ptr<Card>> OpenChosenCard(const CardOptions& options);
absl::StatusOr<std::unique_ptr<Datapath>> OpenDatapath(const DatapathOptions& options);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_OPEN_DATAPATH_H_
