#include <fmt/format.h>

#include "host/cardd/card_process.h"
#include "host/cardd/card_server.h"
#include "host/cardd/channel.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/open_datapath.h"

namespace pointsman {
namespace {

struct CarddOptions {
  CardOptions card;
  bool adopt = false;
};

// The agent is told by the channel what is wrong, and says it.
int RunCardd(const CarddOptions& options) {
  const auto channel = cardd::Channel::Open(cardd::kChannelDescriptor);
  if (!channel.ok()) return ReportInputError(channel.status());
  if (absl::Status status = cardd::PrepareChild((*channel)->parent()); !status.ok()) {
    return ReportInputError(status);
  }
  RingCardOptions ring_options;
  ring_options.adopt = options.adopt;
  const auto card = OpenChosenCard(options.card, ring_options);
  if (!card.ok()) {
    cardd::TellFailure(**channel, card.status());
    return kExitNoCard;
  }
  return cardd::CardServer(**channel, **card).Run().ok() ? kExitDone : kExitNoCard;
}

}  // namespace

void AddCarddCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<CarddOptions>();
  CLI::App* command = app.add_subcommand(
      "cardd",
      "Holds the card for an agent, which starts this by itself and again when it ends: a fault of "
      "the card ends\nwhoever has it open. Nothing to be started by hand.");
  AddCardOptions(*command, options->card);
  command->add_flag("--adopt", options->adopt, "take over a card that forwards, as it is");
  command->callback([options, &run] { run = [options] { return RunCardd(*options); }; });
}

}  // namespace pointsman
