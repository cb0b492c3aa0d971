// Real sockets on the loopback interface.
#include "host/dns/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/kube/decode.h"

namespace pointsman::dns {
namespace {

std::shared_ptr<const Zone> ZoneOf(const std::string& service, const std::string& ip) {
  kube::ObjectSet objects;
  const std::string text = "{apiVersion: v1, kind: Service, metadata: {name: " + service +
                           "}, spec: {clusterIP: " + ip + ", ports: [{port: 80}]}}";
  for (const auto& one : kube::DecodeManifest(text, "server").objects) objects.Apply(one.object);
  return std::make_shared<const Zone>(Zone::Of(objects, kDefaultDomain));
}

std::unique_ptr<Server> Open(std::optional<ServerAddress> upstream = {},
                             const char* ip = "127.0.0.1") {
  auto server =
      Server::Open({.listen = {kube::IpAddress::Parse(ip).value(), 0}, .upstream = upstream});
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

ServerAddress AddressOf(const Server& server, const char* ip = "127.0.0.1") {
  return {kube::IpAddress::Parse(ip).value(), server.port()};
}

Message AskFor(const Server& server, const std::string& name, Transport transport,
               const char* ip = "127.0.0.1") {
  const auto reply = Ask(AddressOf(server, ip), *MakeQuery(name, RecordType::kA), transport);
  EXPECT_TRUE(reply.ok()) << reply.status();
  return reply.ok() ? *reply : Message(12);
}

std::string AddressText(const Message& reply) {
  const auto addresses = AddressesIn(reply);
  return addresses.ok() ? addresses->front().ToString() : std::string(addresses.status().message());
}

int Rcode(const Message& reply) { return reply.at(3) & 0xf; }

TEST(ServerTest, AnswersOverUdpAndTcpOfEitherFamily) {
  for (const char* ip : {"127.0.0.1", "::1"}) {
    const auto server = Open({}, ip);
    server->Update(ZoneOf("web", "10.96.0.10"));
    for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
      const Message reply = AskFor(*server, "web.default.svc.cluster.local", transport, ip);
      EXPECT_EQ(AddressText(reply), "10.96.0.10");
    }
  }
}

TEST(ServerTest, KnowsNothingBeforeTheFirstZone) {
  const auto server = Open();
  EXPECT_EQ(Rcode(AskFor(*server, "web.default.svc.cluster.local", Transport::kUdp)), 2);
}

TEST(ServerTest, FollowsTheObjects) {
  const auto server = Open();
  server->Update(ZoneOf("web", "10.96.0.10"));
  server->Update(ZoneOf("web", "10.96.0.11"));
  EXPECT_EQ(AddressText(AskFor(*server, "web.default.svc.cluster.local", Transport::kUdp)),
            "10.96.0.11");
}

TEST(ServerTest, RefusesOtherNamesWithoutUpstream) {
  const auto server = Open();
  server->Update(ZoneOf("web", "10.96.0.10"));
  for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
    EXPECT_EQ(Rcode(AskFor(*server, "example.org", transport)), 5);
  }
}

// Another server stands for the world's; it has names of another domain.
TEST(ServerTest, AsksUpstreamForOtherNames) {
  const auto world = Open();
  kube::ObjectSet objects;
  world->Update(std::make_shared<const Zone>(Zone::Of(objects, "example.org")));
  const auto server = Open(AddressOf(*world));
  server->Update(ZoneOf("web", "10.96.0.10"));
  for (const Transport transport : {Transport::kUdp, Transport::kTcp}) {
    EXPECT_EQ(Rcode(AskFor(*server, "none.example.org", transport)), 3);
    EXPECT_EQ(AddressText(AskFor(*server, "web.default.svc.cluster.local", transport)),
              "10.96.0.10");
  }
}

TEST(ServerTest, SaysSoWhereUpstreamIsSilent) {
  uint16_t gone = 0;
  {
    const auto world = Open();
    gone = world->port();
  }
  const auto server = Open(ServerAddress{kube::IpAddress::Parse("127.0.0.1").value(), gone});
  server->Update(ZoneOf("web", "10.96.0.10"));
  EXPECT_EQ(Rcode(AskFor(*server, "example.org", Transport::kTcp)), 2);
}

TEST(ServerTest, AnAddressThatIsTakenIsAnError) {
  const auto first = Open();
  const auto second = Server::Open({.listen = AddressOf(*first)});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), testing::HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace pointsman::dns
