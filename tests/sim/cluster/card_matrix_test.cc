// Cells of the access matrix with the simulated card as a node's datapath. One process holds one
// card, so one node has it at a time. By default: the backends' node in all columns, the others
// where they decide something of their own; POINTSMAN_CLUSTER_CARD=all puts it on every node in
// turn.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "host/cli/open_datapath.h"
#include "sim/cluster/matrix.h"

namespace pointsman::cluster {
namespace {

struct Placed {
  std::string node;
  MatrixColumn column;
};

std::vector<Placed> Placements() {
  const char* wanted = std::getenv("POINTSMAN_CLUSTER_CARD");
  std::vector<Placed> placements;
  for (const MatrixColumn& column : MatrixColumns()) {
    placements.push_back({"node-b", column});
    if (wanted == nullptr || std::string(wanted) != "all") continue;
    placements.push_back({"node-a", column});
    placements.push_back({"node-c", column});
  }
  if (placements.size() == MatrixColumns().size()) {
    placements.push_back({"node-a", ColumnOf(NetworkModel::kTunnel, ForwardingMode::kIptables)});
    placements.push_back({"node-c", ColumnOf(NetworkModel::kVpc, ForwardingMode::kIpvs)});
  }
  return placements;
}

std::vector<MatrixCell> AskAll(const MatrixColumn& column, const std::string& card_node) {
  const auto open = [&](const NodeSetup& node) -> absl::StatusOr<std::unique_ptr<Datapath>> {
    if (node.name != card_node) return OpenSoftwareDatapath();
    return OpenDatapath({.datapath = "card", .card = {}, .files = {}});
  };
  std::vector<MatrixCell> cells;
  const auto cluster = MatrixCluster::Open(column, Remedy::kNone, open);
  EXPECT_TRUE(cluster.ok()) << cluster.status();
  if (!cluster.ok()) return cells;
  for (const MatrixRow& row : MatrixRows()) {
    auto cell = (*cluster)->Ask(row);
    EXPECT_TRUE(cell.ok()) << cell.status();
    cells.push_back(cell.ok() ? *std::move(cell) : MatrixCell());
  }
  return cells;
}

// Software's cells equal the data (matrix_test.cc).
TEST(MatrixTest, CellsAreTheSameOnTheCard) {
  for (const Placed& placed : Placements()) {
    const std::vector<MatrixCell> software = AskAll(placed.column, "");
    const std::vector<MatrixCell> card = AskAll(placed.column, placed.node);
    ASSERT_EQ(software.size(), card.size());
    for (size_t i = 0; i < card.size(); ++i) {
      EXPECT_EQ(card[i].ok, software[i].ok) << placed.column.name << ", card on " << placed.node
                                            << ", row " << i + 1 << ": " << card[i].reason;
      EXPECT_EQ(card[i].source_seen, software[i].source_seen) << placed.column.name << " " << i + 1;
      EXPECT_EQ(card[i].reason, software[i].reason) << placed.column.name << " " << i + 1;
    }
  }
}

}  // namespace
}  // namespace pointsman::cluster
