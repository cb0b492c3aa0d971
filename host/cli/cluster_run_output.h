// What a scenario's run found (sim/cluster/run.h), for eyes and for programs. Pure.
#ifndef POINTSMAN_HOST_CLI_CLUSTER_RUN_OUTPUT_H_
#define POINTSMAN_HOST_CLI_CLUSTER_RUN_OUTPUT_H_

#include <string>

#include "sim/cluster/run.h"

namespace pointsman {

// The last line is "N passed, N failed". `verbose`: with every probe's walk, else that of those
// that went wrong.
std::string ScenarioText(const cluster::Scenario& scenario, const cluster::ScenarioReport& report,
                         bool verbose);
std::string ScenarioJson(const cluster::ScenarioReport& report);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_CLUSTER_RUN_OUTPUT_H_
