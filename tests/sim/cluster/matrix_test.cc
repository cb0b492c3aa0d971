// The access matrix as data, and what the virtual cluster makes of it.
#include "sim/cluster/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/kube/yaml_text.h"
#include "sim/cluster/matrix_objects.h"

namespace pointsman::cluster {
namespace {

using testing::HasSubstr;

absl::StatusOr<std::unique_ptr<Datapath>> OpenSoftware(const NodeSetup&) {
  return OpenSoftwareDatapath();
}

// What the data file says of each row, by its keys.
const std::vector<std::map<std::string, std::string>>& DataRows() {
  static const auto* const rows = [] {
    auto* read = new std::vector<std::map<std::string, std::string>>();
    std::ifstream file(POINTSMAN_ACCESS_MATRIX);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const absl::Status parsed = kube::ParseYaml(text, [&](const kube::Value& document) {
      for (const kube::Value& row : document.Find("rows")->items) {
        auto& members = read->emplace_back();
        for (const kube::Member& member : row.members) members[member.key] = member.value.text;
      }
    });
    EXPECT_TRUE(parsed.ok()) << parsed;
    return read;
  }();
  return *rows;
}

std::vector<MatrixColumn> SourceColumns() {
  std::vector<MatrixColumn> columns = MatrixColumns();
  columns.pop_back();
  return columns;
}

std::string Where(size_t row, const MatrixColumn& column) {
  return "row " + std::to_string(row + 1) + ", " + column.name;
}

std::string HopsText(const std::vector<Hop>& hops) {
  std::string text;
  for (const Hop& hop : hops) text += "\n    " + hop.where + ": " + hop.what;
  return text;
}

class MatrixTest : public testing::Test {
 protected:
  static std::unique_ptr<MatrixCluster> Open(const MatrixColumn& column,
                                             Remedy remedy = Remedy::kNone) {
    auto opened = MatrixCluster::Open(column, remedy, OpenSoftware);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  static MatrixCell Ask(MatrixCluster& cluster, size_t row) {
    auto cell = cluster.Ask(MatrixRows()[row]);
    EXPECT_TRUE(cell.ok()) << cell.status();
    return *std::move(cell);
  }
};

TEST_F(MatrixTest, RowsAreThoseOfTheDataInItsOrder) {
  ASSERT_EQ(MatrixRows().size(), DataRows().size());
  for (size_t i = 0; i < MatrixRows().size(); ++i) {
    const MatrixRow& row = MatrixRows()[i];
    const auto& data = DataRows()[i];
    EXPECT_EQ(data.at("row"), std::to_string(i + 1));
    EXPECT_EQ(data.at("service"), ToString(row.service)) << i;
    EXPECT_EQ(data.at("client"), ToString(row.client)) << i;
    EXPECT_EQ(data.at("target"), ToString(row.target)) << i;
    EXPECT_EQ(data.at("address"), ToString(row.address)) << i;
  }
}

TEST_F(MatrixTest, AllCellsAreThoseOfTheData) {
  int cells = 0;
  for (const MatrixColumn& column : SourceColumns()) {
    const auto cluster = Open(column);
    for (size_t row = 0; row < MatrixRows().size(); ++row) {
      const MatrixCell cell = Ask(*cluster, row);
      EXPECT_EQ(cell.ok ? "ok" : "fail", DataRows()[row].at(column.name))
          << Where(row, column) << ": " << cell.reason << HopsText(cell.hops);
      EXPECT_FALSE(cell.reason.empty());
      cells += 1;
    }
  }
  EXPECT_EQ(cells, 64);
}

TEST_F(MatrixTest, WithAddressesOfTwoKindsBothGoTheSameWay) {
  for (const MatrixColumn& column : SourceColumns()) {
    const auto cluster = Open(column);
    for (size_t i = 0; i < MatrixRows().size(); ++i) {
      if (MatrixRows()[i].address != MatrixAddress::kEither) continue;
      for (const MatrixAddress address : {MatrixAddress::kPrivate, MatrixAddress::kPublic}) {
        MatrixRow row = MatrixRows()[i];
        row.address = address;
        const auto cell = cluster->Ask(row);
        ASSERT_TRUE(cell.ok());
        EXPECT_EQ(cell->ok ? "ok" : "fail", DataRows()[i].at(column.name))
            << Where(i, column) << " " << ToString(address) << ": " << cell->reason;
      }
    }
  }
}

// The source lists what may fail; all else is reachable.
TEST_F(MatrixTest, WhatTheSourceDoesNotListIsReachable) {
  using C = MatrixClient;
  using S = MatrixService;
  for (const MatrixColumn& column : MatrixColumns()) {
    const auto cluster = Open(column);
    for (const S service : {S::kSharedBalancer, S::kDedicatedBalancer}) {
      for (const C client : {C::kNodeWithoutBackend, C::kPodOnOtherNode}) {
        for (const auto address : {MatrixAddress::kPrivate, MatrixAddress::kPublic}) {
          const auto cell = cluster->Ask({service, client, MatrixTarget::kLoadBalancer, address});
          ASSERT_TRUE(cell.ok());
          EXPECT_TRUE(cell->ok) << column.name << " " << ToString(service) << " "
                                << ToString(client) << ": " << cell->reason << HopsText(cell->hops);
        }
      }
    }
  }
}

// Every failing row has at least these remedies, except where the source itself says otherwise.
TEST_F(MatrixTest, RemediesHelpOnEveryFailingRow) {
  for (const MatrixColumn& column : SourceColumns()) {
    for (const Remedy remedy : kRemedies) {
      const auto cluster = Open(column, remedy);
      for (size_t i = 0; i < MatrixRows().size(); ++i) {
        const MatrixRow& row = MatrixRows()[i];
        if (DataRows()[i].at(column.name) == "ok" || !AppliesTo(remedy, row)) continue;
        const bool excepted = row.service == MatrixService::kDedicatedBalancer &&
                              (remedy == Remedy::kPassThrough || remedy == Remedy::kIpModeProxy);
        const MatrixCell cell = Ask(*cluster, i);
        EXPECT_EQ(cell.ok, !excepted) << Where(i, column) << ", " << ToString(remedy) << ": "
                                      << cell.reason << HopsText(cell.hops);
      }
    }
  }
}

// Where the client's address is kept, and what the backend sees instead.
TEST_F(MatrixTest, SourceAddressesThatBackendsSee) {
  struct Case {
    size_t row;  // from 1
    Remedy remedy;
    const char* vpc_iptables;
    const char* tunnel_ipvs;
  };
  // node-a is 192.168.0.11 (10.244.1.0 in the overlay), node-b .12, node-c .13; pods
  // are 10.244.x.20.
  const Case cases[] = {
      {3, Remedy::kNone, "192.168.0.11", "192.168.0.11"},
      {10, Remedy::kNone, "10.244.1.20", "192.168.0.11"},
      {2, Remedy::kClusterIp, "192.168.0.12", "10.244.2.0"},
      {9, Remedy::kClusterIp, "192.168.0.12", "10.244.2.20"},
      {12, Remedy::kDnsName, "192.168.0.11", "10.244.1.20"},
      {6, Remedy::kClusterPolicy, "192.168.0.13", "10.244.3.0"},
      {12, Remedy::kClusterPolicy, "192.168.0.13", "10.244.3.0"},
      {13, Remedy::kClusterPolicy, "192.168.0.12", "10.244.2.0"},
      {14, Remedy::kPassThrough, "192.168.0.100", "192.168.0.100"},
      {13, Remedy::kIpModeProxy, "192.168.0.100", "192.168.0.100"},
  };
  for (const Case& one : cases) {
    const auto vpc = Open(ColumnOf(NetworkModel::kVpc, ForwardingMode::kIptables), one.remedy);
    const auto tunnel = Open(ColumnOf(NetworkModel::kTunnel, ForwardingMode::kIpvs), one.remedy);
    EXPECT_EQ(Ask(*vpc, one.row - 1).source_seen, one.vpc_iptables)
        << one.row << " " << ToString(one.remedy);
    EXPECT_EQ(Ask(*tunnel, one.row - 1).source_seen, one.tunnel_ipvs)
        << one.row << " " << ToString(one.remedy);
  }
}

// Policy Cluster hides every client: what the backend sees is an address of a node.
TEST_F(MatrixTest, PolicyClusterHidesTheClientOnEveryRow) {
  const std::set<std::string> of_nodes = {"192.168.0.11", "192.168.0.12", "192.168.0.13",
                                          "10.244.1.0",   "10.244.2.0",   "10.244.3.0"};
  for (const MatrixColumn& column : SourceColumns()) {
    const auto cluster = Open(column, Remedy::kClusterPolicy);
    for (size_t row = 0; row < MatrixRows().size(); ++row) {
      EXPECT_TRUE(of_nodes.contains(Ask(*cluster, row).source_seen)) << Where(row, column);
    }
  }
}

TEST_F(MatrixTest, TheFifthColumnIsWhatTodaysRulesMakeOfEachRow) {
  const auto cluster = Open(ColumnOf(NetworkModel::kVpc, ForwardingMode::kPointsman));
  const std::set<size_t> fails = {2, 5, 6, 9, 12};
  for (size_t row = 0; row < MatrixRows().size(); ++row) {
    const MatrixCell cell = Ask(*cluster, row);
    EXPECT_EQ(cell.ok, !fails.contains(row + 1)) << row + 1 << ": " << cell.reason;
  }
  EXPECT_THAT(Ask(*cluster, 1).reason, HasSubstr("no endpoint of the Service is on this node"));
  EXPECT_THAT(Ask(*cluster, 11).reason, HasSubstr("the reply comes from 10.244.2.10:8080"));
}

}  // namespace
}  // namespace pointsman::cluster
