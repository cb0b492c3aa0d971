// One figure as ./figures prints it, and lists of them as text or JSON.
#ifndef POINTSMAN_TESTS_BENCH_FIGURE_H_
#define POINTSMAN_TESTS_BENCH_FIGURE_H_

#include <fmt/format.h>

#include <string>
#include <vector>

namespace pointsman {

struct Figure {
  std::string group, name, unit;
  double value = 0;
  std::string goal;
  bool ok = false;
};

inline std::string Json(const std::vector<Figure>& figures) {
  std::string json;
  for (const Figure& f : figures) {
    json += fmt::format(
        R"({}{{"group": "{}", "name": "{}", "value": {:.6g}, "unit": "{}", "goal": "{}", "ok": {}}})",
        json.empty() ? "" : ", ", f.group, f.name, f.value, f.unit, f.goal, f.ok);
  }
  return "[" + json + "]\n";
}

// Names, values and units.
inline std::string Brief(const std::vector<Figure>& figures) {
  std::string text;
  for (const Figure& f : figures) {
    text += fmt::format("  {:<32} {:.6g} {}\n", f.name, f.value, f.unit);
  }
  return text;
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_FIGURE_H_
