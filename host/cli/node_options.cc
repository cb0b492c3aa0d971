#include "host/cli/node_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

namespace pointsman {
namespace {

const std::map<std::string, Scheduler>& Schedulers() {
  static const auto* const kSchedulers =
      new std::map<std::string, Scheduler>{{"random", Scheduler::kRandom},
                                           {"rr", Scheduler::kRoundRobin},
                                           {"lc", Scheduler::kLeastConnection},
                                           {"sh", Scheduler::kSourceHash},
                                           {"mh", Scheduler::kMaglevHash}};
  return *kSchedulers;
}

// What a label may have as its value, which becomes part of a selector. What is wrong; empty:
// nothing.
std::string CheckLabelValue(const std::string& text) {
  constexpr size_t kMaxLength = 63;
  const auto is_letter_or_digit = [](unsigned char c) { return c < 128 && std::isalnum(c) != 0; };
  if (text.empty()) return "";
  const bool is_one = text.size() <= kMaxLength && is_letter_or_digit(text.front()) &&
                      is_letter_or_digit(text.back()) && std::ranges::all_of(text, [&](char c) {
                        return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
                      });
  return is_one ? "" : fmt::format("'{}' is no value of a label", text);
}

void AddPrefixes(CLI::App& command, const std::string& name, const std::string& help,
                 std::vector<kube::IpPrefix>& prefixes) {
  command
      .add_option_function<std::vector<std::string>>(
          name,
          [name, &prefixes](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              const auto prefix = kube::IpPrefix::Parse(text);
              if (!prefix.ok())
                throw CLI::ValidationError(name, std::string(prefix.status().message()));
              prefixes.push_back(*prefix);
            }
          },
          help)
      ->delimiter(',')
      ->type_name("CIDR,...");
}

}  // namespace

void AddNodeOptions(CLI::App& command, NodeOverrides& overrides) {
  command
      .add_option("--scheduler", overrides.scheduler,
                  "how an endpoint is chosen for a new connection: random (by hash, what the card "
                  "does itself), or as IPVS does, in software: rr, lc, sh, mh")
      ->transform(CLI::CheckedTransformer(Schedulers()))
      ->default_str("random");
  command
      .add_option(
          "--service-proxy-name", overrides.service_proxy_name,
          "serve only Services whose label service.kubernetes.io/service-proxy-name has "
          "this value (default, or empty: only those without the label, as kube-proxy does)")
      ->check(CheckLabelValue);
  AddPrefixes(command, "--cluster-cidr",
              "addresses of pods, where the Nodes' spec.podCIDRs do not say it",
              overrides.pod_cidrs);
  AddPrefixes(command, "--service-cidr",
              "addresses that only Services have: others of them are dropped",
              overrides.service_cidrs);
  AddPrefixes(command, "--nodeport-addresses",
              "node ports work on the node's addresses among these (default: its primary ones)",
              overrides.node_port_addresses);
  command.add_flag("--masquerade-all", overrides.masquerade_all,
                   "masquerade all traffic to cluster IPs");
}

}  // namespace pointsman
