#include "host/cli/node_options.h"

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
