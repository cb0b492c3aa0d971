// Of FailoverCard: a card that lies as a mere port (mode punt).
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <utility>

#include "driver/status_macros.h"
#include "host/cardd/failover_card.h"

namespace pointsman::cardd {
namespace {

constexpr size_t kFramesInjected = 1024;  // at a time

uint64_t RandomSeed() {
  std::random_device seed;
  return uint64_t{seed()} << 32 | seed();
}

}  // namespace

absl::StatusOr<std::unique_ptr<PuntForwarder>> FailoverCard::MakeForwarder() const {
  auto punts = std::make_unique<PuntForwarder>(description_, image_, affinity_, RandomSeed());
  POINTSMAN_RETURN_IF_ERROR(punts->Configure(SettingsNow(settings_->mode)));
  std::vector<ConnectionChange> known;
  for (const auto& [original, connection] : mirror_.connections()) {
    known.push_back({ConnectionChange::Kind::kPut, ToConnection(original, connection)});
  }
  punts->Follow(known);
  return punts;
}

absl::StatusOr<bool> FailoverCard::UseAsPort(bool carried) {
  if (punts_ != nullptr) {
    spdlog::warn("the card still lies: {}", status_.last_failure);
    return card_->Configure(SettingsNow(Mode::kPunt)).ok();
  }
  const bool ports_carry = !carried && ports_ != nullptr;
  if (!settings_ || ports_carry) return false;
  // The card forwards until software knows all that it is to go on with.
  POINTSMAN_ASSIGN_OR_RETURN(auto punts, MakeForwarder());
  if (const absl::Status status = card_->Configure(SettingsNow(Mode::kPunt)); !status.ok()) {
    spdlog::warn("the card cannot be used as a mere port: {}", std::string(status.message()));
    return false;
  }
  punts_ = std::move(punts);
  status_.punts = true;
  POINTSMAN_RETURN_IF_ERROR(TakeLastWords());
  port_events_lost_ = last_words_.events_lost;
  punts_->Take(std::exchange(last_words_.punts, {}));
  carrier_events_lost_ = 0;
  carrier_statistics_.clear();
  ChangeCarrier();
  spdlog::error("the card lies, it is a mere port now and software carries the packets: {}",
                status_.last_failure);
  return true;
}

// What it has counted stays.
absl::Status FailoverCard::EndUseAsPort() {
  POINTSMAN_ASSIGN_OR_RETURN(CardHealth health, punts_->Health());
  CardHealth last = health_;
  last.statistics = std::move(health.statistics);
  Tally(last);
  POINTSMAN_ASSIGN_OR_RETURN(const auto rows, punts_->Read(TableId::kFrontendCounters, 0,
                                                           uint32_t(former_counters_.size())));
  AddCounters(rows, former_counters_);
  punts_.reset();
  status_.punts = false;
  return absl::OkStatus();
}

absl::Status FailoverCard::ForwardPunted() {
  POINTSMAN_ASSIGN_OR_RETURN(CardOutput said, card_->Poll());
  port_events_lost_ = said.events_lost;
  POINTSMAN_RETURN_IF_ERROR(TakeLateEvents(said));
  punts_->Take(std::move(said.punts));
  return SendLeaving();
}

// The card may have made connections just before it became a port. That the others end there means
// nothing: it does not see their packets any more.
absl::Status FailoverCard::TakeLateEvents(CardOutput& said) {
  const auto means_nothing = [](const auto& event) {
    return event.kind == EventKind::kExpire || event.kind == EventKind::kParity;
  };
  std::erase_if(said.events, means_nothing);
  std::erase_if(said.events_ipv6, means_nothing);
  if (said.events.empty() && said.events_ipv6.empty()) return absl::OkStatus();
  std::vector<ConnectionChange> changes;
  mirror_.Take(said, image_, /*of_card=*/false, changes);
  ++events_lost_;
  return Follow(changes);
}

absl::Status FailoverCard::SendLeaving() {
  const std::deque<LeavingFrame> leaving = punts_->TakeLeaving();
  std::vector<InjectedFrame> frames;
  for (const LeavingFrame& frame : leaving) {
    InjectedFrame& injected = frames.emplace_back();
    injected.line.action = InjectAction::kTransmit;
    injected.line.egress = frame.egress;
    injected.frame = frame.frame();
    if (frames.size() != kFramesInjected && &frame != &leaving.back()) continue;
    POINTSMAN_RETURN_IF_ERROR(card_->Inject(frames));
    frames.clear();
  }
  return absl::OkStatus();
}

}  // namespace pointsman::cardd
