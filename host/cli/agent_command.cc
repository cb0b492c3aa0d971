#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>

#include "absl/time/clock.h"
#include "host/agent/agent.h"
#include "host/agent/api_feed.h"
#include "host/agent/http_listener.h"
#include "host/agent/manifest_feed.h"
#include "host/agent/metrics.h"
#include "host/agent/node_network.h"
#include "host/apiserver/in_cluster.h"
#include "host/apiserver/kubeconfig.h"
#include "host/cardd/failover_card.h"
#include "host/cardd/remote_card.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/node_options.h"
#include "host/cli/open_datapath.h"
#include "host/cli/socket_address.h"
#include "host/dns/server.h"
#include "host/dns/zone.h"
#include "host/ports/port_card.h"

namespace pointsman {
namespace {

struct AgentOptions {
  std::string node;
  std::string manifests;
  std::string kubeconfig;
  std::string context;
  NodeOverrides node_overrides;
  CardOptions card;
  PortCardOptions ports;
  std::string state_folder;
  std::string status_socket = kStatusSocket;
  std::string healthz = fmt::format("0.0.0.0:{}", kProxyHealthPort);
  std::string dns;
  std::string dns_upstream;
  std::string cluster_domain = dns::kDefaultDomain;
  std::string metrics = fmt::format("127.0.0.1:{}", kMetricsPort);
};

constexpr uint16_t kDnsPort = 53;

std::atomic<bool> stop_requested = false;

void RequestStop(int) { stop_requested = true; }

// nullptr for an empty text: no health server is wanted.
absl::StatusOr<std::unique_ptr<HealthServer>> OpenHealthServer(const std::string& text) {
  if (text.empty()) return nullptr;
  const auto socket = ParseSocketAddress(text, std::nullopt);
  if (!socket.ok()) return socket.status();
  HealthServerOptions options;
  options.address = socket->first;
  options.port = socket->second;
  return HealthServer::Open(options);
}

// nullptr where no names are to be answered.
absl::StatusOr<std::shared_ptr<dns::Server>> OpenDnsServer(const AgentOptions& options) {
  if (options.dns.empty()) return nullptr;
  const auto listen = ParseSocketAddress(options.dns, kDnsPort);
  if (!listen.ok()) return listen.status();
  dns::ServerOptions server_options{.listen = {listen->first, listen->second}};
  if (!options.dns_upstream.empty()) {
    const auto upstream = ParseSocketAddress(options.dns_upstream, kDnsPort);
    if (!upstream.ok()) return upstream.status();
    server_options.upstream = dns::ServerAddress{upstream->first, upstream->second};
  }
  absl::StatusOr<std::unique_ptr<dns::Server>> server = dns::Server::Open(server_options);
  if (!server.ok()) return server.status();
  return std::shared_ptr<dns::Server>(*std::move(server));
}

OnObjects UpdateNames(const std::shared_ptr<dns::Server>& server, const std::string& domain) {
  if (server == nullptr) return {};
  return [server, domain](const kube::ObjectSet& objects) {
    server->Update(std::make_shared<const dns::Zone>(dns::Zone::Of(objects, domain)));
  };
}

constexpr const char* kNoCard = "none";

// A simulated card begins and ends with its process, and what ports know where nothing is kept.
bool OutlivesAgents(const AgentOptions& options) {
  if (options.card.card == kNoCard) return !options.state_folder.empty();
  return options.card.card != "sim";
}

// nullptr for an empty text: none is wanted. Borrows `metrics`.
absl::StatusOr<std::unique_ptr<HttpListener>> OpenMetricsServer(const std::string& text,
                                                                const AgentMetrics& metrics) {
  if (text.empty()) return nullptr;
  const auto socket = ParseSocketAddress(text, std::nullopt);
  if (!socket.ok()) return socket.status();
  return HttpListener::Open(socket->first, socket->second, [&metrics](const std::string& path) {
    const bool known = path == "/metrics";
    return HealthAnswer{.status = known ? 200 : 404,
                        .headers = {},
                        .body = known ? metrics.Text() : "there is /metrics\n",
                        .content_type = kMetricsType};
  });
}

// What carries the node's packets.
struct Carrier {
  std::unique_ptr<Card> card;
  const CardStatus* status = nullptr;  // of a card that may come back
};

// A simulated card shares its cores with everybody.
constexpr std::chrono::milliseconds kSimulationHungAfter(2000);

// What holds the card.
std::vector<std::string> CarddCommand(const CardOptions& card, bool adopt) {
  std::vector<std::string> command = {"/proc/self/exe", "cardd", "--card", card.card};
  if (!card.xclbin.empty()) command.insert(command.end(), {"--xclbin", card.xclbin});
  if (adopt) command.push_back("--adopt");
  return command;
}

// A card that has been replaced by ports comes back empty; without them it may have gone on.
absl::StatusOr<Carrier> OpenCard(const AgentOptions& options) {
  const bool outlives = OutlivesAgents(options);
  const bool has_ports = !options.ports.ports.empty();
  if (has_ports && options.card.card == "sim") {
    // Its wires may be the ports' own: no frame is to go both ways.
    constexpr int kKeep = 0;
    setenv("POINTSMAN_SIM_LINK", "enabled", kKeep);
  }
  cardd::RemoteCardOptions remote_options;
  if (options.card.card == "sim") remote_options.hung_after = kSimulationHungAfter;
  auto source = std::make_unique<cardd::ChildCardSource>(
      CarddCommand(options.card, outlives), CarddCommand(options.card, outlives && !has_ports),
      remote_options);
  absl::StatusOr<std::unique_ptr<Card>> card = cardd::AwaitCard(*source);
  if (!card.ok()) return card.status();
  std::unique_ptr<StandbyCard> ports;
  if (has_ports) {
    PortCardOptions port_options = options.ports;
    port_options.sizes = (*card)->description().sizes;
    absl::StatusOr<std::unique_ptr<StandbyCard>> opened = OpenPortCard(port_options);
    if (!opened.ok()) return opened.status();
    ports = *std::move(opened);
  }
  auto failover = std::make_unique<cardd::FailoverCard>(
      std::move(source), *std::move(card), std::move(ports),
      cardd::FailoverOptions{.may_hold = outlives && !has_ports});
  if (outlives) {
    if (absl::Status status = failover->Adopt(); !status.ok()) return status;
  }
  const CardStatus& status = failover->status();
  return Carrier{std::move(failover), &status};
}

absl::StatusOr<Carrier> OpenCarrier(const AgentOptions& options) {
  if (options.card.card != kNoCard) return OpenCard(options);
  PortCardOptions port_options = options.ports;
  port_options.state_folder = options.state_folder;
  absl::StatusOr<std::unique_ptr<StandbyCard>> ports = OpenPortCard(port_options);
  if (!ports.ok()) return ports.status();
  return Carrier{*std::move(ports)};
}

void AddPortOptions(CLI::App& command, PortCardOptions& ports) {
  command
      .add_option(
          "--port", ports.ports,
          "twice: the port to the network, then the one to the node, each as DPDK calls it; they "
          "carry the node with\n--card none, and else while the card is away\n"
          "(net_af_packet0,iface=eth1, net_af_xdp0,iface=eth1, net_tap0, 0000:3b:00.0)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--cores", ports.cores,
                  "with --port: how many cores carry packets, a power of two")
      ->capture_default_str();
  command
      .add_option("--connections", ports.connections,
                  "with --card none: room for so many connections over IPv4, a power of two, and a "
                  "quarter of them over IPv6")
      ->capture_default_str();
  command
      .add_option("--eal", ports.eal,
                  "with --port: more arguments of DPDK's environment, such as --eal=-m "
                  "--eal=1024")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// A simulated card's clock is no measure of time, and ports have none.
uint32_t TickCycles(const CardOptions& card) {
  constexpr uint32_t kClockHz = 300'000'000;
  return card.card == "sim" || card.card == kNoCard ? 0 : kClockHz / kTicksPerSecond;
}

// A simulated card is in no wire of this node.
NetworkReader NetworkOf(const CardOptions& card) {
  return card.card == "sim" ? NetworkReader() : ReadNodeNetwork;
}

absl::StatusOr<kube::ServerConfig> ConfigOfServer(const AgentOptions& options) {
  return options.kubeconfig.empty() ? kube::InClusterConfig()
                                    : kube::OpenKubeconfig(options.kubeconfig, options.context);
}

// Nothing without a folder.
absl::StatusOr<KeptSoftware> OpenKept(const std::string& folder) {
  if (folder.empty()) return KeptSoftware();
  std::vector<std::string> notes;
  absl::StatusOr<KeptSoftware> kept = OpenKeptSoftware(folder, notes);
  for (const std::string& note : notes) spdlog::warn("{}", note);
  return kept;
}

// Runs until it is asked to stop; `start` lets the feed begin, once the environment is set.
int RunWith(const AgentOptions& options, AgentMetrics& metrics, std::unique_ptr<Feed> feed,
            const std::function<void()>& start) {
  absl::StatusOr<KeptSoftware> kept = OpenKept(options.state_folder);
  if (!kept.ok()) return ReportInputError(kept.status());
  // Opening a card sets the environment, so no other thread runs yet.
  absl::StatusOr<Carrier> carrier = OpenCarrier(options);
  if (!carrier.ok()) return ReportCardError(carrier.status());
  absl::StatusOr<std::unique_ptr<StatusServer>> status = StatusServer::Open(options.status_socket);
  if (!status.ok()) return ReportInputError(status.status());
  absl::StatusOr<std::unique_ptr<HealthServer>> health = OpenHealthServer(options.healthz);
  if (!health.ok()) return ReportInputError(health.status());
  const absl::StatusOr<std::unique_ptr<HttpListener>> metrics_server =
      OpenMetricsServer(options.metrics, metrics);
  if (!metrics_server.ok()) return ReportInputError(metrics_server.status());
  start();

  std::signal(SIGTERM, RequestStop);
  std::signal(SIGINT, RequestStop);
  spdlog::info("node {}: card of profile {} is up, status on {}", options.node,
               carrier->card->description().profile, options.status_socket);
  Agent agent(options.node, std::move(carrier->card), TickCycles(options.card), std::move(feed),
              *std::move(status), *std::move(health), OutlivesAgents(options), metrics,
              carrier->status, *std::move(kept));
  if (absl::Status result = agent.Run(stop_requested); !result.ok()) return ReportCardError(result);
  return kExitDone;
}

int RunOnManifests(const AgentOptions& options, OnObjects on_objects) {
  absl::StatusOr<std::unique_ptr<ManifestFeed>> feed = ManifestFeed::Open(
      options.manifests, options.node, options.node_overrides, std::move(on_objects));
  if (!feed.ok()) return ReportInputError(feed.status());
  if (const std::vector<std::string> problems = (*feed)->FirstProblems(); !problems.empty()) {
    for (const std::string& problem : problems) fmt::print(stderr, "pointsman: {}\n", problem);
    fmt::print(stderr, "pointsman: nothing was programmed; mend the manifests and start again\n");
    return kExitWrongUse;
  }
  ManifestFeed& to_start = **feed;
  AgentMetrics metrics(absl::Now());
  return RunWith(options, metrics, *std::move(feed), [&to_start] { to_start.Start(); });
}

int RunOnApiServer(const AgentOptions& options, OnObjects on_objects) {
  absl::StatusOr<kube::ServerConfig> config = ConfigOfServer(options);
  if (!config.ok()) return ReportInputError(config.status());
  spdlog::info("following {}", config->name);
  AgentMetrics metrics(absl::Now());
  absl::StatusOr<std::unique_ptr<ApiFeed>> feed = ApiFeed::Open(
      *std::move(config), options.node, options.node_overrides, metrics, std::move(on_objects));
  if (!feed.ok()) return ReportInputError(feed.status());
  ApiFeed& to_start = **feed;
  return RunWith(options, metrics, *std::move(feed),
                 [&] { to_start.Start(NetworkOf(options.card)); });
}

int RunAgent(const AgentOptions& options) {
  auto names = OpenDnsServer(options);
  if (!names.ok()) return ReportInputError(names.status());
  OnObjects on_objects = UpdateNames(*names, options.cluster_domain);
  return options.manifests.empty() ? RunOnApiServer(options, std::move(on_objects))
                                   : RunOnManifests(options, std::move(on_objects));
}

}  // namespace

void AddAgentCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<AgentOptions>();
  CLI::App* command = app.add_subcommand(
      "agent",
      "Keeps a card programmed with the Services of a cluster's API server or of a folder of "
      "manifests, either of which\n"
      "it watches, and serves what the card hands over, until it gets SIGTERM. Without "
      "--kubeconfig "
      "and --manifests it\n"
      "asks the API server of the cluster in which it runs as a pod. `pointsman get` asks a "
      "running "
      "agent. Examples:\n"
      "  pointsman agent --node worker-1 --manifests examples/web-shop/manifests --card sim\n"
      "  pointsman agent --node worker-1 --kubeconfig ~/.kube/config --card 0000:3b:00.1 --xclbin "
      "card.xclbin\n"
      "  pointsman agent --node worker-1 --manifests DIR --card none --port "
      "net_af_packet0,iface=eth1 --port "
      "net_af_packet1,iface=eth2");
  command->add_option("--node", options->node, "name of the Node this is")->required();
  CLI::Option* manifests = command->add_option(
      "--manifests", options->manifests, "folder of Kubernetes manifests, watched for changes");
  CLI::Option* kubeconfig =
      command
          ->add_option("--kubeconfig", options->kubeconfig,
                       "file that says how to reach the API server, as kubectl reads it")
          ->excludes(manifests);
  command
      ->add_option("--context", options->context,
                   "context of the kubeconfig (default: its current-context)")
      ->needs(kubeconfig);
  AddNodeOptions(*command, options->node_overrides);
  AddCardOptions(*command, options->card);
  AddPortOptions(*command, options->ports);
  command->add_option(
      "--state-dir", options->state_folder,
      "folder in which is kept what the agent knows and no card does, so that the next agent goes "
      "on with it, whatever ended\nthis one: connections in software, session affinity, and with "
      "--card none tables and all connections; best in memory\n(/run/pointsman/state)");
  command
      ->add_option("--status", options->status_socket,
                   "Unix socket on which the agent says how it is")
      ->capture_default_str();
  command
      ->add_option(
          "--healthz-bind-address", options->healthz,
          "address:port of /healthz and /livez; empty: no health is told, that of Services "
          "(healthCheckNodePort) neither")
      ->capture_default_str();
  CLI::Option* dns = command->add_option(
      "--dns", options->dns,
      "address[:port] at which the names of Services are answered, over UDP and TCP (port 53)");
  command
      ->add_option("--dns-upstream", options->dns_upstream,
                   "address[:port] of the DNS server that is asked for other names, which are "
                   "refused without it")
      ->needs(dns);
  command->add_option("--cluster-domain", options->cluster_domain, "what the names end with")
      ->needs(dns)
      ->capture_default_str();
  command
      ->add_option("--metrics-bind-address", options->metrics,
                   "address:port of /metrics, for Prometheus; empty: there is none")
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunAgent(*options); }; });
}

}  // namespace pointsman
