// Writes a trace in the JSON object form of Chrome's trace event format, which ui.perfetto.dev and
// chrome://tracing show. The viewers' unit of time is the microsecond; here it stands for a clock.
//
// Text leaves by a function as it is made. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_TRACE_EVENTS_H_
#define POINTSMAN_SIM_CARD_TRACE_EVENTS_H_

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pointsman {

class TraceEvents {
 public:
  using Arguments = nlohmann::ordered_json;  // an object; bytes that are not UTF-8 are replaced
  using Write = std::function<void(std::string_view text)>;

  TraceEvents(Write write, const std::string& process);

  // Tracks are shown by number, ascending. Several may have one name.
  void NameTrack(uint32_t track, const std::string& name);

  // REQUIRES: slices of one track do not overlap; viewers drop what does.
  void Slice(uint32_t track, const std::string& name, uint64_t clock, uint64_t duration_clocks,
             Arguments arguments);

  // From this clock on.
  void Counter(const std::string& name, const std::string& unit, uint64_t clock, uint64_t value);

  // Ends the trace; `about` are facts of all of it.
  void Finish(const Arguments& about);

 private:
  void Append(nlohmann::ordered_json event);

  Write write_;
  bool empty_ = true;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_TRACE_EVENTS_H_
