#include "host/softpath/host_connections.h"

#include <gtest/gtest.h>

#include "flow_tables/connection_life.h"
#include "tests/support/kept_folder.h"

namespace pointsman {
namespace {

constexpr uint64_t kMagic = 1;
constexpr uint32_t kRoom = 1000;

HostConnection ConnectionOf(uint16_t client_port) {
  return {.original = {Ipv4Address{0x0a000005}, Ipv4Address{0x0a600001}, client_port, 80,
                       Protocol::kSctp},
          .translated = {Ipv4Address{0xc0a80002}, Ipv4Address{0x0af40001},
                         static_cast<uint16_t>(60000 - client_port), 8080, Protocol::kSctp},
          .to_endpoint = {Port::kNode, {0x020000000201}, {0x020000000202}},
          .to_client = {Port::kUplink, {0x020000000101}, {0x020000000102}}};
}

class HostConnectionsTest : public test::KeptFolderTest {
 protected:
  HostConnections Open(size_t capacity = kRoom) { return HostConnections(capacity, OpenRows()); }
  KeptRows<HostConnection> OpenRows() const {
    std::string note;
    auto rows = KeptRows<HostConnection>::Open(folder_ / "connections", kMagic, kRoom, note);
    EXPECT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(note, "");
    return *std::move(rows);
  }
};

TEST_F(HostConnectionsTest, GoOnInTheNextProcess) {
  {
    HostConnections connections = Open();
    for (uint16_t port = 1; port <= 10; ++port) {
      ASSERT_EQ(connections.Record(ConnectionOf(port)), RecordResult::kRecorded);
    }
    connections.Touch(ConnectionOf(3).Reply(), 77);
    EXPECT_EQ(connections.EraseIf([](const HostConnection& connection) {
      return connection.original.source_port == 5;
    }),
              1u);
  }
  for (int generation = 0; generation < 3; ++generation) {
    HostConnections connections = Open();
    ASSERT_EQ(connections.size(), 9u);
    EXPECT_EQ(*connections.Find(ConnectionOf(4).original).connection, ConnectionOf(4));
    EXPECT_EQ(connections.Find(ConnectionOf(5).original).connection, nullptr);
    const auto touched = connections.Find(ConnectionOf(3).Reply());
    ASSERT_NE(touched.connection, nullptr);
    EXPECT_TRUE(touched.is_reply);
    EXPECT_EQ(touched.connection->state, ConnectionState::kEstablished);
    EXPECT_EQ(touched.connection->last_seen, 77u);
    // Its port is taken.
    HostConnection other = ConnectionOf(3);
    other.original.source_port = 99;
    EXPECT_EQ(connections.Record(other), RecordResult::kSourcePortTaken);
  }
  Open().Clear();
  EXPECT_EQ(Open().size(), 0u);
}

TEST_F(HostConnectionsTest, AreWholeWheneverTheirProcessIsKilled) {
  for (int round = 0; round < 10; ++round) {
    KillWhile([this] {
      static HostConnections connections = Open();
      static uint32_t step = 0;
      const auto port = static_cast<uint16_t>(++step % kRoom + 1);
      connections.EraseIf(
          [&](const HostConnection& known) { return known.original.source_port == port; });
      static_cast<void>(connections.Record(ConnectionOf(port)));
      connections.Touch(ConnectionOf(port).Reply(), step & kTickMask);
    });
    const HostConnections connections = Open();
    EXPECT_GT(connections.size(), 0u);
    connections.ForEach([](const HostConnection& known) {
      HostConnection expected = ConnectionOf(known.original.source_port);
      expected.state = known.state;
      expected.last_seen = known.last_seen;
      EXPECT_EQ(known, expected);
    });
  }
}

TEST_F(HostConnectionsTest, WhatMakesNoSenseIsLeftOut) {
  {
    KeptRows<HostConnection> rows = OpenRows();
    HostConnection wrong = ConnectionOf(1);
    wrong.state = static_cast<ConnectionState>(200);
    rows.Add(wrong);
    wrong = ConnectionOf(2);
    wrong.translated.protocol = Protocol::kTcp;
    rows.Add(wrong);
    wrong = ConnectionOf(7);
    wrong.original.protocol = wrong.translated.protocol = Protocol::kUdp;
    wrong.state = ConnectionState::kHalfOpen;
    rows.Add(wrong);
    wrong = ConnectionOf(8);
    wrong.original.protocol = wrong.translated.protocol = Protocol{1};
    rows.Add(wrong);
    wrong = ConnectionOf(3);
    wrong.translated.destination = Address::FromWords(1, 2);
    rows.Add(wrong);
    wrong = ConnectionOf(4);
    wrong.to_client.egress = static_cast<Port>(9);
    rows.Add(wrong);
    rows.Add(ConnectionOf(5));
    rows.Add(ConnectionOf(5));
    wrong = ConnectionOf(6);
    wrong.translated = ConnectionOf(5).translated;
    rows.Add(wrong);
  }
  for (int generation = 0; generation < 2; ++generation) {
    const HostConnections connections = Open();
    EXPECT_EQ(connections.size(), 1u);
    EXPECT_EQ(connections.size(Protocol::kSctp), 1u);
    EXPECT_EQ(connections.size(Protocol::kTcp), 0u);
    EXPECT_NE(connections.Find(ConnectionOf(5).original).connection, nullptr);
  }
}

TEST_F(HostConnectionsTest, TcpGoesOnInItsState) {
  HostConnection tcp = ConnectionOf(1);
  tcp.original.protocol = tcp.translated.protocol = Protocol::kTcp;
  const FrontendKey frontend{tcp.original.destination, 80, Protocol::kTcp};
  {
    HostConnections connections = Open();
    ASSERT_EQ(connections.Record(tcp), RecordResult::kRecorded);
    EXPECT_EQ(connections.unconfirmed(frontend), 1u);
  }
  {
    HostConnections connections = Open();
    EXPECT_EQ(connections.unconfirmed(frontend), 1u);
    connections.Touch(tcp.Reply(), 1, {.tcp_flags = kTcpSyn});
    EXPECT_EQ(connections.unconfirmed(frontend), 0u);
    connections.Touch(tcp.original, 2, {.tcp_flags = kTcpFin});
  }
  HostConnections connections = Open();
  EXPECT_EQ(connections.size(Protocol::kTcp), 1u);
  EXPECT_EQ(connections.Find(tcp.original).connection->state, ConnectionState::kClientClosing);
  connections.Clear();
  EXPECT_EQ(connections.size(Protocol::kTcp), 0u);
}

TEST_F(HostConnectionsTest, NoMoreThanThereIsRoomForAreTakenIn) {
  for (uint16_t port = 1; port <= 10; ++port) {
    static_cast<void>(Open().Record(ConnectionOf(port)));
  }
  EXPECT_EQ(Open(4).size(), 4u);
}

}  // namespace
}  // namespace pointsman
