// Kubernetes DNS-Based Service Discovery 1.1.0, section by section.
#include "host/dns/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/kube/decode.h"
#include "host/kube/derive_slices.h"

namespace pointsman::dns {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr char kObjects[] = R"(
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIPs: [10.96.0.10, "fd00:96::10"], ipFamilies: [IPv4, IPv6], selector: {app: web},
       ports: [{name: http, port: 80, targetPort: 8080}, {name: dns, port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: peers, namespace: shop}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: mail, namespace: shop}
spec: {type: ExternalName, externalName: Mail.Example.Org}
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: shop}
spec: {type: ExternalName, externalName: web.shop.svc.cluster.local}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {nodeName: n, hostname: db-0, subdomain: db}
status: {phase: Running, podIP: 10.244.1.10, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-1, namespace: shop, labels: {app: db}}
spec: {nodeName: n}
status: {phase: Running, podIP: 10.244.1.11, conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-2, namespace: shop, labels: {app: db}}
spec: {nodeName: n}
status: {phase: Running, podIP: 10.244.1.12}
)";

const Zone& ZoneOfShop() {
  static const Zone* const zone = [] {
    kube::ObjectSet objects;
    const kube::Decoded decoded = kube::DecodeManifest(kObjects, "zone");
    EXPECT_TRUE(decoded.problems.empty()) << decoded.problems.front().ToString();
    for (const kube::DecodedObject& one : decoded.objects) objects.Apply(one.object);
    for (kube::EndpointSlice& slice : kube::DeriveSlices(objects)) objects.Apply(std::move(slice));
    return new Zone(Zone::Of(objects, kDefaultDomain));
  }();
  return *zone;
}

std::vector<std::string> Data(const std::vector<Record>& records) {
  std::vector<std::string> data;
  for (const Record& record : records) data.push_back(record.data);
  return data;
}

std::vector<std::string> Ask(const std::string& name, RecordType type) {
  return Data(ZoneOfShop().Find(name, type).answer);
}

TEST(ZoneTest, VersionOfTheSpecification) {
  EXPECT_THAT(Ask("dns-version.cluster.local.", RecordType::kTxt), ElementsAre("\"1.1.0\""));
}

TEST(ZoneTest, AddressesOfAClusterIpByFamily) {
  EXPECT_THAT(Ask("web.shop.svc.cluster.local", RecordType::kA), ElementsAre("10.96.0.10"));
  EXPECT_THAT(Ask("web.shop.svc.cluster.local.", RecordType::kAaaa), ElementsAre("fd00:96::10"));
  EXPECT_THAT(Ask("WEB.shop.SVC.cluster.local", RecordType::kA), ElementsAre("10.96.0.10"));
}

TEST(ZoneTest, NamedPortsHaveServiceRecords) {
  const LookedUp found =
      ZoneOfShop().Find("_http._tcp.web.shop.svc.cluster.local", RecordType::kSrv);
  EXPECT_THAT(Data(found.answer), ElementsAre("0 100 80 web.shop.svc.cluster.local."));
  EXPECT_THAT(Data(found.additional), UnorderedElementsAre("10.96.0.10", "fd00:96::10"));
  EXPECT_THAT(Ask("_dns._udp.web.shop.svc.cluster.local", RecordType::kSrv),
              ElementsAre("0 100 53 web.shop.svc.cluster.local."));
  EXPECT_THAT(Ask("_dns._tcp.web.shop.svc.cluster.local", RecordType::kSrv), ElementsAre());
}

TEST(ZoneTest, AddressesLeadBackToNames) {
  EXPECT_THAT(Ask("10.0.96.10.in-addr.arpa", RecordType::kPtr),
              ElementsAre("web.shop.svc.cluster.local."));
  EXPECT_THAT(Ask("0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa",
                  RecordType::kPtr),
              ElementsAre("web.shop.svc.cluster.local."));
  EXPECT_EQ(ZoneOfShop().Find("1.1.1.10.in-addr.arpa", RecordType::kPtr).finding,
            Finding::kElsewhere);
}

TEST(ZoneTest, HeadlessServicesHaveTheirReadyEndpoints) {
  EXPECT_THAT(Ask("db.shop.svc.cluster.local", RecordType::kA),
              ElementsAre("10.244.1.10", "10.244.1.11"));
  EXPECT_THAT(Ask("db-0.db.shop.svc.cluster.local", RecordType::kA), ElementsAre("10.244.1.10"));
  EXPECT_THAT(Ask("10-244-1-11.db.shop.svc.cluster.local", RecordType::kA),
              ElementsAre("10.244.1.11"));
  EXPECT_THAT(Ask("_sql._tcp.db.shop.svc.cluster.local", RecordType::kSrv),
              UnorderedElementsAre("0 100 5432 db-0.db.shop.svc.cluster.local.",
                                   "0 100 5432 10-244-1-11.db.shop.svc.cluster.local."));
  EXPECT_THAT(Ask("10.1.244.10.in-addr.arpa", RecordType::kPtr),
              testing::Contains("db-0.db.shop.svc.cluster.local."));
}

TEST(ZoneTest, PublishNotReadyAddressesPublishesThem) {
  EXPECT_THAT(Ask("peers.shop.svc.cluster.local", RecordType::kA),
              ElementsAre("10.244.1.10", "10.244.1.11", "10.244.1.12"));
}

TEST(ZoneTest, ExternalNamesAreAliases) {
  EXPECT_THAT(Ask("mail.shop.svc.cluster.local", RecordType::kA), ElementsAre("mail.example.org."));
  EXPECT_THAT(Ask("mail.shop.svc.cluster.local", RecordType::kCname),
              ElementsAre("mail.example.org."));
  EXPECT_THAT(Ask("alias.shop.svc.cluster.local", RecordType::kA),
              ElementsAre("web.shop.svc.cluster.local.", "10.96.0.10"));
}

TEST(ZoneTest, NamesThatExistWithoutSuchRecordsAreTold) {
  const auto finding = [](const char* name) {
    return ZoneOfShop().Find(name, RecordType::kA).finding;
  };
  EXPECT_EQ(finding("shop.svc.cluster.local"), Finding::kNoData);
  EXPECT_EQ(finding("_tcp.web.shop.svc.cluster.local"), Finding::kNoData);
  EXPECT_EQ(finding("nobody.shop.svc.cluster.local"), Finding::kNoName);
  EXPECT_EQ(finding("nobody.svc.cluster.local"), Finding::kNoName);
  EXPECT_EQ(finding("example.org"), Finding::kElsewhere);
  EXPECT_EQ(finding("notcluster.local"), Finding::kElsewhere);
  EXPECT_EQ(finding(""), Finding::kElsewhere);
}

}  // namespace
}  // namespace pointsman::dns
