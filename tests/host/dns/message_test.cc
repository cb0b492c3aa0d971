#include "host/dns/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/kube/decode.h"

namespace pointsman::dns {
namespace {

using testing::ElementsAre;

constexpr uint8_t kResponse = 0x80;  // bits of byte 2
constexpr uint8_t kAuthoritative = 0x04;
constexpr uint8_t kTruncated = 0x02;

Zone ZoneWith(int endpoints) {
  std::string text = R"(
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, ports: [{name: sql, port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{name: sql, port: 5432}]
endpoints:
)";
  for (int i = 1; i <= endpoints; ++i) {
    text += "- {addresses: [10.244.1." + std::to_string(i) + "]}\n";
  }
  kube::ObjectSet objects;
  const kube::Decoded decoded = kube::DecodeManifest(text, "message");
  EXPECT_TRUE(decoded.problems.empty());
  for (const kube::DecodedObject& one : decoded.objects) objects.Apply(one.object);
  return Zone::Of(objects, kDefaultDomain);
}

Message Query(const std::string& name, RecordType type) {
  auto query = MakeQuery(name, type);
  EXPECT_TRUE(query.ok()) << query.status();
  return *std::move(query);
}

int Rcode(const Message& reply) { return reply.at(3) & 0xf; }

TEST(MessageTest, AnswersWithTheQuestionAndItsNumber) {
  const Message query = Query("db.default.svc.cluster.local", RecordType::kA);
  const Reply reply = Answer(ZoneWith(2), query, Transport::kUdp);
  ASSERT_GT(reply.message.size(), query.size());
  EXPECT_EQ(reply.message[0], query[0]);
  EXPECT_EQ(reply.message[1], query[1]);
  EXPECT_EQ(reply.message[2] & kResponse, kResponse);
  EXPECT_EQ(reply.message[2] & kAuthoritative, kAuthoritative);
  EXPECT_EQ(Rcode(reply.message), 0);
  const auto addresses = AddressesIn(reply.message);
  ASSERT_TRUE(addresses.ok()) << addresses.status();
  EXPECT_THAT(*addresses, ElementsAre(kube::IpAddress::Parse("10.244.1.1").value(),
                                      kube::IpAddress::Parse("10.244.1.2").value()));
}

TEST(MessageTest, SaysThatThereIsNoSuchName) {
  const Message query = Query("none.default.svc.cluster.local", RecordType::kA);
  const Reply reply = Answer(ZoneWith(1), query, Transport::kUdp);
  EXPECT_EQ(Rcode(reply.message), 3);
  EXPECT_FALSE(reply.is_elsewhere);
  EXPECT_EQ(reply.message[9], 1) << "the SOA of the zone, for those who remember that";
}

TEST(MessageTest, RefusesWhatIsElsewhere) {
  const Reply reply = Answer(ZoneWith(1), Query("example.org", RecordType::kA), Transport::kUdp);
  EXPECT_TRUE(reply.is_elsewhere);
  EXPECT_EQ(Rcode(reply.message), 5);
}

TEST(MessageTest, IsCutForUdpAndWholeForTcp) {
  const Zone zone = ZoneWith(100);
  const Message query = Query("db.default.svc.cluster.local", RecordType::kA);
  const Reply by_udp = Answer(zone, query, Transport::kUdp);
  EXPECT_LE(by_udp.message.size(), 512u);
  EXPECT_EQ(by_udp.message[2] & kTruncated, kTruncated);
  const Reply by_tcp = Answer(zone, query, Transport::kTcp);
  EXPECT_EQ(by_tcp.message[2] & kTruncated, 0);
  EXPECT_EQ(AddressesIn(by_tcp.message)->size(), 100u);
}

TEST(MessageTest, EdnsMakesRoom) {
  const Zone zone = ZoneWith(40);
  Message query = Query("db.default.svc.cluster.local", RecordType::kA);
  EXPECT_EQ(Answer(zone, query, Transport::kUdp).message[2] & kTruncated, kTruncated);
  query[11] = 1;  // one additional record: OPT (RFC 6891) for 4096 bytes
  for (const uint8_t byte : {0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0}) query.push_back(byte);
  const Reply reply = Answer(zone, query, Transport::kUdp);
  EXPECT_EQ(reply.message[2] & kTruncated, 0);
  EXPECT_EQ(AddressesIn(reply.message)->size(), 40u);
}

TEST(MessageTest, WhatIsNoQueryGetsNoAnswer) {
  const Zone zone = ZoneWith(1);
  EXPECT_TRUE(Answer(zone, {}, Transport::kUdp).message.empty());
  EXPECT_TRUE(Answer(zone, Message(11), Transport::kUdp).message.empty());
  Message reply = Query("db.default.svc.cluster.local", RecordType::kA);
  reply[2] |= kResponse;
  EXPECT_TRUE(Answer(zone, reply, Transport::kUdp).message.empty());
}

TEST(MessageTest, OtherOperationsAndTwoQuestionsAreToldOff) {
  const Zone zone = ZoneWith(1);
  Message update = Query("db.default.svc.cluster.local", RecordType::kA);
  update[2] = 5 << 3;
  EXPECT_EQ(Rcode(Answer(zone, update, Transport::kUdp).message), 4);
  Message none = Query("db.default.svc.cluster.local", RecordType::kA);
  none.resize(12);
  none[5] = 0;
  EXPECT_EQ(Rcode(Answer(zone, none, Transport::kUdp).message), 1);
}

}  // namespace
}  // namespace pointsman::dns
