#include "host/agent/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "absl/container/flat_hash_map.h"
#include "flow_tables/next_hop_rows.h"
#include "host/services/frontends.h"
#include "host/services/table_values.h"

namespace pointsman {
namespace {

using nlohmann::json;

// Connections the document lists; the count is always whole.
constexpr size_t kListedConnections = 1000;
constexpr size_t kFirstReasonWord = 32;

// Why software starts the connections of a frontend that the card should carry; empty: it does not.
std::string WhyInSoftware(const FrontendReport& frontend, const AgentState& state) {
  if (state.misfits == nullptr) return "";
  const auto misfit = state.misfits->find(
      FrontendKey(TableAddress(frontend.address), frontend.port, TableProtocol(frontend.protocol)));
  return misfit == state.misfits->end() ? "" : misfit->second.why;
}

// null: there was none.
json LastChangeSeconds(const kube::ObjectKey& service, const AgentState& state) {
  const auto took = state.programmed_in ? state.programmed_in(service) : std::nullopt;
  return took ? json(absl::ToDoubleSeconds(*took)) : json();
}

json Services(const AgentState& state) {
  json list = json::array();
  for (const ServiceReport& service : state.forwarding->services) {
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
    for (const FrontendReport& frontend : service.frontends) {
      const std::string why = WhyInSoftware(frontend, state);
      if (!why.empty()) {
        limitations.push_back(fmt::format("connections begin in software: {}", why));
      }
    }
    list.push_back({{"namespace", service.service.ns},
                    {"name", service.service.name},
                    {"not_served", service.not_served},
                    {"frontends", frontends},
                    {"endpoints",
                     {{"total", service.endpoints.total},
                      {"ready", service.endpoints.ready},
                      {"local", service.endpoints.local}}},
                    {"last_change_seconds", LastChangeSeconds(service.service, state)},
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

// By address and port: connections that end there.
absl::flat_hash_map<EndpointId, uint64_t> ConnectionsByEndpoint(const AgentState& state) {
  absl::flat_hash_map<EndpointId, uint64_t> counts;
  state.software_connections->ForEach([&](const HostConnection& connection) {
    ++counts[{connection.translated.destination, connection.translated.destination_port}];
  });
  for (const auto& [row, connection] : state.connections->by_row()) {
    ++counts[{connection.reply.source, connection.reply.source_port}];
  }
  return counts;
}

json Endpoints(const AgentState& state) {
  const auto connections = ConnectionsByEndpoint(state);
  json list = json::array();
  for (uint32_t row = 0; row < state.image->endpoints.size(); ++row) {
    const EndpointRow& endpoint = state.image->endpoints[row];
    if (!endpoint.valid) continue;
    const EndpointId id{Address::FromBits(endpoint.address), endpoint.port};
    const NextHop hop = NextHopOf(state.image->next_hops[endpoint.next_hop]);
    const auto count = connections.find(id);
    const bool tunnel = hop.vxlan_address != Ipv4Address{};
    list.push_back({{"row", row},
                    {"address", DescribeSocket(id.address, id.port)},
                    {"egress", Name(hop.egress)},
                    {"tunnel", tunnel ? Describe(hop.vxlan_address) : ""},
                    {"connections", count == connections.end() ? 0 : count->second}});
  }
  return list;
}

template <class Row>
size_t ValidRows(const std::vector<Row>& rows) {
  return static_cast<size_t>(std::ranges::count_if(rows, [](const Row& row) { return row.valid; }));
}

// Slots that a frontend refers to; runs that several share count once.
size_t SlotsInUse(const Image& image) {
  absl::flat_hash_map<uint32_t, uint32_t> length_by_base;
  for (const FrontendRow& row : image.frontends) {
    if (!row.valid) continue;
    if (row.outside_action == FrontendAction::kForward) {
      length_by_base[row.outside_slots_base] = uint32_t{1} << row.outside_slots_log2;
    }
    if (row.inside_action == FrontendAction::kForward) {
      length_by_base[row.inside_slots_base] = uint32_t{1} << row.inside_slots_log2;
    }
  }
  size_t slots = 0;
  for (const auto& [base, length] : length_by_base) slots += length;
  return slots;
}

json Tables(const AgentState& state) {
  size_t ipv4 = 0;
  for (const auto& [row, connection] : state.connections->by_row()) {
    ipv4 += connection.original.source.is_v4() ? 1 : 0;
  }
  const Image& image = *state.image;
  const size_t ipv6 = state.connections->by_row().size() - ipv4;
  const std::map<std::string, size_t> used = {
      {Name(TableId::kFrontends), ValidRows(image.frontends)},
      {Name(TableId::kSources), ValidRows(image.sources)},
      {Name(TableId::kSlots), SlotsInUse(image)},
      {Name(TableId::kEndpoints), ValidRows(image.endpoints)},
      {Name(TableId::kNextHops), ValidRows(image.next_hops)},
      {Name(TableId::kOriginals), ipv4},
      {Name(TableId::kReplies), ipv4},
      {Name(TableId::kOriginalsIpv6), ipv6},
      {Name(TableId::kRepliesIpv6), ipv6},
      {Name(TableId::kAffinity), state.affinity_rows}};
  json list = json::array();
  ForEachSize(image.sizes, [&](const char* table, uint32_t rows) {
    const auto count = used.find(table);
    if (count != used.end())
      list.push_back({{"table", table}, {"rows", rows}, {"used", count->second}});
  });
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

json CardPart(const AgentState& state) {
  json card = {{"profile", state.card->profile},     {"heartbeat", state.health.heartbeat},
               {"cycles", state.health.cycles},      {"error_bits", state.health.error_bits},
               {"rows_written", state.rows_written}, {"rows_audited", state.audit.rows},
               {"audit_passes", state.audit.passes}, {"rows_mended", state.audit.mended}};
  if (state.card_status == nullptr) return card;
  const CardStatus& status = *state.card_status;
  card["state"] = Name(status.state);
  card["carried_by"] = Name(status.carrier());
  card["failures"] = status.failures;
  card["returns"] = status.returns;
  card["connections_moved"] = status.connections_moved;
  card["connections_left"] = status.connections_left;
  card["last_failure"] = status.last_failure;
  return card;
}

}  // namespace

std::string StatusDocument(const AgentState& state) {
  json document = {
      {"node", state.node},
      {"card", CardPart(state)},
      {"services", Services(state)},
      {"frontends", Frontends(state)},
      {"endpoints", Endpoints(state)},
      {"tables", Tables(state)},
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
