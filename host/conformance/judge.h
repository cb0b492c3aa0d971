// Compares what was expected with what was met, fact by fact. Pure.
#ifndef POINTSMAN_HOST_CONFORMANCE_JUDGE_H_
#define POINTSMAN_HOST_CONFORMANCE_JUDGE_H_

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/conformance/packet_runner.h"

namespace pointsman::conformance {

// By name. Lists whose order says nothing are sorted by whoever makes them.
using Facts = std::map<std::string, nlohmann::json>;

// A list of texts (or of other values) in an order of its own.
template <typename Values>
nlohmann::json Sorted(const Values& values) {
  std::vector<nlohmann::json> items(values.begin(), values.end());
  std::sort(items.begin(), items.end());
  return items;
}

// Fails the result unless each expected fact is among those met, with the same value; its detail
// then tells both for each that differs. One that is skipped already stays so.
void Judge(const Facts& expected, const Facts& met, CaseResult& result);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_JUDGE_H_
