#include "host/datapath/card_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "host/softpath/connection_list.h"

namespace pointsman {
namespace {

using Clock = std::chrono::steady_clock;

// Bytes on their way at once: less than any punt ring holds, so that the card never waits for us
// while we wait for it.
constexpr size_t kWindowBytes = 64 * 1024;
constexpr std::chrono::seconds kAnswerDeadline(10);
constexpr std::chrono::microseconds kNap(20);

class CardExecutor : public Executor {
 public:
  explicit CardExecutor(std::unique_ptr<Card> card) : card_(std::move(card)) {}

  const CardSizes& sizes() const override { return card_->description().sizes; }

  absl::Status Adopt(const Plan& plan, std::shared_ptr<const Image> image) override {
    settings_.mode = Mode::kOffload;
    settings_.capture = true;
    settings_.configuration = image->configuration;
    if (absl::Status status = card_->Configure(settings_); !status.ok()) return status;
    image_ = std::move(image);
    return card_->Write(plan.writes);
  }

  absl::Status Write(std::span<const RowWrite> writes) override { return card_->Write(writes); }

  absl::Status Forget() override {
    std::vector<RowWrite> writes;
    const auto clear = [&](TableId table, uint32_t rows) {
      for (uint32_t row = 0; row < rows; ++row) writes.push_back({table, row, {}});
    };
    clear(TableId::kOriginals, sizes().originals);
    clear(TableId::kReplies, sizes().replies);
    clear(TableId::kOriginalsIpv6, sizes().originals_ipv6);
    clear(TableId::kRepliesIpv6, sizes().replies_ipv6);
    connections_.Clear();
    return card_->Write(writes);
  }

  absl::Status Age(uint32_t tick) override {
    if (tick == settings_.tick) return absl::OkStatus();
    absl::StatusOr<CardHealth> health = card_->Health();
    if (!health.ok()) return health.status();
    const uint32_t sweeps_before = health->sweeps;
    settings_.tick = tick;
    if (absl::Status status = card_->Configure(settings_); !status.ok()) return status;
    const Clock::time_point deadline = Clock::now() + kAnswerDeadline;
    while (health->sweeps == sweeps_before) {
      if (Clock::now() > deadline) {
        return absl::DeadlineExceededError(
            fmt::format("the card did not sweep its connections within {} s of a new tick, sweeps "
                        "is still {}",
                        kAnswerDeadline.count(), sweeps_before));
      }
      std::this_thread::sleep_for(kNap);
      if (health = card_->Health(); !health.ok()) return health.status();
    }
    return Poll().status();
  }

  std::optional<FlowKey> TranslationOf(const FlowKey& key) override {
    return connections_.TranslationOf(key);
  }

  absl::StatusOr<std::vector<ExecutedPacket>> Run(std::span<const PendingPacket> pending) override {
    std::vector<ExecutedPacket> executed;
    executed.reserve(pending.size());
    for (size_t sent = 0; sent < pending.size();) {
      const size_t count = WindowLength(pending.subspan(sent));
      if (absl::Status status = Send(pending.subspan(sent, count)); !status.ok()) return status;
      if (absl::Status status = Collect(count, executed); !status.ok()) return status;
      sent += count;
    }
    first_tag_ += static_cast<uint32_t>(pending.size());
    return executed;
  }

 private:
  static size_t WindowLength(std::span<const PendingPacket> pending) {
    size_t bytes = 0, count = 0;
    while (count < pending.size() && (count == 0 || bytes < kWindowBytes)) {
      bytes += pending[count++].frame.size() + 64;
    }
    return count;
  }

  absl::Status Send(std::span<const PendingPacket> window) {
    std::vector<InjectedFrame> frames(window.size());
    for (size_t i = 0; i < window.size(); ++i) {
      frames[i].line.tag = next_tag_++;
      frames[i].line.ingress = window[i].ingress;
      frames[i].line.attempt = window[i].attempt;
      frames[i].line.directed = window[i].directed_endpoint ? 1 : 0;
      frames[i].line.endpoint = window[i].directed_endpoint.value_or(0);
      frames[i].frame = window[i].frame;
    }
    return card_->Inject(frames);
  }

  absl::Status Collect(size_t count, std::vector<ExecutedPacket>& executed) {
    const Clock::time_point deadline = Clock::now() + kAnswerDeadline;
    const size_t wanted = executed.size() + count;
    while (executed.size() < wanted) {
      absl::StatusOr<CardOutput> output = Poll();
      if (!output.ok()) return output.status();
      for (PuntedFrame& punt : output->punts) {
        if (absl::Status status = Take(std::move(punt), executed); !status.ok()) return status;
      }
      if (!output->punts.empty() || executed.size() == wanted) continue;
      if (Clock::now() > deadline) {
        return absl::DeadlineExceededError(
            fmt::format("the card returned {} of {} injected packets within {} s", executed.size(),
                        wanted, kAnswerDeadline.count()));
      }
      std::this_thread::sleep_for(kNap);
    }
    return absl::OkStatus();
  }

  // Of events that are lost the list knows nothing; so do tests of this size.
  absl::StatusOr<CardOutput> Poll() {
    absl::StatusOr<CardOutput> output = card_->Poll();
    if (output.ok() && image_ != nullptr) connections_.Take(*output, *image_);
    return output;
  }

  absl::Status Take(PuntedFrame punt, std::vector<ExecutedPacket>& executed) {
    const uint32_t expected = first_tag_ + static_cast<uint32_t>(executed.size());
    if (punt.line.injected == 0 || punt.line.tag != expected) {
      return absl::InternalError(fmt::format(
          "the card returned a packet that is not the next one: tag {} (injected {}), expected {}",
          punt.line.tag, punt.line.injected, expected));
    }
    Outcome outcome;
    outcome.verdict = punt.line.verdict;
    outcome.reason = punt.line.reason;
    outcome.learned = punt.line.learned != 0;
    if (outcome.verdict == Verdict::kPass || outcome.verdict == Verdict::kForward)
      outcome.egress = punt.line.egress;
    if (outcome.verdict == Verdict::kForward) {
      outcome.frontend_counter = punt.line.frontend_counter;
      outcome.endpoint = punt.line.endpoint;
    }
    executed.push_back({outcome, std::move(punt.frame)});
    return absl::OkStatus();
  }

  std::unique_ptr<Card> card_;
  CardSettings settings_;
  std::shared_ptr<const Image> image_;
  ConnectionList connections_;
  uint32_t next_tag_ = 0;
  uint32_t first_tag_ = 0;  // of the packets in this Run
};

}  // namespace

std::unique_ptr<Executor> MakeCardExecutor(std::unique_ptr<Card> card) {
  return std::make_unique<CardExecutor>(std::move(card));
}

}  // namespace pointsman
