// The software path goes on with what an earlier process knew.
#include "host/softpath/kept_software.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "flow_tables/image.h"
#include "host/conformance/probe.h"
#include "host/softpath/software_path.h"
#include "tests/flow_tables/random.h"
#include "tests/support/kept_folder.h"

namespace pointsman {
namespace {

using conformance::ProbeFrame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Address kService = Ipv4Address{0x0a60000a};
const NextHop kGateway{Port::kUplink, {0x020000000101}, {0x020000000102}};
const NextHop kPodHop{Port::kNode, {0x020000000201}, {0x020000000101}};
constexpr uint16_t kClients = 64;

std::optional<FlowKey> KnowsNone(const FlowKey&) { return std::nullopt; }

FlowKey From(uint16_t client, Protocol protocol, uint16_t port = 40000) {
  return {Ipv4Address{0xcb007100U + client}, kService, port, 80, protocol};
}

// SCTP, masqueraded, and TCP with session affinity, with these endpoints.
Forwarding World(uint32_t endpoints, Scheduler scheduler = Scheduler::kRandom) {
  Forwarding wanted;
  wanted.gateway = kGateway;
  wanted.masquerade_address = {0xc0a80002};
  for (const Protocol protocol : {Protocol::kSctp, Protocol::kTcp}) {
    Frontend frontend;
    frontend.name = Name(protocol);
    frontend.address = kService;
    frontend.port = 80;
    frontend.protocol = protocol;
    frontend.scheduler = scheduler;
    frontend.outside = {FrontendAction::kForward, true, {}};
    for (uint32_t i = 0; i < endpoints; ++i) {
      frontend.outside.endpoints.push_back({Ipv4Address{0x0af40001 + i}, 8080, kPodHop});
    }
    frontend.inside = frontend.outside;
    if (protocol == Protocol::kTcp) {
      frontend.affinity_seconds = 100;
      frontend.affinity_group = "shop/web:http TCP";
    }
    wanted.frontends.push_back(std::move(frontend));
  }
  return wanted;
}

// An agent's software path, from one end of a process to the other.
struct Process {
  Process(const std::string& folder, const Forwarding& wanted) {
    auto kept = OpenKeptSoftware(folder, notes);
    EXPECT_TRUE(kept.ok()) << kept.status();
    path = std::make_unique<SoftwarePath>(1000, *std::move(kept));
    image = *BuildImage(wanted, EmptyImage(kSimSizes));
    path->SetForwarding(wanted, image);
    path->CountConnections();
  }

  PuntService Serve(const FlowKey& key, absl::Time now) const {
    const std::vector<uint8_t> frame = ProbeFrame(key);
    const Reason reason = key.protocol == Protocol::kSctp ? Reason::kSctp : Reason::kHostDecides;
    return path->Serve({frame, Port::kUplink, reason, 0}, now, KnowsNone);
  }
  // As the packet leaves; nothing: it does not.
  std::optional<FlowKey> Sent(const FlowKey& key, absl::Time now) const {
    const PuntService service = Serve(key, now);
    if (service.frames.empty()) return std::nullopt;
    return ParseFlow(service.frames[0])->key;
  }
  Address EndpointOf(const FlowKey& key, absl::Time now) const {
    const auto row = Serve(key, now).directed_endpoint;
    return row ? Address::FromBits(image.endpoints.at(*row).address) : Address();
  }

