#include "host/agent/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/kube/manifests.h"
#include "tests/host/agent/manifests.h"
#include "tests/host/kube/temp_folder.h"

namespace pointsman {
namespace {

using nlohmann::json;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Keys(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

class StatusTest : public testing::Test {
 protected:
  void SetUp() override {
    kube::TempFolder folder;
    folder.Write("node.yaml", test::kNodeManifest);
    folder.Write("web.yaml", test::kServiceManifest);
    auto manifests = kube::ManifestFolder::Open(folder.path());
    ASSERT_TRUE(manifests.ok()) << manifests.status();
    auto forwarding = ForwardingOfNode(manifests->view(), "n1", {});
    ASSERT_TRUE(forwarding.ok()) << forwarding.status();
    forwarding_ = *std::move(forwarding);
    auto image = BuildImage(forwarding_.forwarding, EmptyImage(kSimSizes));
    ASSERT_TRUE(image.ok()) << image.status();
    image_ = *std::move(image);
    card_.profile = "sim";
  }

  AgentState State() const {
    AgentState state;
    state.node = "n1";
    state.forwarding = &forwarding_;
    state.image = &image_;
    state.connections = &connections_;
    state.software_connections = &software_connections_;
    state.card = &card_;
    return state;
  }

  NodeForwarding forwarding_;
  Image image_;
  ConnectionList connections_;
  HostConnections software_connections_{10};
  CardDescription card_;
};

TEST_F(StatusTest, HasTheDocumentedKeys) {
  const json document = json::parse(StatusDocument(State()));
  EXPECT_THAT(Keys(document), UnorderedElementsAre("node", "card", "services", "frontends",
                                                   "endpoints", "tables", "connections", "packets",
                                                   "reasons", "problems", "notes", "last_error"));
  EXPECT_THAT(Keys(document["card"]),
              UnorderedElementsAre("profile", "heartbeat", "cycles", "error_bits", "rows_written",
                                   "rows_audited", "audit_passes", "rows_mended"));
  EXPECT_EQ(document["node"], "n1");
  EXPECT_EQ(document["card"]["profile"], "sim");
}

TEST_F(StatusTest, TellsHowACardIsThatMayComeBack) {
  CardStatus status;
  AgentState state = State();
  state.card_status = &status;
  const auto card = [&] { return json::parse(StatusDocument(state))["card"]; };
  EXPECT_EQ(card()["state"], "READY");
  EXPECT_EQ(card()["carried_by"], "card");
  status.state = CardState::kGone;
  status.failures = 3;
  status.last_failure = "all ones";
  EXPECT_EQ(card()["state"], "GONE");
  EXPECT_EQ(card()["carried_by"], "nobody");
  EXPECT_EQ(card()["failures"], 3);
  EXPECT_EQ(card()["last_failure"], "all ones");
  status.has_ports = true;
  status.state = CardState::kResetting;
  EXPECT_EQ(card()["state"], "RESETTING");
  EXPECT_EQ(card()["carried_by"], "ports");
  status.punts = true;
  EXPECT_EQ(card()["carried_by"], "software");
}

TEST_F(StatusTest, TellsEndpointsAndHowManyConnectionsEndThere) {
  CardOutput output;
  output.events.push_back({.kind = EventKind::kLearn,
                           .table = static_cast<uint8_t>(TableId::kOriginals),
                           .original_row = 3,
                           .reply = {.source_address = 0x0af4010a, .source_port = 8080}});
  connections_.Take(output, image_);
  const json document = json::parse(StatusDocument(State()));
  ASSERT_EQ(document["endpoints"].size(), 2u);
  size_t met = 0;
  for (const json& endpoint : document["endpoints"]) {
    if (endpoint["connections"] != 0) {
      ++met;
      EXPECT_EQ(endpoint["address"], "10.244.1.10:8080");
      EXPECT_EQ(endpoint["egress"], "uplink") << "no neighbour is known here: the gateway";
    }
  }
  EXPECT_EQ(met, 1u);
}

TEST_F(StatusTest, TellsHowFullEachTableIs) {
  AgentState state = State();
  state.affinity_rows = 5;
  const json document = json::parse(StatusDocument(state));
  std::map<std::string, json> by_name;
  for (const json& table : document["tables"]) by_name[table["table"]] = table;
  EXPECT_EQ(by_name["endpoints"]["used"], 2);
  EXPECT_EQ(by_name["endpoints"]["rows"], kSimSizes.endpoints);
  EXPECT_EQ(by_name["affinity"]["used"], 5);
  EXPECT_EQ(by_name["originals"]["used"], 0);
  EXPECT_GE(by_name["slots"]["used"], 2);
  EXPECT_FALSE(by_name.contains("hash-keys"));
}

TEST_F(StatusTest, SaysWhyConnectionsBeginInSoftware) {
  AgentState state = State();
  const absl::flat_hash_map<FrontendKey, ImageKeeper::Misfit> misfits = {
      {KeyOf(forwarding_.forwarding.frontends[0]), {.has_row = false, .why = "table slots"}}};
  state.misfits = &misfits;
  const json document = json::parse(StatusDocument(state));
  const json& limitations = document["services"][0]["limitations"];
  EXPECT_EQ(limitations.back(), "connections begin in software: table slots");
}

TEST_F(StatusTest, TellsServicesAndFrontendsWithTheirCounters) {
  AgentState state = State();
  state.counters = {{.packets = 7, .bytes = 420}};
  const json document = json::parse(StatusDocument(state));
  ASSERT_EQ(document["services"].size(), 1u);
  const json& service = document["services"][0];
  EXPECT_EQ(service["namespace"], "shop");
  EXPECT_EQ(service["name"], "web");
  EXPECT_EQ(service["frontends"][0]["address"], "10.96.0.10");
  EXPECT_EQ(service["endpoints"]["ready"], 2);
  EXPECT_EQ(service["endpoints"]["local"], 1);
  ASSERT_EQ(document["frontends"].size(), 1u);
  const json& frontend = document["frontends"][0];
  EXPECT_EQ(frontend["address"], "10.96.0.10:80");
  EXPECT_EQ(frontend["protocol"], "TCP");
  EXPECT_EQ(frontend["packets"], 7);
  EXPECT_EQ(frontend["bytes"], 420);
}

TEST_F(StatusTest, CountsEveryConnectionAndListsTheFirstThousand) {
  EventLine event{.kind = EventKind::kLearn, .table = static_cast<uint8_t>(TableId::kOriginals)};
  event.original = {.source_address = 0x0af40105,
                    .destination_address = 0x0a60000a,
                    .source_port = 1024,
                    .destination_port = 80,
                    .protocol = static_cast<uint8_t>(Protocol::kTcp)};
  event.reply.source_address = 0x0af4010a;
  event.reply.source_port = 8080;
  CardOutput output;
  for (event.original_row = 0; event.original_row < 1001; ++event.original_row) {
    output.events.push_back(event);
  }
  connections_.Take(output, image_);
  const json connections = json::parse(StatusDocument(State()))["connections"];
  EXPECT_EQ(connections["count"], 1001);
  ASSERT_EQ(connections["list"].size(), 1000u);
  EXPECT_EQ(connections["list"][0]["client"], "10.244.1.5:1024");
  EXPECT_EQ(connections["list"][0]["frontend"], "10.96.0.10:80");
  EXPECT_EQ(connections["list"][0]["endpoint"], "10.244.1.10:8080");
}

TEST_F(StatusTest, TellsPacketsByKindAndByReason) {
  AgentState state = State();
  state.software_packets = 3;
  state.health.statistics.resize(64);
  state.health.statistics[static_cast<size_t>(Statistic::kUplinkReceived)] = 11;
  state.health.statistics[32 + static_cast<size_t>(Reason::kReject)] = 5;
  state.last_error = "sources: full";
  const json document = json::parse(StatusDocument(state));
  EXPECT_EQ(document["packets"]["by_software"], 3);
  EXPECT_EQ(document["packets"]["uplink_received"], 11);
  EXPECT_EQ(document["packets"]["dropped"], 0);
  EXPECT_EQ(document["reasons"], (json{{"reject", 5}}));
  EXPECT_EQ(document["last_error"], "sources: full");
}

TEST_F(StatusTest, TakesACardThatSentNoStatisticsAndNoCounters) {
  const json document = json::parse(StatusDocument(State()));
  EXPECT_EQ(document["packets"]["forwarded"], 0);
  EXPECT_EQ(document["frontends"][0]["packets"], 0);
  EXPECT_EQ(document["reasons"], json::object());
}

TEST_F(StatusTest, ListsConnectionsOfSoftwareToo) {
  const Address client = Address::FromWords(0xfd00000000000000, 5);
  const Address service = Address::FromWords(0xfd00000000000000, 0x10);
  const FlowKey asked{client, service, 1024, 80, Protocol::kSctp};
  software_connections_.Record(
      {.original = asked, .translated = asked, .to_endpoint = {}, .to_client = {}});
  const json connections = json::parse(StatusDocument(State()))["connections"];
  EXPECT_EQ(connections["count"], 1);
  EXPECT_EQ(connections["list"][0]["client"], "[fd00::5]:1024");
  EXPECT_EQ(connections["list"][0]["by"], "software");
}

}  // namespace
}  // namespace pointsman
