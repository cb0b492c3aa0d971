#include "host/cli/top_table.h"

#include <algorithm>
#include <map>
#include <string>

namespace pointsman {
namespace {

using nlohmann::json;

double Rate(const json& before, const json& after, double seconds) {
  const auto count = after.get<uint64_t>();
  const uint64_t since = before.is_number() ? before.get<uint64_t>() : 0;
  return static_cast<double>(count >= since ? count - since : count) / seconds;
}

}  // namespace

json TopOf(const json& before, const json& after, double seconds, size_t frontends_max) {
  json top = {{"packets_per_s", json::object()},
              {"connections", after["connections"]["count"]},
              {"frontends", json::array()}};
  for (const auto& [kind, count] : after["packets"].items()) {
    top["packets_per_s"][kind] = Rate(before["packets"].value(kind, json()), count, seconds);
  }
  std::map<std::string, json> known;
  for (const json& frontend : before["frontends"]) known[frontend["name"]] = frontend;
  for (const json& frontend : after["frontends"]) {
    const json& since = known[frontend["name"]];
    const auto rate = [&](const char* field) {
      return Rate(since.is_null() ? json() : since[field], frontend[field], seconds);
    };
    top["frontends"].push_back({{"name", frontend["name"]},
                                {"address", frontend["address"]},
                                {"protocol", frontend["protocol"]},
                                {"packets_per_s", rate("packets")},
                                {"bits_per_s", 8 * rate("bytes")}});
  }
  std::stable_sort(top["frontends"].begin(), top["frontends"].end(),
                   [](const json& a, const json& b) {
                     return a["packets_per_s"].get<double>() > b["packets_per_s"].get<double>();
                   });
  if (top["frontends"].size() > frontends_max) {
    top["frontends"].erase(top["frontends"].begin() + static_cast<ptrdiff_t>(frontends_max),
                           top["frontends"].end());
  }
  return top;
}

}  // namespace pointsman
