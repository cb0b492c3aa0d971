#include "sim/card/trace_events.h"

#include <utility>

namespace pointsman {
namespace {

constexpr int kProcess = 1;

std::string Text(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false,
                    nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

TraceEvents::TraceEvents(Write write, const std::string& process) : write_(std::move(write)) {
  write_("{\"traceEvents\": [");
  Append({{"ph", "M"}, {"name", "process_name"}, {"args", {{"name", process}}}});
}

void TraceEvents::NameTrack(uint32_t track, const std::string& name) {
  Append({{"ph", "M"}, {"name", "thread_name"}, {"tid", track}, {"args", {{"name", name}}}});
  Append({{"ph", "M"},
          {"name", "thread_sort_index"},
          {"tid", track},
          {"args", {{"sort_index", track}}}});
}

void TraceEvents::Slice(uint32_t track, const std::string& name, uint64_t clock,
                        uint64_t duration_clocks, Arguments arguments) {
  Append({{"ph", "X"},
          {"name", name},
          {"tid", track},
          {"ts", clock},
          {"dur", duration_clocks},
          {"args", std::move(arguments)}});
}

void TraceEvents::Counter(const std::string& name, const std::string& unit, uint64_t clock,
                          uint64_t value) {
  Append({{"ph", "C"}, {"name", name}, {"ts", clock}, {"args", {{unit, value}}}});
}

void TraceEvents::Finish(const Arguments& about) {
  write_("\n], \"otherData\": ");
  write_(Text(about));
  write_("}\n");
}

void TraceEvents::Append(nlohmann::ordered_json event) {
  event["pid"] = kProcess;
  write_(empty_ ? "\n" : ",\n");
  write_(Text(event));
  empty_ = false;
}

}  // namespace pointsman
