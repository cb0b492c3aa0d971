#include "host/cli/commands.h"
#include "host/cli/exit_code.h"

int main(int argc, char** argv) {
  CLI::App app(
      "Forwards a Kubernetes node's Services in an FPGA SmartNIC, or shows what it would do.\n"
      "Without a card everything runs on a cycle-accurate simulation of it.\n"
      "Exit codes: 0 done, 1 a test failed, 2 wrong use or input, 3 no card or a card fault.");
  app.name("pointsman");
  app.require_subcommand(1);
  pointsman::Run run;
  pointsman::AddAgentCommand(app, run);
  pointsman::AddTestCommand(app, run);
  pointsman::AddReplayCommand(app, run);
  pointsman::AddTraceCommand(app, run);
  pointsman::AddClusterCommand(app, run);
  pointsman::AddGetCommand(app, run);
  pointsman::AddTopCommand(app, run);
  pointsman::AddCardCommand(app, run);
  pointsman::AddCarddCommand(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? pointsman::kExitDone : pointsman::kExitWrongUse;
  }
  return run();
}