  std::vector<std::string> notes;
  Image image;
  std::unique_ptr<SoftwarePath> path;
};

class KeptSoftwareTest : public test::KeptFolderTest {
 protected:
  Process Begin(uint32_t endpoints = 2, Scheduler scheduler = Scheduler::kRandom) const {
    return Process(folder_, World(endpoints, scheduler));
  }
  static absl::Time At(int seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }
};

TEST_F(KeptSoftwareTest, ConnectionsOverSctpKeepEndpointAndSourcePort) {
  std::map<uint16_t, FlowKey> sent;
  {
    const Process before = Begin();
    EXPECT_THAT(before.notes, IsEmpty());
    for (uint16_t client = 0; client < kClients; ++client) {
      sent[client] = before.Sent(From(client, Protocol::kSctp), At(0)).value();
    }
  }
  // Of ten endpoints one in ten would be chosen again by chance.
  const Process after = Begin(10);
  for (const auto& [client, key] : sent) {
    EXPECT_EQ(after.Sent(From(client, Protocol::kSctp), At(10)), key);
    EXPECT_EQ(after.Sent(HostConnection::Reversed(key), At(10)),
              HostConnection::Reversed(From(client, Protocol::kSctp)));
  }
}

TEST_F(KeptSoftwareTest, ConnectionsThatWereOverMeanwhileEnd) {
  { Begin().Sent(From(1, Protocol::kSctp), At(0)); }
  const Process after = Begin();
  EXPECT_EQ(after.path->Sweep(At(29)), 0u);
  EXPECT_EQ(after.path->Sweep(At(31)), 1u);
  EXPECT_EQ(Begin().path->connections().size(), 0u);
}

TEST_F(KeptSoftwareTest, ClientsKeepTheirEndpointForTheirTime) {
  std::map<uint16_t, Address> met;
  {
    const Process before = Begin();
    for (uint16_t client = 0; client < kClients; ++client) {
      met[client] = before.EndpointOf(From(client, Protocol::kTcp), At(0));
    }
  }
  uint16_t same_after_all = 0;
  for (const auto& [client, endpoint] : met) {
    const Process after = Begin(10);
    const auto another_port = static_cast<uint16_t>(50000 + client);
    EXPECT_EQ(after.EndpointOf(From(client, Protocol::kTcp, another_port), At(99)), endpoint);
    EXPECT_EQ(after.EndpointOf(From(client, Protocol::kTcp), At(198)), endpoint);
    if (after.EndpointOf(From(client, Protocol::kTcp), At(298)) == endpoint) ++same_after_all;
  }
  EXPECT_LT(same_after_all, kClients / 2);
}

TEST_F(KeptSoftwareTest, WhoseEndpointHasGoneMeetsAnother) {
  {
    const Process before = Begin(2);
    for (uint16_t client = 0; client < kClients; ++client) {
      before.EndpointOf(From(client, Protocol::kTcp), At(0));
    }
  }
  const Process after = Begin(1);
  for (uint16_t client = 0; client < kClients; ++client) {
    EXPECT_EQ(after.EndpointOf(From(client, Protocol::kTcp), At(1)), Ipv4Address{0x0af40001});
  }
  // They have met that one now.
  const Process last = Begin(2);
  for (uint16_t client = 0; client < kClients; ++client) {
    EXPECT_EQ(last.EndpointOf(From(client, Protocol::kTcp), At(2)), Ipv4Address{0x0af40001});
  }
}

TEST_F(KeptSoftwareTest, ConnectionsCountForLeastConnection) {
  {
    const Process before = Begin(1, Scheduler::kLeastConnection);
    for (uint16_t client = 0; client < 10; ++client) {
      before.Sent(From(client, Protocol::kSctp), At(0));
    }
  }
  const Process after = Begin(2, Scheduler::kLeastConnection);
  for (uint16_t client = 10; client < 20; ++client) {
    EXPECT_EQ(after.Sent(From(client, Protocol::kSctp), At(1))->destination,
              Ipv4Address{0x0af40002});
  }
}

TEST_F(KeptSoftwareTest, ForeignFilesAreSetAsideEachByItself) {
  { Begin().Sent(From(1, Protocol::kSctp), At(0)); }
  std::ofstream(folder_ / "affinity", std::ios::trunc) << "a shopping list";
  const Process after = Begin();
  EXPECT_THAT(after.notes, ElementsAre(HasSubstr("/affinity: is too short")));
  EXPECT_EQ(after.path->connections().size(), 1u);
}

TEST_F(KeptSoftwareTest, AFolderThatCannotBeIsAnError) {
  std::ofstream(folder_ / "file") << "content";
  std::vector<std::string> notes;
  const auto kept = OpenKeptSoftware(folder_ / "file", notes);
  EXPECT_EQ(kept.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(kept.status().message()), HasSubstr("/file: "));
}

// Whatever the files hold behind their heads, it is served or left out.
TEST_F(KeptSoftwareTest, DamagedRowsDoNoHarm) {
  std::mt19937_64 random = TestRandom();
  for (int round = 0; round < 50; ++round) {
    {
      const Process before = Begin();
      for (uint16_t client = 0; client < kClients; ++client) {
        before.Sent(From(client, Protocol::kSctp), At(round));
        before.EndpointOf(From(client, Protocol::kTcp), At(round));
      }
    }
    for (const char* name : {"connections-software", "affinity"}) {
      for (int i = 0; i < 200; ++i) {
        Overwrite(folder_ / name, sizeof(KeptRowsHead) + Below(random, 64 * 180),
                  std::string(1, static_cast<char>(random())));
      }
    }
    const Process after = Begin(10);
    EXPECT_THAT(after.notes, IsEmpty());
    for (uint16_t client = 0; client < kClients; ++client) {
      after.Serve(From(client, Protocol::kSctp), At(round));
      after.Serve(From(client, Protocol::kTcp), At(round));
    }
    std::vector<FlowKey> keys;
    after.path->connections().ForEach([&](const HostConnection& connection) {
      keys.push_back(connection.original);
      keys.push_back(connection.Reply());
    });
    for (const FlowKey& key : keys) after.Serve(key, At(round));
  }
}

}  // namespace
}  // namespace pointsman
