// What a simulated card is connected to and how it is watched: read from the environment, because
// a library that XRT loads has no other channel. A table of the variables is in README.md here.
#ifndef POINTSMAN_SIM_CARD_OPTIONS_H_
#define POINTSMAN_SIM_CARD_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "sim/card/wire.h"

namespace pointsman {

struct NoWire {};
struct PcapFiles {
  std::string input;
  std::string output;
};
struct VethInterface {
  std::string name;
};
struct TapInterface {
  std::string name;
};
struct UnixSocket {
  std::string path;
};
using WireSpec = std::variant<NoWire, PcapFiles, VethInterface, TapInterface, UnixSocket>;

// When the card's ports have a link.
enum class Link : uint8_t {
  kAlways,
  kEnabled,  // once the host has taken the card out of mode bypass: for wires that somebody else
             // carries until then
};

struct EnvironmentOptions {
  WireSpec uplink;
  WireSpec node;
  std::string waveform_path;        // empty: none
  std::string pipeline_trace_path;  // empty: none
  uint64_t cycle_budget = 0;        // 0: no limit
  Link link = Link::kAlways;
};

// Gives a variable's value, or null where it is not set.
using Environment = std::function<const char*(const char* name)>;

// Errors: InvalidArgument naming the variable, its value and what is allowed.
absl::StatusOr<EnvironmentOptions> ReadEnvironment(const Environment& environment);

// Null for NoWire. Errors: those of the wire's Open.
absl::StatusOr<std::unique_ptr<Wire>> OpenWire(const WireSpec& spec);

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_OPTIONS_H_
