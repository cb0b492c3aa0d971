// Any bytes as a query of DNS: an answer that repeats the query's number, or none; never a crash or
// more bytes than the transport takes.
#include <cstdint>
#include <cstdlib>

#include "host/dns/message.h"
#include "host/dns/zone.h"
#include "host/kube/decode.h"

namespace {

using namespace pointsman;

constexpr char kObjects[] = R"(
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: mail}, spec: {type: ExternalName, externalName: mail.example.org}}
---
{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {clusterIP: None, ports: [{name: sql, port: 5432}]}}
---
{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: db-1, labels: {kubernetes.io/service-name: db}},
 addressType: IPv4, ports: [{name: sql, port: 5432}], endpoints: [{addresses: [10.244.1.1], hostname: db-0}, {addresses: [10.244.1.2]}]}
)";

const dns::Zone& ZoneOfDefault() {
  static const dns::Zone* const zone = [] {
    kube::ObjectSet objects;
    for (const auto& one : kube::DecodeManifest(kObjects, "fuzz").objects)
      objects.Apply(one.object);
    return new dns::Zone(dns::Zone::Of(objects, dns::kDefaultDomain));
  }();
  return *zone;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> query(data, size);
  for (const auto transport : {dns::Transport::kUdp, dns::Transport::kTcp}) {
    const dns::Reply reply = dns::Answer(ZoneOfDefault(), query, transport);
    if (reply.message.empty()) continue;
    if (reply.message[0] != data[0] || reply.message[1] != data[1]) std::abort();
    if (reply.message.size() > dns::kMaxMessageBytes) std::abort();
  }
  dns::ServerFailure(query);
  dns::AddressesIn(query).IgnoreError();
  return 0;
}
