#include "host/cardd/failover_card.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "driver/card_tables.h"
#include "driver/frame_limits.h"
#include "driver/status_macros.h"
#include "flow_tables/plan.h"
#include "host/softpath/connection_list.h"
#include "host/softpath/tick.h"

namespace pointsman::cardd {
namespace {

constexpr std::chrono::milliseconds kShortestPause(100);
constexpr std::chrono::seconds kGoodTime(2);  // after which a failure is not one of a series
constexpr std::chrono::milliseconds kAwaitNap(1);
constexpr std::chrono::milliseconds kLoadingSlice(5);  // of one Poll

bool IsOfConnections(TableId table) {
  return table == TableId::kOriginals || table == TableId::kReplies ||
         table == TableId::kOriginalsIpv6 || table == TableId::kRepliesIpv6;
}

bool IsOfOriginals(TableId table) {
  return table == TableId::kOriginals || table == TableId::kOriginalsIpv6;
}

bool IsOfCounters(TableId table) {
  return table == TableId::kFrontendCounters || table == TableId::kEndpointCounters;
}

bool IsAboutRequest(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsOutOfRange(status);
}

// As the agent counts it.
uint32_t TickNow() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return TickOf(absl::UnixEpoch() + absl::FromChrono(since_boot));
}

void Append(CardOutput from, CardOutput& to) {
  const auto append = [](auto& list, auto& more) {
    list.insert(list.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  };
  append(to.punts, from.punts);
  append(to.events, from.events);
  append(to.events_ipv6, from.events_ipv6);
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

absl::StatusOr<std::unique_ptr<Card>> AwaitCard(CardSource& source) {
  POINTSMAN_RETURN_IF_ERROR(source.Begin());
  while (true) {
    POINTSMAN_ASSIGN_OR_RETURN(std::unique_ptr<Card> card, source.Take());
    if (card != nullptr) return card;
    std::this_thread::sleep_for(kAwaitNap);
  }
}

FailoverCard::FailoverCard(std::unique_ptr<CardSource> source, std::unique_ptr<Card> card,
                           std::unique_ptr<StandbyCard> ports, const FailoverOptions& options)
    : options_(options),
      source_(std::move(source)),
      card_(std::move(card)),
      ports_(std::move(ports)),
      description_(card_->description()),
      image_(EmptyImage(description_.sizes)),
      affinity_(description_.sizes.affinity),
      pause_(options.first_pause),
      ready_since_(Clock::now()) {
  status_.has_ports = ports_ != nullptr;
}

absl::Status FailoverCard::Adopt() {
  for (const TableId table : {TableId::kFrontends, TableId::kSources, TableId::kSlots,
                              TableId::kEndpoints, TableId::kNextHops, TableId::kAffinity}) {
    for (const CardTable& known : CardTables()) {
      if (known.id != table) continue;
      POINTSMAN_ASSIGN_OR_RETURN(const std::vector<RowBits> rows,
                                 card_->Read(table, 0, description_.sizes.*known.rows));
      std::vector<RowWrite> held;
      for (uint32_t row = 0; row < rows.size(); ++row) {
        if (rows[row] != RowBits{}) held.push_back({table, row, rows[row]});
      }
      NoteWrites(held);
      if (ports_ != nullptr) POINTSMAN_RETURN_IF_ERROR(ports_->Write(held));
    }
  }
  return RereadConnections();
}

void FailoverCard::NoteWrites(std::span<const RowWrite> rows) {
  for (const RowWrite& row : rows) {
    if (row.table == TableId::kAffinity) {
      affinity_[row.index] = row.row;
    } else if (!IsOfConnections(row.table)) {
      if (row.table == TableId::kEndpoints && image_.endpoints[row.index].valid) {
        mirror_.NoteFormerEndpoint(row.index, image_.endpoints[row.index]);
      }
      Apply(row, image_);
      sources_changed_ = sources_changed_ || row.table == TableId::kSources;
    }
  }
}

std::vector<RowWrite> FailoverCard::ForCard(std::span<const RowWrite> rows,
                                            std::vector<ConnectionChange>& forgotten) {
  const bool as_they_are = card_carries() && !mirror_.agent_knows_old_rows();
  std::vector<RowWrite> writes;
  for (const RowWrite& row : rows) {
    if (!IsOfConnections(row.table)) {
      writes.push_back(row);
      continue;
    }
    if (as_they_are) writes.push_back(row);
    if (!IsOfOriginals(row.table)) continue;
    const auto connection = mirror_.Forget(row.table, row.index);
    if (!connection) continue;
    const auto& [original, known] = *connection;
    forgotten.push_back({ConnectionChange::Kind::kForget, ToConnection(original, known)});
    if (as_they_are || !card_carries() || known.original_row == kNoRow) continue;
    const CardConnection on_card{.original_row = known.original_row,
                                 .reply_row = known.reply_row,
                                 .original = original,
                                 .reply = known.reply};
    for (const RowWrite& removal : on_card.Removal()) writes.push_back(removal);
  }
  return writes;
}

absl::Status FailoverCard::Write(std::span<const RowWrite> rows) {
  for (const RowWrite& row : rows) {
    POINTSMAN_RETURN_IF_ERROR(FindRows(description_.sizes, row.table, row.index, 1).status());
  }
  NoteWrites(rows);
  std::vector<ConnectionChange> forgotten;
  const std::vector<RowWrite> writes = ForCard(rows, forgotten);
  if (ports_ != nullptr) {
    std::vector<RowWrite> tables;
    for (const RowWrite& row : rows) {
      if (!IsOfConnections(row.table)) tables.push_back(row);
    }
    if (!tables.empty()) POINTSMAN_RETURN_IF_ERROR(ports_->Write(tables));
    POINTSMAN_RETURN_IF_ERROR(Follow(forgotten));
  }
  if (card_ == nullptr || writes.empty()) return absl::OkStatus();
  const absl::Status status = card_->Write(writes);
  return status.ok() || IsAboutRequest(status) ? status : Fail(status);
}

absl::Status FailoverCard::Follow(const std::vector<ConnectionChange>& changes) {
  return ports_ == nullptr || changes.empty() ? absl::OkStatus() : ports_->Follow(changes);
}

absl::StatusOr<std::vector<RowBits>> FailoverCard::Read(TableId table, uint32_t index,
                                                        uint32_t count) {
  POINTSMAN_RETURN_IF_ERROR(FindRows(description_.sizes, table, index, count).status());
  if (IsOfCounters(table)) return ReadCounters(table, index, count);
  POINTSMAN_ASSIGN_OR_RETURN(std::vector<RowBits> rows, ReadFrom(table, index, count));
  if (IsOfOriginals(table)) mirror_.NoteRows(table, index, rows);
  return rows;
}

absl::StatusOr<std::vector<RowBits>> FailoverCard::ReadFrom(TableId table, uint32_t index,
                                                            uint32_t count) {
  if (card_carries()) {
    auto rows = card_->Read(table, index, count);
    if (rows.ok()) return rows;
    POINTSMAN_RETURN_IF_ERROR(Fail(rows.status()));
  }
  if (ports_ != nullptr) return ports_->Read(table, index, count);
  return ReadMirror(table, index, count);
}

// What either has carried.
absl::StatusOr<std::vector<RowBits>> FailoverCard::ReadCounters(TableId table, uint32_t index,
                                                                uint32_t count) {
  std::vector<RowBits> sums(count);
  const auto add = [&](const std::vector<RowBits>& rows) {
    for (uint32_t i = 0; i < count; ++i) {
      auto sum = UnpackRow<FrontendCounterRow>(sums[i]);
      const auto row = UnpackRow<FrontendCounterRow>(rows[i]);
      sum.packets += row.packets;
      sum.bytes += row.bytes;
      sums[i] = PackRow(sum);
    }
  };
  if (ports_ != nullptr) {
    POINTSMAN_ASSIGN_OR_RETURN(const auto rows, ports_->Read(table, index, count));
    add(rows);
  }
  if (card_carries()) {
    const auto rows = card_->Read(table, index, count);
    if (rows.ok()) {
      add(*rows);
    } else {
      POINTSMAN_RETURN_IF_ERROR(Fail(rows.status()));
    }
  }
  return sums;
}

std::vector<RowBits> FailoverCard::ReadMirror(TableId table, uint32_t index, uint32_t count) const {
  std::vector<RowBits> rows(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (table == TableId::kAffinity) {
      rows[i] = affinity_[index + i];
    } else if (const auto write = WriteOf(image_, table, index + i)) {
      rows[i] = write->row;
    }
  }
  return rows;
}

CardSettings FailoverCard::SettingsNow(Mode mode) const {
  CardSettings settings = *settings_;
  settings.mode = mode;
  // Ports do not count by themselves.
  if (settings.tick_cycles != 0) settings.tick = TickNow();
  return settings;
}

// A card that counts by itself begins at 0, once it is configured; another one is told the user's.
CardContent FailoverCard::Content() const {
  const bool told = settings_ && settings_->tick_cycles == 0;
  return {.image = image_, .affinity = affinity_, .card_tick = told ? settings_->tick : 0};
}

absl::Status FailoverCard::Configure(const CardSettings& settings) {
  settings_ = settings;
  image_.configuration = settings.configuration;
  if (ports_ != nullptr) {
    POINTSMAN_RETURN_IF_ERROR(ports_->Configure(SettingsNow(settings.mode)));
  }
  if (!card_carries()) return absl::OkStatus();
  const absl::Status status = card_->Configure(settings);
  return status.ok() || IsAboutRequest(status) ? status : Fail(status);
}

absl::Status FailoverCard::Inject(std::span<const InjectedFrame> frames) {
  if (card_carries()) {
    const absl::Status status = card_->Inject(frames);
    if (status.ok() || IsAboutRequest(status)) return status;
    POINTSMAN_RETURN_IF_ERROR(Fail(status));
  }
  if (ports_ == nullptr) return absl::OkStatus();
  std::vector<InjectedFrame> fitting;
  for (const InjectedFrame& frame : frames) {
    if (frame.frame.size() <= ports_->description().frame_bytes_max) fitting.push_back(frame);
  }
  return ports_->Inject(fitting);
}

absl::StatusOr<CardOutput> FailoverCard::Poll() {
  if (std::exchange(sources_changed_, false)) mirror_.SetSources(image_);
  CardOutput output;
  if (card_carries()) {
    auto polled = card_->Poll();
    absl::Status status = polled.status();
    if (status.ok()) {
      output = *std::move(polled);
      status = TakeFromCard(output);
    }
    if (!status.ok()) POINTSMAN_RETURN_IF_ERROR(Fail(status));
  }
  if (!card_carries()) {
    Append(std::exchange(last_words_, CardOutput{}), output);
    POINTSMAN_RETURN_IF_ERROR(TellPortsTheTime());
    POINTSMAN_RETURN_IF_ERROR(TakeFromPorts(output));
    POINTSMAN_RETURN_IF_ERROR(BringBack(output));
  }
  output.events_lost = events_lost_;
  mirror_.AgentIsTold();
  return output;
}

// Where the card counts by itself the user does not tell them.
absl::Status FailoverCard::TellPortsTheTime() {
  if (ports_ == nullptr || !settings_ || settings_->tick_cycles == 0) return absl::OkStatus();
  return ports_->Configure(SettingsNow(settings_->mode));
}

// Errors: those of the card.
absl::Status FailoverCard::TakeFromCard(CardOutput& output) {
  std::vector<ConnectionChange> changes;
  mirror_.Take(output, image_, TickNow(), /*of_card=*/true, changes);
  POINTSMAN_RETURN_IF_ERROR(Follow(changes));
  const uint32_t lost =
      output.events_lost - std::exchange(carrier_events_lost_, output.events_lost);
  events_lost_ += lost;
  if (lost != 0) POINTSMAN_RETURN_IF_ERROR(RereadConnections());
  return InjectAgain(output);
}

// Frames that came while the card changed hands.
absl::Status FailoverCard::InjectAgain(CardOutput& output) {
  std::vector<InjectedFrame> frames;
  const auto others = std::stable_partition(
      output.punts.begin(), output.punts.end(),
      [](const PuntedFrame& punt) { return punt.line.reason != Reason::kModePunt; });
  for (auto punt = others; punt != output.punts.end(); ++punt) {
    InjectedFrame& frame = frames.emplace_back();
    frame.line.ingress = punt->line.ingress;
    frame.frame = punt->frame;
  }
  if (frames.empty()) return absl::OkStatus();
  POINTSMAN_RETURN_IF_ERROR(card_->Inject(frames));
  output.punts.erase(others, output.punts.end());
  return absl::OkStatus();
}

absl::Status FailoverCard::TakeFromPorts(CardOutput& output) {
  if (ports_ == nullptr) return absl::OkStatus();
  POINTSMAN_ASSIGN_OR_RETURN(CardOutput polled, ports_->Poll());
  std::vector<ConnectionChange> changes;  // the ports know them
  mirror_.Take(polled, image_, TickNow(), /*of_card=*/false, changes);
  events_lost_ += polled.events_lost - std::exchange(carrier_events_lost_, polled.events_lost);
  Append(std::move(polled), output);
  return absl::OkStatus();
}

// Of the card; ports learn what they do not know.
absl::Status FailoverCard::RereadConnections() {
  const CardSizes& sizes = description_.sizes;
  ConnectionMirror held;
  const auto read = [&]<class Original, class Reply>(uint32_t originals, uint32_t replies,
                                                     std::type_identity<Original>,
                                                     std::type_identity<Reply>) -> absl::Status {
    POINTSMAN_ASSIGN_OR_RETURN(const auto original_rows,
                               card_->Read(Original::kTable, 0, originals));
    POINTSMAN_ASSIGN_OR_RETURN(const auto reply_rows, card_->Read(Reply::kTable, 0, replies));
    held.AddFromCard<Original, Reply>(original_rows, reply_rows, TickNow());
    return absl::OkStatus();
  };
  POINTSMAN_RETURN_IF_ERROR(read(sizes.originals, sizes.replies, std::type_identity<OriginalRow>(),
                                 std::type_identity<ReplyRow>()));
  POINTSMAN_RETURN_IF_ERROR(read(sizes.originals_ipv6, sizes.replies_ipv6,
                                 std::type_identity<OriginalIpv6Row>(),
                                 std::type_identity<ReplyIpv6Row>()));
  std::vector<ConnectionChange> changes;
  for (const auto& [original, connection] : mirror_.connections()) {
    if (held.Find(original) != nullptr) continue;
    changes.push_back({ConnectionChange::Kind::kForget, ToConnection(original, connection)});
  }
  for (const auto& [original, connection] : held.connections()) {
    changes.push_back({ConnectionChange::Kind::kPut, ToConnection(original, connection)});
  }
  mirror_.TakeFrom(std::move(held));
  return Follow(changes);
}

absl::Status FailoverCard::Fail(const absl::Status& why) {
  const bool carried = card_carries();
  ++status_.failures;
  status_.failed_at = Clock::now();
  status_.last_failure = Text(why);
  status_.state = CardState::kGone;
  loader_.reset();
  if (carried) {
    POINTSMAN_RETURN_IF_ERROR(TakeLastWords());
    if (ports_ != nullptr) {
      POINTSMAN_RETURN_IF_ERROR(TellPortsTheTime());
      POINTSMAN_RETURN_IF_ERROR(ports_->StandBy(false));
      POINTSMAN_ASSIGN_OR_RETURN(const CardHealth health, ports_->Health());
      carrier_statistics_ = health.statistics;
      POINTSMAN_ASSIGN_OR_RETURN(const CardOutput output, ports_->Poll());
      carrier_events_lost_ = output.events_lost;
    }
    mirror_.ChangeCarrier();
    ++events_lost_;
    spdlog::error("the card has failed, {}: {}",
                  ports_ ? "the ports carry the node's packets" : "Services are not forwarded",
                  status_.last_failure);
  } else {
    spdlog::error("the card is not back: {}", status_.last_failure);
  }
  card_.reset();
  opening_ = false;
  if (carried && Clock::now() - ready_since_ > kGoodTime) pause_ = options_.first_pause;
  PauseBeforeNext();
  return absl::OkStatus();
}

absl::Status FailoverCard::TakeLastWords() {
  absl::StatusOr<CardOutput> said = card_->Poll();
  if (!said.ok()) return absl::OkStatus();
  std::vector<ConnectionChange> changes;
  mirror_.Take(*said, image_, TickNow(), /*of_card=*/true, changes);
  last_words_ = *std::move(said);
  return Follow(changes);
}

void FailoverCard::PauseBeforeNext() {
  next_attempt_ = Clock::now() + pause_;
  pause_ = std::clamp(2 * pause_, std::min(kShortestPause, options_.longest_pause),
                      options_.longest_pause);
}

absl::Status FailoverCard::BringBack(CardOutput& output) {
  if (card_ != nullptr) {
    const Clock::time_point end = Clock::now() + kLoadingSlice;
    absl::StatusOr<bool> loaded = false;
    do {
      loaded = loader_->Step(Content(), mirror_, TickNow());
    } while (loaded.ok() && !*loaded && Clock::now() < end);
    absl::Status status = loaded.status();
    if (status.ok() && *loaded) status = SwitchToCard(output);
    // Also drains what the card says meanwhile, and sees whether it lives.
    if (status.ok() && !card_carries()) status = card_->Poll().status();
    return status.ok() ? status : Fail(status);
  }
  if (opening_) {
    const absl::Status status = TakeNewCard();
    return status.ok() ? status : Fail(status);
  }
  if (Clock::now() < next_attempt_) return absl::OkStatus();
  if (absl::Status status = source_->Begin(); !status.ok()) return Fail(status);
  opening_ = true;
  status_.state = CardState::kResetting;
  return absl::OkStatus();
}

absl::Status FailoverCard::TakeNewCard() {
  POINTSMAN_ASSIGN_OR_RETURN(card_, source_->Take());
  if (card_ == nullptr) return absl::OkStatus();
  opening_ = false;
  if (card_->description() != description_) {
    return absl::FailedPreconditionError("it came back with tables of other sizes");
  }
  spdlog::info("the card is up again and is loaded");
  loader_.emplace(*card_, options_.may_hold);
  return absl::OkStatus();
}

// The card's ports hand all they receive to the host before ours stop; so frames may come twice,
// but none is lost.
absl::Status FailoverCard::SwitchToCard(CardOutput& output) {
  const bool from_ports = ports_ != nullptr && settings_.has_value();
  if (from_ports) {
    POINTSMAN_RETURN_IF_ERROR(card_->Configure(SettingsNow(Mode::kPunt)));
    POINTSMAN_RETURN_IF_ERROR(ports_->StandBy(true));
    POINTSMAN_RETURN_IF_ERROR(TakeFromPorts(output));
  }
  absl::Status status = loader_->PlaceNew(Content(), mirror_, TickNow());
  if (status.ok() && settings_) status = card_->Configure(SettingsNow(settings_->mode));
  if (!status.ok()) {
    if (from_ports) POINTSMAN_RETURN_IF_ERROR(ports_->StandBy(false));
    return status;
  }
  status_.state = CardState::kReady;
  ++status_.returns;
  status_.connections_moved += loader_->placed();
  status_.connections_left += loader_->without_room();
  spdlog::info("the card is back, with {} connections{}", mirror_.connections().size(),
               loader_->without_room() == 0
                   ? ""
                   : fmt::format("; {} found no room", loader_->without_room()));
  loader_.reset();
  ready_since_ = Clock::now();
  carrier_events_lost_ = 0;
  carrier_statistics_.clear();
  mirror_.ChangeCarrier();
  ++events_lost_;
  return absl::OkStatus();
}

absl::StatusOr<CardHealth> FailoverCard::Health() {
  if (card_carries()) {
    const auto health = card_->Health();
    if (health.ok()) {
      Tally(*health);
      return health_;
    }
    POINTSMAN_RETURN_IF_ERROR(Fail(health.status()));
  }
  if (ports_ == nullptr) return health_;
  POINTSMAN_ASSIGN_OR_RETURN(const CardHealth health, ports_->Health());
  Tally(health);
  return health_;
}

// Statistics go on where another one carries packets.
void FailoverCard::Tally(const CardHealth& health) {
  std::vector<uint32_t> statistics = std::move(health_.statistics);
  statistics.resize(std::max(statistics.size(), health.statistics.size()));
  carrier_statistics_.resize(std::max(carrier_statistics_.size(), health.statistics.size()));
  for (size_t word = 0; word < health.statistics.size(); ++word) {
    statistics[word] +=
        health.statistics[word] - std::exchange(carrier_statistics_[word], health.statistics[word]);
  }
  health_ = health;
  health_.statistics = std::move(statistics);
}

}  // namespace pointsman::cardd
