#include "sim/cluster/probe.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "flow_tables/packet.h"

namespace pointsman::cluster {
namespace {

// Below node ports and whatever nodes and datapaths masquerade with.
constexpr uint16_t kFirstPort = 1024;
constexpr uint16_t kLastPort = 29999;

}  // namespace

absl::StatusOr<ProbeResult> Prober::Connect(const Host& client, const Address& destination,
                                            uint16_t port, Protocol protocol,
                                            std::vector<Hop>* hops, absl::Time now) {
  uint16_t& next = ports_.try_emplace(client.address, kFirstPort).first->second;
  const FlowKey sent{client.address, destination, next, port, protocol};
  next = next == kLastPort ? kFirstPort : next + 1;
  const Trace trace(hops);
  if (protocol != Protocol::kTcp) return RoundTrip(client, sent, 0, 0, "ping", trace, now);
  auto opened = RoundTrip(client, sent, kTcpSyn, kTcpSyn | kTcpAck, "", trace, now);
  if (!opened.ok() || !opened->ok()) return opened;
  return RoundTrip(client, sent, kTcpAck | kTcpPush, kTcpAck | kTcpPush, "ping", Trace(nullptr),
                   now);
}

absl::StatusOr<ProbeResult> Prober::Exchange(const Connection& connection, absl::Time now) {
  const uint8_t flags = connection.sent.protocol == Protocol::kTcp ? kTcpAck | kTcpPush : 0;
  return RoundTrip(connection.client, connection.sent, flags, flags, "ping", Trace(nullptr), now);
}

absl::StatusOr<ProbeResult> Prober::RoundTrip(const Host& client, const FlowKey& sent,
                                              uint8_t there, uint8_t back, std::string_view payload,
                                              const Trace& trace, absl::Time now) {
  trace.Add(client.name, [&] { return "sends " + Describe(sent); });
  auto request = cluster_.Walk(client, MakeFrame(sent, there, payload), trace, now);
  if (!request.ok()) return request.status();
  if (auto* failure = std::get_if<Failure>(&*request)) return ProbeResult{std::move(*failure)};
  const Delivery& at_backend = std::get<Delivery>(*request);
  const FlowKey received = ParseFlow(at_backend.frame)->key;
  const Host* backend = cluster_.HostAt(at_backend.host);
  if (backend == nullptr ||
      !cluster_.Listens(at_backend.host, received.destination_port, received.protocol)) {
    const std::string name =
        backend == nullptr ? pointsman::Describe(at_backend.host) : backend->name;
    return ProbeResult{Failure{name, "listening sockets",
                               fmt::format("nothing listens on {} port {}: refused",
                                           Name(received.protocol), received.destination_port)}};
  }
  ProbeResult result{.failure = {}, .connection = Connection{client, sent, *backend, received}};
  trace.Add(backend->name, [&] { return "receives " + Describe(received); });
  auto reply = cluster_.Walk(*backend, MakeFrame(Reverse(received), back, payload), trace, now);
  if (!reply.ok()) return reply.status();
  if (auto* failure = std::get_if<Failure>(&*reply)) {
    result.failure = std::move(*failure);
    result.failure->reason = "the reply is lost: " + result.failure->reason;
    return result;
  }
  const Delivery& at_client = std::get<Delivery>(*reply);
  const FlowKey answer = ParseFlow(at_client.frame)->key;
  if (answer != Reverse(sent)) {
    result.failure = Failure{client.name, "reply from the wrong address",
                             fmt::format("the reply comes from {} instead of {}",
                                         DescribeSocket(answer.source, answer.source_port),
                                         DescribeSocket(sent.destination, sent.destination_port))};
    return result;
  }
  trace.Add(client.name, [&] { return "receives " + Describe(answer); });
  return result;
}

}  // namespace pointsman::cluster
