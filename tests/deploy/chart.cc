#include "tests/deploy/chart.h"

#include <algorithm>
#include <regex>
#include <sstream>
#include <vector>

namespace pointsman::test {
namespace {

// ".Values.card.address"; empty where there is none.
std::string ValueOf(const std::string& path, const YAML::Node& values) {
  std::istringstream names(path.substr(std::string(".Values.").size()));
  YAML::Node at = YAML::Clone(values);
  for (std::string name; std::getline(names, name, '.');) {
    if (!at.IsMap() || !at[name]) return "";
    at.reset(at[name]);
  }
  return at.IsScalar() ? at.as<std::string>() : "";
}

std::string Substituted(const std::string& line, const YAML::Node& values,
                        const std::string& release_namespace) {
  static const std::regex kPlaceholder(R"(\{\{ (\.Values\.[\w.]+|\.Release\.Namespace) \}\})");
  std::string out;
  std::string rest = line;
  for (std::smatch match; std::regex_search(rest, match, kPlaceholder); rest = match.suffix()) {
    const std::string path = match[1];
    out += match.prefix();
    out += path == ".Release.Namespace" ? release_namespace : ValueOf(path, values);
  }
  return out + rest;
}

}  // namespace

std::string Render(const std::string& chart_template, const YAML::Node& values,
                   const std::string& release_namespace) {
  static const std::regex kIf(R"( *\{\{- if (\.Values\.[\w.]+) \}\})");
  static const std::regex kEnd(R"( *\{\{- end \}\})");
  std::string out;
  std::vector<bool> conditions;
  std::istringstream lines(chart_template);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kIf)) {
      conditions.push_back(!ValueOf(match[1], values).empty());
    } else if (std::regex_match(line, kEnd) && !conditions.empty()) {
      conditions.pop_back();
    } else if (std::ranges::find(conditions, false) == conditions.end()) {
      out += Substituted(line, values, release_namespace) + "\n";
    }
  }
  return out;
}

}  // namespace pointsman::test
