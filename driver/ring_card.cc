#include "driver/ring_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "driver/frame_limits.h"
#include "driver/heartbeat.h"
#include "driver/registers.h"
#include "driver/settings.h"
#include "driver/status_macros.h"
#include "driver/table_rows.h"
#include "driver/wait.h"
#include "flow_tables/hash.h"

namespace pointsman {
namespace {

uint64_t RandomSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

std::vector<RowWrite> HashKeyWrites(uint64_t seed) {
  const TabulationHash hash(seed);
  std::vector<RowWrite> writes;
  writes.reserve(hash.rows().size());
  for (const HashKeyRow& row : hash.rows()) {
    writes.push_back({TableId::kHashKeys, uint32_t(writes.size()), PackRow(row)});
  }
  return writes;
}

// Whether the fault says that the card, not the request, is wrong, and that nothing can follow.
bool EndsUse(const absl::Status& status) {
  return !status.ok() && !absl::IsInvalidArgument(status) && !absl::IsOutOfRange(status) &&
         !absl::IsDataLoss(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Card>> RingCard::Open(std::unique_ptr<Transport> transport,
                                                     const RingCardOptions& options) {
  POINTSMAN_ASSIGN_OR_RETURN(CardDescription description, Identify(*transport, options.deadline));
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t mode, ReadRegister(*transport, RegisterOffset::kMode));
  const bool forwards = options.adopt && mode == uint32_t(Mode::kOffload);
  POINTSMAN_ASSIGN_OR_RETURN(
      CardRings rings,
      StartRings(*transport, options.rings, forwards ? Traffic::kGoesOn : Traffic::kBypasses));
  std::unique_ptr<RingCard> card(
      new RingCard(std::move(transport), options, std::move(description), std::move(rings)));
  if (forwards) {
    POINTSMAN_RETURN_IF_ERROR(card->Settle(card->TakeOver()));
    return card;
  }
  POINTSMAN_RETURN_IF_ERROR(card->Settle(card->FillTables(options.hash_key_seed)));
  // docs/card.md, "Bring-up": write the configuration registers; leaving bypass is the user's.
  POINTSMAN_RETURN_IF_ERROR(card->Configure(CardSettings{}));
  return card;
}

RingCard::RingCard(std::unique_ptr<Transport> transport, const RingCardOptions& options,
                   CardDescription description, CardRings rings)
    : transport_(std::move(transport)),
      deadline_(options.deadline),
      description_(std::move(description)),
      status_(std::move(rings.status)),
      commands_(*transport_, status_, std::move(rings.command), std::move(rings.response),
                deadline_),
      inject_(*transport_, std::move(rings.inject)),
      punts_(*transport_, std::move(rings.punt), description_.frame_bytes_max),
      events_(*transport_, std::move(rings.event), description_.sizes) {}

RingCard::~RingCard() { StopRings(*transport_).IgnoreError(); }

// docs/card.md, "Bring-up": zero every table by commands; load hash-keys.
absl::Status RingCard::FillTables(std::optional<uint64_t> hash_key_seed) {
  POINTSMAN_RETURN_IF_ERROR(ClearTables(commands_, description_.sizes));
  const uint64_t seed = hash_key_seed.has_value() ? *hash_key_seed : RandomSeed();
  hash_keys_ = HashKeyWrites(seed);
  return WriteRows(commands_, description_.sizes, hash_keys_);
}

// What the card has is what was written last: hash keys, and what Configure writes step by step.
absl::Status RingCard::TakeOver() {
  POINTSMAN_ASSIGN_OR_RETURN(
      const std::vector<RowBits> keys,
      ReadRows(commands_, description_.sizes, TableId::kHashKeys, 0, description_.sizes.hash_keys));
  for (const RowBits& row : keys) {
    hash_keys_.push_back({TableId::kHashKeys, uint32_t(hash_keys_.size()), row});
  }
  POINTSMAN_ASSIGN_OR_RETURN(settings_, ReadRangesAndTunnel(*transport_));
  return absl::OkStatus();
}

absl::Status RingCard::MendHashKeys(std::span<const EventLine> events) {
  std::vector<RowWrite> writes;
  for (const EventLine& event : events) {
    if (event.kind != EventKind::kParity || TableId{event.table} != TableId::kHashKeys) continue;
    writes.push_back(hash_keys_[event.original_row]);
  }
  return writes.empty() ? absl::OkStatus() : WriteRows(commands_, description_.sizes, writes);
}

absl::Status RingCard::Settle(absl::Status status) {
  if (!EndsUse(status)) return status;
  if (absl::IsDeadlineExceeded(status)) {
    const absl::Status alive = ReadHeartbeat(*transport_).status();
    if (!alive.ok()) {
      status = absl::UnavailableError(
          fmt::format("{}; {}", std::string(status.message()), std::string(alive.message())));
    }
  }
  fault_ = status;
  return status;
}

absl::Status RingCard::Write(std::span<const RowWrite> rows) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  return Settle(WriteRows(commands_, description_.sizes, rows));
}

absl::StatusOr<std::vector<RowBits>> RingCard::Read(TableId table, uint32_t index, uint32_t count) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  auto rows = ReadRows(commands_, description_.sizes, table, index, count);
  POINTSMAN_RETURN_IF_ERROR(Settle(rows.status()));
  return rows;
}

absl::Status RingCard::Configure(const CardSettings& settings) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  const absl::Status status =
      WriteSettings(*transport_, settings, settings_ ? &*settings_ : nullptr);
  settings_.reset();
  if (status.ok()) settings_ = settings;
  return Settle(status);
}

