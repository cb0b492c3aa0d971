#include "host/agent/flow_trace.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/datapath/explain.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

std::optional<uint16_t> PortOf(const std::string& text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::optional<Protocol> ProtocolOf(const std::string& text) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp}) {
    if (text == Name(protocol)) return protocol;
  }
  return std::nullopt;
}

// What a connection that is known makes of it.
std::optional<ExplainedStep> Known(const FlowKey& flow, const FlowTraceState& state) {
  if (const auto translated = state.on_card.TranslationOf(flow)) {
    return ExplainedStep{"connection", fmt::format("known to the card, which makes of it {}",
                                                   Describe(*translated))};
  }
  const HostConnections::Found found = state.in_software.Find(flow);
  if (found.connection == nullptr) return std::nullopt;
  const FlowKey made = found.is_reply ? HostConnection::Reversed(found.connection->original)
                                      : found.connection->translated;
  return ExplainedStep{"connection",
                       fmt::format("known to software, which makes of it {}", Describe(made))};
}

std::vector<ExplainedStep> Trace(const FlowKey& flow, const FlowTraceState& state) {
  std::vector<ExplainedStep> steps = {{"packet", Describe(flow)}};
  if (auto known = Known(flow, state)) {
    steps.push_back(*std::move(known));
    return steps;
  }
  steps.push_back({"connection", "none is known: the first packet of one"});
  const auto& misfits = state.keeper.misfits();
  const auto misfit = misfits.find({flow.destination, flow.destination_port, flow.protocol});
  if (misfit != misfits.end()) steps.push_back({"card", misfit->second.why});
  for (std::string& line : RowsMet(state.keeper.image(), flow)) {
    steps.push_back({"tables", std::move(line)});
  }
  return steps;
}

std::string TextOf(const nlohmann::json& step, const char* member) {
  const auto text = step.is_object() ? step.find(member) : step.end();
  return text != step.end() && text->is_string() ? text->get<std::string>() : "";
}

}  // namespace

std::string Describe(const FlowKey& flow) {
  return fmt::format("{} {} -> {}", Name(flow.protocol),
                     DescribeSocket(flow.source, flow.source_port),
                     DescribeSocket(flow.destination, flow.destination_port));
}

std::string FlowQuestion(const FlowKey& flow) {
  return fmt::format("{} {} {} {} {}", Describe(flow.source), flow.source_port,
                     Describe(flow.destination), flow.destination_port, Name(flow.protocol));
}

std::optional<FlowKey> ParseFlowQuestion(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::array<std::string, 6> word;
  for (std::string& next : word) words >> next;
  const auto source = kube::IpAddress::Parse(word[0]);
  const auto source_port = PortOf(word[1]);
  const auto destination = kube::IpAddress::Parse(word[2]);
  const auto destination_port = PortOf(word[3]);
  const auto protocol = ProtocolOf(word[4]);
  const bool whole = source.ok() && source_port && destination.ok() && destination_port &&
                     protocol && word[5].empty();
  if (!whole || source->family() != destination->family()) return std::nullopt;
  return FlowKey{TableAddress(*source), TableAddress(*destination), *source_port, *destination_port,
                 *protocol};
}

std::string FlowTraces(std::span<const std::string> questions, const FlowTraceState& state) {
  nlohmann::json document = nlohmann::json::object();
  for (const std::string& question : questions) {
    nlohmann::json& steps = document[question] = nlohmann::json::array();
    const auto flow = ParseFlowQuestion(question);
    if (!flow) continue;
    for (const ExplainedStep& step : Trace(*flow, state)) {
      steps.push_back({{"step", step.what}, {"text", step.text}});
    }
  }
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<std::vector<ExplainedStep>> FlowTraceOf(std::string_view document,
                                                       const std::string& question) {
  const auto traces = nlohmann::json::parse(document, nullptr, /*allow_exceptions=*/false);
  std::vector<ExplainedStep> steps;
  if (traces.is_object() && traces.contains(question) && traces[question].is_array()) {
    for (const nlohmann::json& step : traces[question]) {
      steps.push_back({TextOf(step, "step"), TextOf(step, "text")});
    }
  }
  if (steps.empty()) return absl::InvalidArgumentError("no trace by an agent of this version");
  return steps;
}

}  // namespace pointsman
