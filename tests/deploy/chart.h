// As much of Helm as the chart uses: values, `if` and `end` on lines of their own, the release's
// namespace.
#ifndef POINTSMAN_TESTS_DEPLOY_CHART_H_
#define POINTSMAN_TESTS_DEPLOY_CHART_H_

#include <yaml-cpp/yaml.h>

#include <string>

namespace pointsman::test {

// What is used besides is left as it stands, "{{ ... }}".
std::string Render(const std::string& chart_template, const YAML::Node& values,
                   const std::string& release_namespace);

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_DEPLOY_CHART_H_
