// The subcommands of pointsman. Each Add... describes its options to the command line and sets
// `run` to what is to be done once they are parsed; the result is the exit code
// (host/cli/exit_code.h).
#ifndef POINTSMAN_HOST_CLI_COMMANDS_H_
#define POINTSMAN_HOST_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

namespace pointsman {

using Run = std::function<int()>;

void AddAgentCommand(CLI::App& app, Run& run);
void AddTestCommand(CLI::App& app, Run& run);
void AddReplayCommand(CLI::App& app, Run& run);
void AddTraceCommand(CLI::App& app, Run& run);
void AddGetCommand(CLI::App& app, Run& run);
void AddTopCommand(CLI::App& app, Run& run);
void AddClusterCommand(CLI::App& app, Run& run);
void AddCarddCommand(CLI::App& app, Run& run);
void AddCardCommand(CLI::App& app, Run& run);
void AddCardDumpCommand(CLI::App& card, Run& run);  // below `card`

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_COMMANDS_H_
