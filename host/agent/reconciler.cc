#include "host/agent/reconciler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "flow_tables/image_check.h"
#include "flow_tables/plan.h"
#include "host/agent/read_image.h"

namespace pointsman {

namespace {

// How many frontends it takes to fill a table of connections with such that nobody has answered.
constexpr uint32_t kFrontendsThatFillTheTable = 16;
constexpr uint32_t kFrontendsThatFillTheIpv6Table = 4;

uint32_t UnconfirmedQuota(const CardSizes& sizes) {
  return std::min(sizes.originals / kFrontendsThatFillTheTable,
                  sizes.originals_ipv6 / kFrontendsThatFillTheIpv6Table);
}

}  // namespace

Reconciler::Reconciler(Card& card, uint32_t tick_cycles, OnWritten on_written)
    : card_(card),
      on_written_(std::move(on_written)),
      keeper_(std::make_unique<ImageKeeper>(EmptyImage(card.description().sizes))) {
  settings_.mode = Mode::kOffload;
  settings_.tick_cycles = tick_cycles;
}

// Who knows the clients that have met an endpoint has gone.
absl::Status Reconciler::ForgetAffinity() {
  const uint32_t rows = image().sizes.affinity;
  if (rows == 0) return absl::OkStatus();
  const auto held = card_.Read(TableId::kAffinity, 0, rows);
  if (!held.ok()) return held.status();
  std::vector<RowWrite> writes;
  for (uint32_t row = 0; row < rows; ++row) {
    if ((*held)[row] != RowBits{}) writes.push_back({.table = TableId::kAffinity, .index = row});
  }
  return card_.Write(writes);
}

absl::Status Reconciler::Adopt() {
  if (absl::Status status = ForgetAffinity(); !status.ok()) return status;
  absl::StatusOr<Image> held = ReadImage(card_);
  if (!held.ok()) return held.status();
  const absl::Status sense = CheckImage(*held);
  if (!sense.ok()) {
    const Image empty = EmptyImage(held->sizes);
    absl::Status cleared = card_.Write(MakePlan(*held, empty).writes);
    return cleared.ok() ? sense : cleared;
  }
  keeper_ = std::make_unique<ImageKeeper>(*std::move(held));
  in_step_ = false;
  return card_.Write(keeper_->first_plan().writes);
}

absl::StatusOr<size_t> Reconciler::Program(Forwarding wanted) {
  wanted.unconfirmed_quota = UnconfirmedQuota(image().sizes);
  return Follow(keeper_->Replace(wanted));
}

absl::StatusOr<size_t> Reconciler::Update(ForwardingChange change) {
  if (change.rest) change.rest->unconfirmed_quota = UnconfirmedQuota(image().sizes);
  return Follow(keeper_->Update(change));
}

absl::StatusOr<size_t> Reconciler::Follow(const absl::StatusOr<Plan>& plan) {
  in_step_ = plan.ok();
  if (!plan.ok()) return plan.status();
  if (absl::Status status = Write(*plan); !status.ok()) return status;
  return plan->writes.size();
}

absl::Status Reconciler::Write(const Plan& plan) {
  if (plan.configuration || !configured_) {
    if (absl::Status status = Configure(); !status.ok()) return status;
    configured_ = true;
  }
  absl::Status status = card_.Write(plan.writes);
  if (status.ok() && on_written_) on_written_(plan.writes);
  return status;
}

absl::Status Reconciler::Configure() {
  settings_.configuration = image().configuration;
  settings_.configuration.host_protocols.tcp = host_has_tcp_;
  settings_.configuration.host_protocols.udp = host_has_udp_;
  return card_.Configure(settings_);
}

absl::Status Reconciler::SetHostConnections(bool tcp, bool udp) {
  if (tcp == host_has_tcp_ && udp == host_has_udp_) return absl::OkStatus();
  host_has_tcp_ = tcp;
  host_has_udp_ = udp;
  return configured_ ? Configure() : absl::OkStatus();
}

absl::Status Reconciler::MakeWay(const Busyness::Exchange& exchange) {
  return Write(keeper_->MakeWay(exchange.misfit, exchange.resident));
}

absl::StatusOr<uint32_t> Reconciler::Lend(const WantedRow& wanted) {
  const auto loan = keeper_->Lend(wanted.frontend, wanted.endpoint);
  if (!loan.ok()) return loan.status();
  if (absl::Status status = Write(loan->plan); !status.ok()) return status;
  return loan->endpoint;
}

absl::Status Reconciler::SetTick(uint32_t tick) {
  if (settings_.tick_cycles != 0 || settings_.tick == tick) return absl::OkStatus();
  settings_.tick = tick;
  return configured_ ? card_.Configure(settings_) : absl::OkStatus();
}

}  // namespace pointsman
