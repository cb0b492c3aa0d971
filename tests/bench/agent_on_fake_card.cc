#include "tests/bench/agent_on_fake_card.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "driver/ring_card.h"
#include "host/agent/agent.h"
#include "host/agent/api_feed.h"
#include "host/apiserver/kubeconfig.h"
#include "host/services/table_values.h"
#include "tests/driver/descriptions.h"
#include "tests/driver/fake_card.h"

namespace pointsman {
namespace {

std::atomic<bool> stop_requested = false;

// The driver's card, watched.
class WatchedCard : public Card {
 public:
  WatchedCard(std::unique_ptr<Card> card, const FakeCard& tables)
      : card_(std::move(card)), tables_(tables) {}

  ~WatchedCard() override {
    for (const auto& [address, seconds] : rows_) {
      fmt::print("row {} {:.6f}\n", ObjectAddress(address).ToString(), seconds);
    }
  }

  absl::Status Write(std::span<const RowWrite> rows) override {
    absl::Status status = card_->Write(rows);
    if (rows.empty() || !status.ok()) return status;
    const double now = SteadySeconds();
    if (!std::exchange(programmed_, true)) {
      fmt::print("programmed {:.6f} {} {}\n", now, Valid<FrontendRow>(TableId::kFrontends),
                 Valid<EndpointRow>(TableId::kEndpoints));
      std::fflush(stdout);
      return status;
    }
    for (const RowWrite& write : rows) {
      if (write.table != TableId::kEndpoints) continue;
      const auto row = UnpackRow<EndpointRow>(write.row);
      if (row.valid) rows_.emplace_back(Address::FromBits(row.address), now);
    }
    return status;
  }

  const CardDescription& description() const override { return card_->description(); }
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                            uint32_t count) override {
    return card_->Read(table, index, count);
  }
  absl::Status Configure(const CardSettings& settings) override {
    return card_->Configure(settings);
  }
  absl::Status Inject(std::span<const InjectedFrame> frames) override {
    return card_->Inject(frames);
  }
  absl::StatusOr<CardOutput> Poll() override { return card_->Poll(); }
  absl::StatusOr<CardHealth> Health() override { return card_->Health(); }

 private:
  template <class Row>
  size_t Valid(TableId table) const {
    const CardSizes& sizes = description().sizes;
    const uint32_t rows = table == TableId::kFrontends ? sizes.frontends : sizes.endpoints;
    size_t count = 0;
    for (uint32_t i = 0; i < rows; ++i) count += UnpackRow<Row>(tables_.Row(table, i)).valid;
    return count;
  }

  const std::unique_ptr<Card> card_;
  const FakeCard& tables_;
  bool programmed_ = false;
  std::vector<std::pair<Address, double>> rows_;
};

absl::Status Run(const std::string& kubeconfig, const std::string& status_socket) {
  FakeCard tables(AlveoU55cBlob(), kAlveoU55cSizes);
  auto card = RingCard::Open(tables.Connect(), {});
  if (!card.ok()) return card.status();
  auto config = kube::OpenKubeconfig(kubeconfig, "");
  if (!config.ok()) return config.status();
  auto status = StatusServer::Open(status_socket);
  if (!status.ok()) return status.status();
  AgentMetrics metrics(absl::Now());
  auto feed = ApiFeed::Open(*std::move(config), "worker-1", {}, metrics);
  if (!feed.ok()) return feed.status();
  (*feed)->Start();
  Agent agent("worker-1", std::make_unique<WatchedCard>(*std::move(card), tables),
              /*tick_cycles=*/0, *std::move(feed), *std::move(status), nullptr,
              /*adopt=*/false, metrics);
  return agent.Run(stop_requested);
}

}  // namespace

double SteadySeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int RunAgentOnFakeCard(const std::string& kubeconfig, const std::string& status_socket) {
  std::signal(SIGTERM, [](int) { stop_requested = true; });
  spdlog::set_level(spdlog::level::warn);
  const absl::Status status = Run(kubeconfig, status_socket);
  if (!status.ok()) fmt::print("failed {}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}

}  // namespace pointsman
