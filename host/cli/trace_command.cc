#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/time/clock.h"
#include "flow_tables/flow.h"
#include "host/agent/flow_trace.h"
#include "host/agent/status_server.h"
#include "host/cli/commands.h"
#include "host/cli/exit_code.h"
#include "host/cli/manifest_input.h"
#include "host/cli/open_datapath.h"
#include "host/cli/socket_address.h"
#include "host/cli/text_table.h"
#include "host/conformance/probe.h"
#include "host/datapath/explain.h"
#include "host/services/explain.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

constexpr uint16_t kDefaultSourcePort = 40000;

struct TraceOptions {
  ManifestOptions manifests;
  DatapathOptions datapath;
  std::string source;
  std::string destination;
  std::string protocol;
  std::string agent;  // its status socket; empty: manifests are traced
  std::string output = "text";
};

absl::StatusOr<FlowKey> ParsePacket(const TraceOptions& options) {
  const auto source = ParseSocketAddress(options.source, kDefaultSourcePort);
  if (!source.ok()) return source.status();
  const auto destination = ParseSocketAddress(options.destination, std::nullopt);
  if (!destination.ok()) return destination.status();
  if (source->first.family() != destination->first.family()) {
    return absl::InvalidArgumentError(
        fmt::format("{} and {}: of two families", options.source, options.destination));
  }
  Protocol protocol = Protocol::kTcp;
  if (options.protocol == "UDP") protocol = Protocol::kUdp;
  if (options.protocol == "SCTP") protocol = Protocol::kSctp;
  return FlowKey{TableAddress(source->first), TableAddress(destination->first), source->second,
                 destination->second, protocol};
}

kube::Protocol ObjectProtocol(Protocol protocol) {
  if (protocol == Protocol::kTcp) return kube::Protocol::kTcp;
  return protocol == Protocol::kUdp ? kube::Protocol::kUdp : kube::Protocol::kSctp;
}

std::string ClientText(const NodeFacts& facts, const kube::IpAddress& source) {
  for (const kube::IpAddress& own : facts.LocalAddresses(source.family())) {
    if (own == source) return "the node itself";
  }
  return facts.IsPod(source) ? "a pod" : "outside the cluster";
}

std::string VerdictText(const ProcessedFrame& processed) {
  const std::string reason = processed.outcome.reason == Reason::kNone
                                 ? ""
                                 : fmt::format(" ({})", Name(processed.outcome.reason));
  switch (processed.fate) {
    case Fate::kForwarded: {
      const auto sent = ParseFlow(processed.sent.at(0).frame);
      return fmt::format("forwarded as {}, by port {}", sent ? Describe(sent->key) : "?",
                         Name(processed.sent[0].egress));
    }
    case Fate::kRejected:
      return "rejected: the client is told";
    case Fate::kDropped:
      return fmt::format("dropped{}", reason);
    default:
      return fmt::format("passes untouched{}", reason);
  }
}

using Steps = std::vector<ExplainedStep>;

absl::StatusOr<Steps> Walk(const ManifestInput& input, Datapath& datapath, const FlowKey& packet) {
  const NodeFacts& facts = input.node.facts;
  const kube::IpAddress source = ObjectAddress(packet.source);
  const std::string client = ClientText(facts, source);
  const bool inside = client != "outside the cluster";
  Steps steps = {{"packet", Describe(packet)},
                 {"client", fmt::format("{} is {}", source.ToString(), client)}};
  const Question question{ObjectAddress(packet.destination), packet.destination_port,
                          ObjectProtocol(packet.protocol), inside};
  for (ExplainedStep& step : ExplainObjects(input.objects, facts, question)) {
    steps.push_back(std::move(step));
  }
  if (absl::Status status = datapath.Program(input.node.forwarding); !status.ok()) return status;
  for (std::string& line : RowsMet(datapath.image(), packet)) {
    steps.push_back({"tables", std::move(line)});
  }
  const ReceivedFrame frame{inside ? Port::kNode : Port::kUplink, conformance::ProbeFrame(packet)};
  auto processed = datapath.Process({&frame, 1}, absl::Now());
  if (!processed.ok()) return processed.status();
  steps.push_back({"done by", processed->at(0).served_in_software
                                  ? fmt::format("software, for the reason {}",
                                                Name(processed->at(0).outcome.reason))
                                  : "the card"});
  steps.push_back({"verdict", VerdictText(processed->at(0))});
  return steps;
}

