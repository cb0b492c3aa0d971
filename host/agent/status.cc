#include "host/agent/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/services/frontends.h"

namespace pointsman {
namespace {

using nlohmann::json;

// Connections the document lists; the count is always whole.
constexpr size_t kListedConnections = 1000;
constexpr size_t kFirstReasonWord = 32;

json Services(const std::vector<ServiceReport>& services) {
  json list = json::array();
  for (const ServiceReport& service : services) {
    json frontends = json::array();
    for (const FrontendReport& frontend : service.frontends) {
      frontends.push_back({{"kind", ToString(frontend.kind)},
                           {"address", frontend.address.ToString()},
                           {"port", frontend.port},
                           {"protocol", ToString(frontend.protocol)}});
    }
    json limitations = json::array();
    for (const Limitation& limitation : service.limitations) {
      limitations.push_back(fmt::format("{}: {}", limitation.what, limitation.why));
    }
    list.push_back({{"namespace", service.service.ns},
                    {"name", service.service.name},
                    {"not_served", service.not_served},
                    {"frontends", frontends},
                    {"endpoints",
                     {{"total", service.endpoints.total},
                      {"ready", service.endpoints.ready},
                      {"local", service.endpoints.local}}},
                    {"limitations", limitations}});
  }
  return list;
}

json Frontends(const AgentState& state) {
  json list = json::array();
  for (const FrontendRow& row : state.image->frontends) {
    if (!row.valid) continue;
    const FrontendCounterRow counter =
        row.counter < state.counters.size() ? state.counters[row.counter] : FrontendCounterRow{};
    list.push_back(
        {{"name", state.image->counter_names[row.counter]},
         {"address",
          DescribeSocket(Address::FromBits(row.destination_address), row.destination_port)},
         {"protocol", row.protocol == static_cast<uint8_t>(Protocol::kTcp) ? "TCP" : "UDP"},
         {"outside", Name(row.outside_action)},
         {"inside", Name(row.inside_action)},
         {"packets", counter.packets},
         {"bytes", counter.bytes}});
  }
  std::sort(list.begin(), list.end(),
            [](const json& a, const json& b) { return a["name"] < b["name"]; });
  return list;
}

// `to`: as the endpoint gets it.
json ConnectionEntry(const FlowKey& from, const FlowKey& to, ConnectionState state,
                     const char* by) {
  return {{"protocol", Name(from.protocol)},
          {"client", DescribeSocket(from.source, from.source_port)},
          {"frontend", DescribeSocket(from.destination, from.destination_port)},
          {"endpoint", DescribeSocket(to.destination, to.destination_port)},
          {"source", DescribeSocket(to.source, to.source_port)},
          {"state", Name(state)},
          {"by", by}};
}

json ConnectionsOf(const AgentState& state) {
  json list = json::array();
  state.software_connections->ForEach([&](const HostConnection& connection) {
    if (list.size() == kListedConnections) return;
    list.push_back(
        ConnectionEntry(connection.original, connection.translated, connection.state, "software"));
  });
  for (const auto& [row, connection] : state.connections->by_row()) {
    if (list.size() == kListedConnections) break;
    list.push_back(ConnectionEntry(connection.original, HostConnection::Reversed(connection.reply),
                                   connection.state, "card"));
  }
  return list;
}

uint32_t Word(const CardHealth& health, size_t word) {
  return word < health.statistics.size() ? health.statistics[word] : 0;
}

json Reasons(const CardHealth& health, const PuntCounts& software) {
  json counts = json::object();
  for (size_t reason = 0; reason < software.drops.size(); ++reason) {
    if (software.drops[reason] == 0) continue;
    const std::string name = fmt::format("{} (dropped by software)", Name(Reason(reason)));
    counts[name] = software.drops[reason];
  }
  for (size_t word = kFirstReasonWord; word < health.statistics.size(); ++word) {
    const auto reason = static_cast<Reason>(word - kFirstReasonWord);
    if (health.statistics[word] != 0) counts[Name(reason)] = health.statistics[word];
  }
  return counts;
}

json Packets(const AgentState& state) {
  json counts = {{"by_software", state.software_packets}};
  for (size_t fate = 0; fate < kFates; ++fate) {
    std::string name = fmt::format("software_{}", Name(Fate(fate)));
    std::ranges::replace(name, '-', '_');
    counts[name] = state.software_counts.by_fate[fate];
  }
  for (Statistic s : {Statistic::kUplinkReceived, Statistic::kNodeReceived, Statistic::kInjected,
                      Statistic::kUplinkTransmitted, Statistic::kNodeTransmitted,
                      Statistic::kPunted, Statistic::kPassed, Statistic::kForwarded,
                      Statistic::kDropped, Statistic::kLearned, Statistic::kClosed,
                      Statistic::kExpired, Statistic::kEventsLost, Statistic::kParityErrors}) {
    std::string name = Name(s);
    for (char& c : name) c = c == '-' ? '_' : c;
    counts[name] = Word(state.health, static_cast<size_t>(s));
  }
  return counts;
}

}  // namespace

std::string StatusDocument(const AgentState& state) {
  json document = {
      {"node", state.node},
      {"card",
       {{"profile", state.card->profile},
        {"heartbeat", state.health.heartbeat},
        {"cycles", state.health.cycles},
        {"error_bits", state.health.error_bits},
        {"rows_written", state.rows_written}}},
      {"services", Services(state.forwarding->services)},
      {"frontends", Frontends(state)},
      {"connections",
       {{"count", state.connections->by_row().size() + state.software_connections->size()},
        {"list", ConnectionsOf(state)}}},
      {"packets", Packets(state)},
      {"reasons", Reasons(state.health, state.software_counts)},
      {"problems", state.forwarding->problems},
      {"notes", state.forwarding->notes},
      {"last_error", state.last_error}};
  return document.dump(2);
}

}  // namespace pointsman
