#include "sim/card/options.h"

#include <charconv>
#include <string_view>
#include <tuple>
#include <utility>

#include "fmt/format.h"
#include "sim/card/packet_socket_wire.h"
#include "sim/card/pcap_wire.h"
#include "sim/card/tap_wire.h"
#include "sim/card/unix_socket_wire.h"

namespace pointsman {
namespace {

absl::Status BadValue(const char* variable, std::string_view value, const char* allowed) {
  return absl::InvalidArgumentError(fmt::format("{}='{}': must be {}", variable, value, allowed));
}

absl::StatusOr<WireSpec> ParseWire(const char* variable, std::string_view value) {
  const size_t colon = value.find(':');
  const std::string_view kind = value.substr(0, colon);
  const std::string rest(colon == std::string_view::npos ? "" : value.substr(colon + 1));
  if (value == "none") return NoWire{};
  if (!rest.empty()) {
    if (kind == "veth") return VethInterface{rest};
    if (kind == "tap") return TapInterface{rest};
    if (kind == "unix") return UnixSocket{rest};
    const size_t separator = rest.find(':');
    if (kind == "pcap" && separator != std::string::npos && separator > 0 &&
        separator + 1 < rest.size()) {
      return PcapFiles{rest.substr(0, separator), rest.substr(separator + 1)};
    }
  }
  return BadValue(variable, value, "none, pcap:IN:OUT, veth:IFNAME, tap:IFNAME or unix:PATH");
}

absl::StatusOr<uint64_t> ParseCycles(const char* variable, std::string_view value) {
  uint64_t cycles = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), cycles);
  if (error != std::errc() || end != value.data() + value.size() || cycles == 0) {
    return BadValue(variable, value, "a number of clock cycles, at least 1");
  }
  return cycles;
}

struct WireOpener {
  using Result = absl::StatusOr<std::unique_ptr<Wire>>;
  Result operator()(const NoWire&) const { return std::unique_ptr<Wire>(); }
  Result operator()(const PcapFiles& files) const {
    return PcapWire::Open(files.input, files.output);
  }
  Result operator()(const VethInterface& veth) const { return PacketSocketWire::Open(veth.name); }
  Result operator()(const TapInterface& tap) const { return TapWire::Open(tap.name); }
  Result operator()(const UnixSocket& socket) const { return UnixSocketWire::Open(socket.path); }
};

}  // namespace

absl::StatusOr<EnvironmentOptions> ReadEnvironment(const Environment& environment) {
  EnvironmentOptions options;
  for (auto [variable, spec] : {std::pair{"POINTSMAN_SIM_UPLINK", &options.uplink},
                                std::pair{"POINTSMAN_SIM_NODE", &options.node}}) {
    const char* value = environment(variable);
    if (value == nullptr) continue;
    absl::StatusOr<WireSpec> parsed = ParseWire(variable, value);
    if (!parsed.ok()) return parsed.status();
    *spec = *std::move(parsed);
  }
  for (auto [variable, kind, file] :
       {std::tuple{"POINTSMAN_SIM_WAVEFORM", "the name of an FST file", &options.waveform_path},
        std::tuple{"POINTSMAN_SIM_PIPELINE_TRACE", "the name of a JSON file",
                   &options.pipeline_trace_path}}) {
    const char* path = environment(variable);
    if (path == nullptr) continue;
    if (*path == '\0') return BadValue(variable, path, kind);
    *file = path;
  }
  constexpr const char* kBudget = "POINTSMAN_SIM_CYCLE_BUDGET";
  if (const char* value = environment(kBudget); value != nullptr) {
    absl::StatusOr<uint64_t> cycles = ParseCycles(kBudget, value);
    if (!cycles.ok()) return cycles.status();
    options.cycle_budget = *cycles;
  }
  constexpr const char* kLink = "POINTSMAN_SIM_LINK";
  if (const char* value = environment(kLink); value != nullptr) {
    const std::string_view link = value;
    if (link != "always" && link != "enabled") return BadValue(kLink, link, "always or enabled");
    options.link = link == "enabled" ? Link::kEnabled : Link::kAlways;
  }
  return options;
}

absl::StatusOr<std::unique_ptr<Wire>> OpenWire(const WireSpec& spec) {
  return std::visit(WireOpener{}, spec);
}

}  // namespace pointsman