absl::Status RingCard::CheckFrames(std::span<const InjectedFrame> frames) const {
  for (size_t i = 0; i < frames.size(); ++i) {
    const size_t bytes = frames[i].frame.size();
    if (bytes < kFrameBytesMin || bytes > description_.frame_bytes_max) {
      return absl::InvalidArgumentError(fmt::format("frame {}: {} bytes, the card takes {}..{}", i,
                                                    bytes, kFrameBytesMin,
                                                    description_.frame_bytes_max));
    }
    if (frames[i].line.attempt >= kSourcePortAttempts) {
      return absl::InvalidArgumentError(fmt::format("frame {}: attempt is {}, expected 0..{}", i,
                                                    frames[i].line.attempt,
                                                    kSourcePortAttempts - 1));
    }
    if (frames[i].line.directed != 0 && frames[i].line.endpoint >= description_.sizes.endpoints) {
      return absl::InvalidArgumentError(
          fmt::format("frame {}: endpoint is {}, table endpoints has {} rows", i,
                      frames[i].line.endpoint, description_.sizes.endpoints));
    }
  }
  return absl::OkStatus();
}

absl::Status RingCard::Inject(std::span<const InjectedFrame> frames) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  POINTSMAN_RETURN_IF_ERROR(CheckFrames(frames));
  return Settle(InjectAll(frames));
}

absl::Status RingCard::InjectAll(std::span<const InjectedFrame> frames) {
  for (const InjectedFrame& injected : frames) {
    const uint32_t lines = InjectRing::LinesOf(injected.frame.size());
    if (inject_.room_lines() < lines) {
      POINTSMAN_RETURN_IF_ERROR(inject_.Publish());
      POINTSMAN_RETURN_IF_ERROR(AwaitRoom(lines));
    }
    inject_.Append(injected.line, injected.frame);
  }
  return inject_.Publish();
}

// The card stops fetching when the punt ring has no room for what becomes of a frame, so waiting
// means emptying that ring as well.
absl::Status RingCard::AwaitRoom(uint32_t lines) {
  const auto look = [&]() -> absl::StatusOr<WaitStep> {
    const uint32_t room_before = inject_.room_lines();
    POINTSMAN_RETURN_IF_ERROR(Collect());
    if (inject_.room_lines() >= lines) return WaitStep::kDone;
    return inject_.room_lines() != room_before ? WaitStep::kProgress : WaitStep::kNothing;
  };
  POINTSMAN_ASSIGN_OR_RETURN(const WaitResult result, Wait(deadline_, look));
  if (result == WaitResult::kDone) return absl::OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("inject ring: the card fetched nothing for {} ms, {} of {} lines are free, {} "
                  "are needed",
                  deadline_.count(), inject_.room_lines(), inject_.lines(), lines));
}

absl::Status RingCard::Collect() {
  POINTSMAN_ASSIGN_OR_RETURN(const StatusLine line, status_.Refresh());
  output_.events_lost = line.events_lost;
  POINTSMAN_RETURN_IF_ERROR(inject_.SetHead(line.inject_head));
  const size_t known_events = output_.events.size();
  POINTSMAN_RETURN_IF_ERROR(events_.Collect(line.event_tail, output_));
  POINTSMAN_RETURN_IF_ERROR(MendHashKeys(std::span(output_.events).subspan(known_events)));
  return punts_.Collect(line.punt_tail, output_.punts);
}

absl::StatusOr<CardOutput> RingCard::Poll() {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  POINTSMAN_RETURN_IF_ERROR(Settle(Collect()));
  return std::exchange(output_, CardOutput{});
}

absl::StatusOr<CardHealth> RingCard::Health() {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  auto health = ReadHealth();
  POINTSMAN_RETURN_IF_ERROR(Settle(health.status()));
  return health;
}

absl::StatusOr<CardHealth> RingCard::ReadHealth() {
  POINTSMAN_RETURN_IF_ERROR(Collect());
  CardHealth health;
  POINTSMAN_ASSIGN_OR_RETURN(health.heartbeat, AwaitHeartbeat(*transport_, heartbeat_, deadline_));
  heartbeat_ = health.heartbeat;
  // Reading the low word latches the high one.
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t low,
                             ReadRegister(*transport_, RegisterOffset::kCyclesLow));
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t high,
                             ReadRegister(*transport_, RegisterOffset::kCyclesHigh));
  health.cycles = uint64_t{high} << 32 | low;
  POINTSMAN_ASSIGN_OR_RETURN(health.error_bits, ReadRegister(*transport_, RegisterOffset::kError));
  POINTSMAN_ASSIGN_OR_RETURN(health.sweeps, ReadRegister(*transport_, RegisterOffset::kSweeps));
  for (uint32_t word = 0; word < kStatisticsWords; ++word) {
    POINTSMAN_ASSIGN_OR_RETURN(const uint32_t value,
                               ReadRegister(*transport_, RegisterOffset::kStatistics, word));
    health.statistics.push_back(value);
  }
  const uint32_t punted = health.statistics[static_cast<size_t>(Statistic::kPunted)];
  POINTSMAN_RETURN_IF_ERROR(punt_watch_.Look(health.cycles, punted, punts_.records()));
  return health;
}

}  // namespace pointsman
