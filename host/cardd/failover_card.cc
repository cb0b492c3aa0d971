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

void Append(CardOutput from, CardOutput& to) {
  const auto append = [](auto& list, auto& more) {
    list.insert(list.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  };
  append(to.punts, from.punts);
  append(to.events, from.events);
  append(to.events_ipv6, from.events_ipv6);
  append(to.without_room, from.without_room);
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
  former_counters_.resize(description_.sizes.frontend_counters);
}

FailoverCard::~FailoverCard() {
  if (punts_ != nullptr) card_->Configure(SettingsNow(Mode::kBypass)).IgnoreError();
}

uint32_t FailoverCard::TickNow() {
  return TickOf(absl::UnixEpoch() + absl::FromChrono(Clock::now().time_since_epoch()));
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
  std::vector<RowWrite> tables;
  for (const RowWrite& row : rows) {
    if (!IsOfConnections(row.table)) tables.push_back(row);
  }
  if (!tables.empty() && ports_) POINTSMAN_RETURN_IF_ERROR(ports_->Write(tables));
  if (!tables.empty() && punts_) POINTSMAN_RETURN_IF_ERROR(punts_->Write(tables));
  POINTSMAN_RETURN_IF_ERROR(Follow(forgotten));
  const bool is_mere_port = punts_ != nullptr && !loader_;
  if (card_ == nullptr || is_mere_port || writes.empty()) return absl::OkStatus();
  const absl::Status status = card_->Write(writes);
  return status.ok() || IsAboutRequest(status) ? status : Fail(status);
}

absl::Status FailoverCard::Follow(const std::vector<ConnectionChange>& changes) {
  if (punts_ != nullptr) punts_->Follow(changes);
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
  if (Card* const carrier = Substitute()) return carrier->Read(table, index, count);
  return ReadMirror(table, index, count);
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
  // Who carries instead of a card does not count by itself.
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
  for (Card* const carrier : {static_cast<Card*>(ports_.get()), static_cast<Card*>(punts_.get())}) {
    if (carrier == nullptr) continue;
    POINTSMAN_RETURN_IF_ERROR(carrier->Configure(SettingsNow(settings.mode)));
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
  Card* const carrier = Substitute();
  if (carrier == nullptr) return absl::OkStatus();
  std::vector<InjectedFrame> fitting;
  for (const InjectedFrame& frame : frames) {
    if (frame.frame.size() <= carrier->description().frame_bytes_max) fitting.push_back(frame);
  }
  POINTSMAN_RETURN_IF_ERROR(carrier->Inject(fitting));
  if (punts_ == nullptr) return absl::OkStatus();
  const absl::Status status = SendLeaving();
  return status.ok() ? status : Fail(status);
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
    POINTSMAN_RETURN_IF_ERROR(TellTheTime());
    if (punts_ != nullptr) {
      const absl::Status status = ForwardPunted();
      if (!status.ok()) POINTSMAN_RETURN_IF_ERROR(Fail(status));
    }
    POINTSMAN_RETURN_IF_ERROR(TakeFromSubstitute(output));
    POINTSMAN_RETURN_IF_ERROR(BringBack(output));
    Append(std::exchange(last_words_, CardOutput{}), output);
  }
  output.events_lost = events_lost_;
  mirror_.AgentIsTold();
  return output;
}

// Where the card counts by itself the user does not tell them.
absl::Status FailoverCard::TellTheTime() {
  Card* const carrier = Substitute();
  if (carrier == nullptr || !settings_ || settings_->tick_cycles == 0) return absl::OkStatus();
  return carrier->Configure(SettingsNow(settings_->mode));
}

// Errors: those of the card.
absl::Status FailoverCard::TakeFromCard(CardOutput& output) {
  std::vector<ConnectionChange> changes;
  mirror_.Take(output, image_, /*of_card=*/true, changes);
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

absl::Status FailoverCard::TakeFromSubstitute(CardOutput& output) {
  Card* const carrier = Substitute();
  if (carrier == nullptr) return absl::OkStatus();
  POINTSMAN_ASSIGN_OR_RETURN(CardOutput polled, carrier->Poll());
  std::vector<ConnectionChange> changes;  // the carrier knows them
  mirror_.Take(polled, image_, /*of_card=*/false, changes);
  if (carrier != ports_.get() && ports_ != nullptr && !changes.empty()) {
    POINTSMAN_RETURN_IF_ERROR(ports_->Follow(changes));
  }
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
    held.AddFromCard<Original, Reply>(original_rows, reply_rows);
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

void FailoverCard::NoteFailure(const absl::Status& why) {
  ++status_.failures;
  status_.failed_at = Clock::now();
  status_.last_failure = Text(why);
  if (card_carries() && Clock::now() - ready_since_ > kGoodTime) pause_ = options_.first_pause;
  status_.state = CardState::kGone;
  loader_.reset();
  PauseBeforeNext();
}

absl::Status FailoverCard::Fail(const absl::Status& why) {
  const bool carried = card_carries();
  NoteFailure(why);
  if (absl::IsDataLoss(why) && card_ != nullptr) {
    POINTSMAN_ASSIGN_OR_RETURN(const bool is_port, UseAsPort(carried));
    if (is_port) return absl::OkStatus();
  }
  if (carried) POINTSMAN_RETURN_IF_ERROR(TakeLastWords());
  const bool was_port = punts_ != nullptr;
  if (was_port) {
    POINTSMAN_RETURN_IF_ERROR(TakeFromSubstitute(last_words_));
    POINTSMAN_RETURN_IF_ERROR(EndUseAsPort());
  }
  if (carried || was_port) {
    if (ports_ != nullptr) POINTSMAN_RETURN_IF_ERROR(StartPorts());
    ChangeCarrier();
    spdlog::error("the card has failed, {}: {}",
                  ports_ ? "the ports carry the node's packets" : "Services are not forwarded",
                  status_.last_failure);
  } else {
    spdlog::error("the card is not back: {}", status_.last_failure);
  }
  card_.reset();
  opening_ = false;
  return absl::OkStatus();
}

absl::Status FailoverCard::StartPorts() {
  POINTSMAN_RETURN_IF_ERROR(TellTheTime());
  POINTSMAN_RETURN_IF_ERROR(ports_->StandBy(false));
  POINTSMAN_ASSIGN_OR_RETURN(const CardHealth health, ports_->Health());
  carrier_statistics_ = health.statistics;
  POINTSMAN_ASSIGN_OR_RETURN(const CardOutput output, ports_->Poll());
  carrier_events_lost_ = output.events_lost;
  return absl::OkStatus();
}

void FailoverCard::ChangeCarrier() {
  mirror_.ChangeCarrier();
  ++events_lost_;
}

absl::Status FailoverCard::TakeLastWords() {
  absl::StatusOr<CardOutput> said = card_->Poll();
  if (!said.ok()) return absl::OkStatus();
  std::vector<ConnectionChange> changes;
  mirror_.Take(*said, image_, /*of_card=*/true, changes);
  last_words_ = *std::move(said);
  return Follow(changes);
}

void FailoverCard::PauseBeforeNext() {
  next_attempt_ = Clock::now() + pause_;
  pause_ = std::clamp(2 * pause_, std::min(kShortestPause, options_.longest_pause),
                      options_.longest_pause);
}

absl::Status FailoverCard::BringBack(CardOutput& output) {
  absl::Status status;
  if (loader_) {
    status = LoadSome(output);
  } else if (opening_) {
    status = TakeNewCard();
  } else if (Clock::now() < next_attempt_) {
    return absl::OkStatus();
  } else if (punts_ != nullptr) {
    CardSettings cleared = SettingsNow(Mode::kPunt);
    cleared.tick_cycles = 0;
    cleared.tick = Content().card_tick;
    loader_.emplace(*card_, CardHolds::kOldThings, cleared);
    status_.state = CardState::kResetting;
  } else {
    status = source_->Begin();
    opening_ = status.ok();
    if (status.ok()) status_.state = CardState::kResetting;
  }
  return status.ok() ? status : Fail(status);
}

// Errors: those of the card.
absl::Status FailoverCard::LoadSome(CardOutput& output) {
  const Clock::time_point end = Clock::now() + kLoadingSlice;
  bool loaded = false;
  do {
    POINTSMAN_ASSIGN_OR_RETURN(loaded, loader_->Step(Content(), mirror_));
  } while (!loaded && Clock::now() < end);
  if (loaded) return SwitchToCard(output);
  // Drains what a new card says meanwhile, and sees whether it lives.
  return punts_ != nullptr ? absl::OkStatus() : card_->Poll().status();
}

absl::Status FailoverCard::TakeNewCard() {
  POINTSMAN_ASSIGN_OR_RETURN(card_, source_->Take());
  if (card_ == nullptr) return absl::OkStatus();
  opening_ = false;
  if (card_->description() != description_) {
    return absl::FailedPreconditionError("it came back with tables of other sizes");
  }
  spdlog::info("the card is up again and is loaded");
  loader_.emplace(*card_, options_.may_hold ? CardHolds::kItsOwn : CardHolds::kNothing);
  return absl::OkStatus();
}

// The card hands all it receives to the host before ports stop; so frames may come twice, but none
// is lost.
absl::Status FailoverCard::SwitchToCard(CardOutput& output) {
  if (punts_ != nullptr) {
    POINTSMAN_RETURN_IF_ERROR(ForwardPunted());
    POINTSMAN_RETURN_IF_ERROR(TakeFromSubstitute(output));
    return MakeCardCarry(output);
  }
  const bool from_ports = ports_ != nullptr && settings_.has_value();
  if (from_ports) {
    POINTSMAN_RETURN_IF_ERROR(card_->Configure(SettingsNow(Mode::kPunt)));
    POINTSMAN_RETURN_IF_ERROR(ports_->StandBy(true));
    POINTSMAN_RETURN_IF_ERROR(TakeFromSubstitute(output));
  }
  const absl::Status status = MakeCardCarry(output);
  if (!status.ok() && from_ports) POINTSMAN_RETURN_IF_ERROR(ports_->StandBy(false));
  return status;
}

absl::Status FailoverCard::HandOverTheRest(CardOutput& output) {
  std::vector<ConnectionChange> forgotten;
  for (const FlowKey& original : loader_->without_room()) {
    const MirroredConnection* const known = mirror_.Find(original);
    if (known == nullptr || known->original_row != kNoRow) continue;
    output.without_room.push_back(ToConnection(original, *mirror_.TakeOut(original), TickNow()));
    forgotten.push_back({ConnectionChange::Kind::kForget, output.without_room.back()});
    if (!settings_) continue;
    HostProtocols& host = settings_->configuration.host_protocols;
    (original.protocol == Protocol::kTcp ? host.tcp : host.udp) = true;
  }
  status_.connections_left += forgotten.size();
  return Follow(forgotten);
}

absl::Status FailoverCard::MakeCardCarry(CardOutput& output) {
  POINTSMAN_RETURN_IF_ERROR(loader_->PlaceNew(Content(), mirror_));
  const uint64_t left_before = status_.connections_left;
  POINTSMAN_RETURN_IF_ERROR(HandOverTheRest(output));
  CardHealth before;
  if (punts_ != nullptr) {
    POINTSMAN_ASSIGN_OR_RETURN(before, card_->Health());
  }
  if (settings_) POINTSMAN_RETURN_IF_ERROR(card_->Configure(SettingsNow(settings_->mode)));
  if (punts_ != nullptr) POINTSMAN_RETURN_IF_ERROR(EndUseAsPort());
  status_.state = CardState::kReady;
  ++status_.returns;
  status_.connections_moved += loader_->placed();
  const uint64_t left = status_.connections_left - left_before;
  spdlog::info("the card is back, with {} connections{}", mirror_.connections().size(),
               left == 0 ? "" : fmt::format("; {} found no room and go on in software", left));
  loader_.reset();
  ready_since_ = Clock::now();
  carrier_events_lost_ = std::exchange(port_events_lost_, 0);
  carrier_statistics_ = std::move(before.statistics);
  ChangeCarrier();
  return absl::OkStatus();
}

}  // namespace pointsman::cardd