void Print(const Steps& steps, const std::string& output) {
  if (output == "json") {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& step : steps) list.push_back({{"step", step.what}, {"text", step.text}});
    fmt::print("{}\n", list.dump(2));
    return;
  }
  for (const auto& step : steps) fmt::print("{:<13} {}\n", step.what, step.text);
}

int RunTraceByAgent(const TraceOptions& options, const FlowKey& packet) {
  const std::string question = FlowQuestion(packet);
  const auto document = FetchDocument(options.agent, AgentDocument::kTraces, question);
  if (!document.ok()) return ReportInputError(document.status());
  const absl::StatusOr<Steps> steps = FlowTraceOf(*document, question);
  if (!steps.ok()) return ReportInputError(steps.status());
  Print(*steps, options.output);
  return kExitDone;
}

int RunTrace(const TraceOptions& options) {
  const absl::StatusOr<FlowKey> packet = ParsePacket(options);
  if (!packet.ok()) return ReportInputError(packet.status());
  if (!options.agent.empty()) return RunTraceByAgent(options, *packet);
  if (options.manifests.folder.empty() || options.manifests.node.empty()) {
    return ReportInputError(absl::InvalidArgumentError(
        "trace: give --manifests FOLDER and --node NAME, or --agent SOCKET"));
  }
  const absl::StatusOr<ManifestInput> input = ReadManifests(options.manifests);
  if (!input.ok()) return ReportInputError(input.status());
  absl::StatusOr<std::unique_ptr<Datapath>> datapath = OpenDatapath(options.datapath);
  if (!datapath.ok()) return ReportCardError(datapath.status());
  const absl::StatusOr<Steps> steps = Walk(*input, **datapath, *packet);
  if (!steps.ok()) return ReportCardError(steps.status());
  Print(*steps, options.output);
  return kExitDone;
}

}  // namespace

void AddTraceCommand(CLI::App& app, Run& run) {
  auto options = std::make_shared<TraceOptions>();
  CLI::App* command = app.add_subcommand(
      "trace",
      "Follows the first packet of a connection: objects, policy, endpoints, the rows it meets, "
      "who "
      "decides, and what\n"
      "becomes of it. Example:\n"
      "  pointsman trace --manifests examples/web-shop/manifests --node worker-1 10.244.1.5 "
      "10.96.0.10:80 TCP\n"
      "  pointsman trace --agent /run/pointsman/agent.sock 10.244.1.5:40000 10.96.0.10:80 TCP");
  AddManifestOptions(*command, options->manifests);
  CLI::Option* agent =
      command->add_option("--agent", options->agent,
                          "ask a running agent, by its status socket (an agent's default: " +
                              std::string(kStatusSocket) +
                              "), in place of manifests: what becomes of\n"
                              "the packet there and now, a connection that is known included");
  for (const char* name : {"--manifests", "--node"}) {
    command->get_option(name)->required(false)->excludes(agent);
  }
  command->add_option("source", options->source, "client: address, with or without a port")
      ->required();
  command->add_option("destination", options->destination, "address:port, [IPv6]:port")->required();
  command->add_option("protocol", options->protocol, "TCP, UDP or SCTP")
      ->required()
      ->check(CLI::IsMember({"TCP", "UDP", "SCTP"}));
  AddDatapathOptions(*command, options->datapath);
  command->add_option("--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return RunTrace(*options); }; });
}

}  // namespace pointsman
