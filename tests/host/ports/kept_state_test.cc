// What a state folder keeps, and what it does not take over. Real files, and processes that are
// really killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "flow_tables/pipeline.h"
#include "host/kept/kept_file.h"
#include "host/ports/kept_connections.h"
#include "host/ports/kept_tables.h"
#include "tests/support/image_builder.h"
#include "tests/support/kept_folder.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

constexpr CardSizes kSizes = kSimSizes;

Image World() {
  ImageBuilder builder(kSizes);
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  const uint32_t slots =
      builder.AddSlots({builder.AddEndpoint(Ipv4Address{0x0af40001}, 8080, hop)});
  builder.AddFrontend({.destination_address = Address(Ipv4Address{0x0a600001}).bits(),
                       .destination_port = 80,
                       .protocol = static_cast<uint8_t>(Protocol::kTcp),
                       .counter = 3,
                       .outside_slots_base = slots});
  Image image = builder.image();
  image.configuration.masquerade_address = {0xc0a80002};
  return image;
}

Connection ConnectionOf(uint16_t client_port) {
  return MakeConnection<Ipv4>({.source_address = 0x0a000005,
                               .destination_address = 0x0a600001,
                               .source_port = client_port,
                               .destination_port = 80,
                               .protocol = static_cast<uint8_t>(Protocol::kTcp)},
                              {.new_source_address = 0x0a000005,
                               .new_destination_address = 0x0af40001,
                               .new_source_port = client_port,
                               .new_destination_port = 8080,
                               .next_hop = 1,
                               .frontend_counter = 3,
                               .endpoint = 0},
                              0);
}

class KeptStateTest : public test::KeptFolderTest {
 protected:
  std::string Tables() const { return folder_ / "tables"; }
  std::string Connections() const { return folder_ / "connections"; }

  std::unique_ptr<KeptTables> OpenTables(const CardSizes& sizes = kSizes) {
    note_.clear();
    auto tables = KeptTables::Open(Tables(), sizes, 1, note_);
    EXPECT_TRUE(tables.ok()) << tables.status();
    return tables.ok() ? *std::move(tables) : nullptr;
  }
  void KeepWorld() {
    const auto tables = OpenTables();
    for (const RowWrite& write : MakePlan(EmptyImage(kSizes), image_).writes) tables->Write(write);
    tables->Write({.mode = Mode::kOffload, .configuration = image_.configuration, .tick = 7});
  }

  // A pipeline of the kept connections.
  struct Kept {
    std::unique_ptr<KeptConnections> memory;
    std::unique_ptr<Pipeline> pipeline;
    absl::StatusOr<uint32_t> taken = 0U;
  };
  Kept OpenConnections() {
    Kept kept;
    auto memory = KeptConnections::Open(Connections(), kSizes, {});
    EXPECT_TRUE(memory.ok()) << memory.status();
    kept.memory = *std::move(memory);
    kept.pipeline =
        std::make_unique<Pipeline>(std::make_shared<const Image>(image_), 1, kept.memory.get());
    kept.taken = kept.memory->TakeIn(image_, kept.pipeline->connections(),
                                     kept.pipeline->connections_ipv6());
    return kept;
  }

  const Image image_ = World();
  std::string note_;
};

TEST_F(KeptStateTest, TablesAndSettingsAreFoundAgain) {
  EXPECT_FALSE(OpenTables()->settings().has_value());
  KeepWorld();
  const auto tables = OpenTables();
  EXPECT_EQ(note_, "");
  ASSERT_TRUE(tables->settings().has_value());
  EXPECT_EQ(tables->settings()->mode, Mode::kOffload);
  EXPECT_EQ(tables->settings()->tick, 7u);
  EXPECT_EQ(tables->settings()->configuration, image_.configuration);
  EXPECT_EQ(MakePlan(tables->image(), image_).writes.size(), 0u);
}

TEST_F(KeptStateTest, ARowIsWholeWheneverItsProcessIsKilled) {
  KeepWorld();
  const std::array<Address, 2> addresses = {Address::FromWords(~0ULL, ~0ULL),
                                            Ipv4Address{0x0af40001}};
  for (int round = 0; round < 10; ++round) {
    KillWhile([&, tables = std::shared_ptr(OpenTables())] {
      for (const Address& address : addresses) {
        EndpointRow row = image_.endpoints[0];
        row.address = address.bits();
        tables->Write({.table = TableId::kEndpoints, .index = 0, .row = PackRow(row)});
      }
    });
    const auto found = OpenTables();
    ASSERT_EQ(note_, "");
    const Bits128 address = found->image().endpoints[0].address;
    EXPECT_TRUE(address == addresses[0].bits() || address == addresses[1].bits());
  }
}

// As a process leaves the file that is killed in the middle of a row: the row's place, and what it
// was, stand behind the head that all files have.
TEST_F(KeptStateTest, ARowThatWasBeingWrittenIsWhatItWasBefore) {
  KeepWorld();
  std::ifstream file(Tables(), std::ios::binary);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  const auto bytes_of = [](const auto& value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  };
  const std::string row = bytes_of(PackRow(image_.endpoints[0]));
  const uint64_t place = content.find(row);
  ASSERT_NE(place, std::string::npos);
  Overwrite(Tables(), place, std::string(24, '\x5a'));
  Overwrite(Tables(), sizeof(KeptFileHead), bytes_of(place) + row);
  EXPECT_EQ(OpenTables()->image().endpoints[0], image_.endpoints[0]);
  EXPECT_EQ(note_, "");
  Overwrite(Tables(), sizeof(KeptFileHead), bytes_of(uint64_t{content.size()}));
  EXPECT_FALSE(OpenTables()->settings().has_value());
  EXPECT_THAT(note_, HasSubstr("is damaged"));
}

