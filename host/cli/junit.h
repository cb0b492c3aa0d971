// Conformance results as a JUnit document, for CI systems. Pure.
#ifndef POINTSMAN_HOST_CLI_JUNIT_H_
#define POINTSMAN_HOST_CLI_JUNIT_H_

#include <string>
#include <vector>

#include "host/conformance/packet_runner.h"

namespace pointsman {

std::string JunitDocument(const std::vector<conformance::CaseResult>& results);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_JUNIT_H_