TEST_F(KeptStateTest, TablesOfSomebodyElseAreSetAside) {
  const auto expect_aside = [&](const char* why, const CardSizes& sizes = kSizes) {
    const auto tables = OpenTables(sizes);
    EXPECT_THAT(note_, HasSubstr("/tables: "));
    EXPECT_THAT(note_, HasSubstr(why));
    EXPECT_FALSE(tables->settings().has_value());
    EXPECT_TRUE(std::filesystem::exists(Tables() + ".set-aside"));
  };
  KeepWorld();
  CardSizes other = kSizes;
  other.originals *= 2;
  expect_aside("other --cores or --connections", other);
  std::ofstream(Tables(), std::ios::trunc) << "a shopping list";
  expect_aside("another size");
  std::ofstream(Tables(), std::ios::trunc);
  expect_aside("empty");
  KeepWorld();
  Overwrite(Tables(), 0, "PNG");
  expect_aside("not a file of this kind");
  KeepWorld();
  {
    FrontendRow row = image_.frontends[0];
    row.valid = true;
    row.outside_action = FrontendAction::kForward;
    row.outside_slots_log2 = 31;
    OpenTables()->Write({.table = TableId::kFrontends, .index = 0, .row = PackRow(row)});
  }
  expect_aside("table frontends, row 0");
}

TEST_F(KeptStateTest, ConnectionsGoOnInTheNextProcess) {
  constexpr uint16_t kCount = 1000;
  {
    const Kept kept = OpenConnections();
    EXPECT_EQ(kept.taken.value(), 0u);
    for (uint16_t port = 0; port < kCount; ++port) {
      Connection connection = ConnectionOf(port);
      connection.state = ConnectionState::kEstablished;
      connection.last_seen = port;
      ASSERT_EQ(kept.pipeline->connections().Record(connection), RecordResult::kRecorded);
    }
    ASSERT_TRUE(kept.pipeline->connections().Erase(OriginalKey(ConnectionOf(5))));
  }
  for (int generation = 0; generation < 3; ++generation) {
    const Kept kept = OpenConnections();
    ASSERT_EQ(kept.taken.value(), kCount - 1u) << generation;
    const auto found = kept.pipeline->connections().Find(OriginalKey(ConnectionOf(77)));
    ASSERT_TRUE(found);
    EXPECT_EQ(found.connection->state, ConnectionState::kEstablished);
    EXPECT_EQ(found.connection->last_seen, 77u);
    EXPECT_FALSE(kept.pipeline->connections().Find(OriginalKey(ConnectionOf(5))));
  }
}

TEST_F(KeptStateTest, ConnectionsOfAProcessThatIsKilledAreWhole) {
  KillWhile([this] {
    static const Kept kept = OpenConnections();
    static uint16_t port = 0;
    pointsman::Connections& connections = kept.pipeline->connections();
    ++port;
    static_cast<void>(connections.Erase(OriginalKey(ConnectionOf(port))));
    static_cast<void>(connections.Record(ConnectionOf(port)));
  });
  const Kept kept = OpenConnections();
  ASSERT_TRUE(kept.taken.ok()) << kept.taken.status();
  EXPECT_GT(*kept.taken, 0u);
  kept.pipeline->connections().ForEach([](const Connection& connection) {
    EXPECT_EQ(connection, ConnectionOf(OriginalKey(connection).source_port));
  });
}

TEST_F(KeptStateTest, ConnectionsThatMakeNoSenseAreLeftOut) {
  {
    const Kept kept = OpenConnections();
    Connection connection = ConnectionOf(1);
    connection.there.to.endpoint = kSizes.endpoints;
    connection.back.to.endpoint = kSizes.endpoints;
    ASSERT_EQ(kept.pipeline->connections().Record(connection), RecordResult::kRecorded);
    connection = ConnectionOf(2);
    connection.there.transport_sum ^= 1;
    ASSERT_EQ(kept.pipeline->connections().Record(connection), RecordResult::kRecorded);
    ASSERT_EQ(kept.pipeline->connections().Record(ConnectionOf(3)), RecordResult::kRecorded);
  }
  const Kept kept = OpenConnections();
  EXPECT_EQ(kept.taken.value(), 1u);
  EXPECT_TRUE(kept.pipeline->connections().Find(OriginalKey(ConnectionOf(3))));
}

TEST_F(KeptStateTest, ConnectionsOfSomebodyElseAreSetAside) {
  std::ofstream(Connections()) << "a shopping list";
  const Kept kept = OpenConnections();
  EXPECT_EQ(kept.taken.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(kept.taken.status().message()), HasSubstr("/connections.old: "));
  EXPECT_TRUE(std::filesystem::exists(Connections() + ".old.set-aside"));
  EXPECT_EQ(OpenConnections().taken.value(), 0u);
}

}  // namespace
}  // namespace pointsman
