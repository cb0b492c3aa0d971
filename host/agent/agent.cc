#include "host/agent/agent.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "host/agent/flow_trace.h"
#include "host/agent/mend.h"
#include "host/agent/read_connections.h"
#include "host/agent/status.h"
#include "host/softpath/tick.h"

namespace pointsman {
namespace {

constexpr std::chrono::milliseconds kHealthPeriod(250);
constexpr std::chrono::microseconds kNap(200);

// A pass over all rows takes ten minutes.
constexpr std::chrono::milliseconds kAuditPeriod(100);
constexpr uint64_t kAuditPeriodsOfAPass = 6000;
constexpr uint64_t kRowsOfAnAuditsPart = 1024;

// How often frontends that the card has no room for may take the place of less busy ones.
constexpr std::chrono::seconds kExchangePeriod(10);
constexpr int kExchangesAPeriod = 16;

// How often connections of software, and of a card that is told the time, are looked at: a pass
// over all of them is work.
constexpr uint32_t kAgeingTicks = 5 * kTicksPerSecond;

// What a plan may fail with while the card itself is well.
bool IsAboutInput(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsInvalidArgument(status);
}

// Time that nobody sets: connections and affinity count by it.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

EndpointId EndpointOf(const CardConnection& connection) {
  return {connection.reply.source, connection.reply.source_port};
}

// Counters up to the last one that has a name.
uint32_t CountersInUse(const Image& image) {
  size_t count = image.counter_names.size();
  while (count > 0 && image.counter_names[count - 1].empty()) --count;
  return static_cast<uint32_t>(count);
}

}  // namespace

Agent::Agent(std::string node_name, std::unique_ptr<Card> card, uint32_t tick_cycles,
             std::unique_ptr<Feed> feed, std::unique_ptr<StatusServer> status,
             std::unique_ptr<HealthServer> health, bool adopt, AgentMetrics& metrics,
             const CardStatus* card_status, KeptSoftware kept)
    : node_name_(std::move(node_name)),
      card_(std::move(card)),
      feed_(std::move(feed)),
      status_(std::move(status)),
      health_(std::move(health)),
      adopt_(adopt),
      forwards_alone_(tick_cycles != 0),
      metrics_(metrics),
      card_status_(card_status),
      reconciler_(*card_, tick_cycles,
                  [this](std::span<const RowWrite> writes) { software_.RowsWritten(writes); }),
      software_(kKeptConnectionsMax, std::move(kept)),
      punts_(
          *card_, [this](const WantedRow& wanted) { return reconciler_.Lend(wanted); },
          [this](const SoftwarePath&) { return TellHostConnections(); }) {}

absl::Status Agent::Run(const std::atomic<bool>& stop) {
  if (absl::Status status = adopt_ ? Adopt() : absl::OkStatus(); !status.ok()) return status;
  if (software_.connections().size() + software_.clients() != 0) {
    spdlog::info("goes on with {} connections in software and {} clients with session affinity",
                 software_.connections().size(), software_.clients());
  }
  if (absl::Status status = TellHostConnections(); !status.ok()) return status;
  while (!stop) {
    if (absl::Status status = Age(); !status.ok()) return status;
    if (absl::Status status = TakeNewForwarding(); !status.ok()) return status;
    absl::StatusOr<bool> busy = ServeCard();
    if (!busy.ok()) return busy.status();
    if (absl::Status status = LookAtRows(); !status.ok()) return status;
    if (absl::Status status = ExchangePlaces(); !status.ok()) return status;
    if (absl::Status status = LookAtCard(); !status.ok()) return status;
    if (status_->wanted(AgentDocument::kStatus)) {
      if (absl::Status status = PublishStatus(); !status.ok()) return status;
    }
    if (status_->wanted(AgentDocument::kTraces)) {
      status_->PublishAbout(AgentDocument::kTraces, [this](std::span<const std::string> questions) {
        return FlowTraces(questions, {reconciler_.keeper(), connections_, software_.connections()});
      });
    }
    if (!*busy) std::this_thread::sleep_for(kNap);
  }
  // Nobody serves what the card hands over now: it must not be all that the card does not know.
  return forwards_alone_ ? reconciler_.SetHostConnections(false, false) : absl::OkStatus();
}

absl::Status Agent::TellHostConnections() {
  return reconciler_.SetHostConnections(software_.HasConnections(Protocol::kTcp),
                                        software_.HasConnections(Protocol::kUdp));
}

absl::Status Agent::Adopt() {
  absl::Status status = reconciler_.Adopt();
  if (absl::IsFailedPrecondition(status)) {
    spdlog::warn("what the card held makes no sense and is cleared: {}",
                 std::string(status.message()));
    return absl::OkStatus();
  }
  if (!status.ok()) return status;
  return ReadConnections(*card_, connections_);
}

absl::Status Agent::ExchangePlaces() {
  if (Clock::now() < next_exchange_) return absl::OkStatus();
  next_exchange_ = Clock::now() + kExchangePeriod;
  busyness_.EndPeriod();
  for (int i = 0; i < kExchangesAPeriod; ++i) {
    const auto exchange = busyness_.Choose(reconciler_.keeper());
    if (!exchange) break;
    if (absl::Status status = reconciler_.MakeWay(*exchange); !status.ok()) return status;
    if (reconciler_.keeper().misfits().contains(exchange->misfit)) {
      busyness_.GiveUp(exchange->misfit);
    }
  }
  return absl::OkStatus();
}

absl::Status Agent::DumpRows() {
  const absl::StatusOr<bool> whole = dump_.ReadNext(kRowsOfAnAuditsPart, *card_);
  if (!whole.ok()) return whole.status();
  if (*whole) status_->Publish(AgentDocument::kRows, dump_.Take());
  return absl::OkStatus();
}

absl::Status Agent::LookAtRows() {
  if (status_->wanted(AgentDocument::kRows)) {
    if (absl::Status status = DumpRows(); !status.ok()) return status;
  }
  if (status_->wanted(AgentDocument::kAudit)) return LookAtAllRows();
  if (Clock::now() < next_audit_) return absl::OkStatus();
  next_audit_ = Clock::now() + kAuditPeriod;
  return Audited(AuditedRows(card_->description().sizes) / kAuditPeriodsOfAPass + 1);
}

// A part at each turn, so that packets need not wait for the whole.
absl::Status Agent::LookAtAllRows() {
  if (!audited_before_) audited_before_ = audit_.counts();
  if (absl::Status status = Audited(kRowsOfAnAuditsPart); !status.ok()) return status;
  const uint64_t rows = audit_.counts().rows - audited_before_->rows;
  if (rows < AuditedRows(card_->description().sizes)) return absl::OkStatus();
  status_->Publish(AgentDocument::kAudit,
                   fmt::format(R"({{"rows": {}, "mended": {}}})", rows,
                               audit_.counts().mended - audited_before_->mended));
  audited_before_.reset();
  return absl::OkStatus();
}

absl::Status Agent::Audited(uint64_t rows) {
  const uint64_t mended = audit_.counts().mended;
  absl::Status status = audit_.LookAtNext(static_cast<uint32_t>(rows), reconciler_.image(), *card_);
  if (audit_.counts().mended != mended) {
    spdlog::warn("{} rows of the card did not hold what was written: they are written again",
                 audit_.counts().mended - mended);
  }
  return status;
}

absl::Status Agent::TakeNewForwarding() {
  const std::optional<NodeUpdate> newest = feed_->TakeNewest();
  if (!newest) return absl::OkStatus();
  metrics_.Queued(newest->heard, absl::Now());
  newest->ApplyTo(forwarding_);
  if (newest->whole || newest->problems) {
    for (const std::string& problem : forwarding_.problems) spdlog::error("{}", problem);
  }
  TellHealth(/*programmed=*/false);
  return Program(*newest);
}

// Software is always asked for the newest state, also where the card has no room for it.
absl::Status Agent::Program(const NodeUpdate& update) {
  const Clock::time_point started = Clock::now();
  const bool whole = update.whole || !reconciler_.in_step();
  const ForwardingChange change = ForwardingChangeOf(update.change, forwarding_.forwarding);
  absl::StatusOr<size_t> rows =
      whole ? reconciler_.Program(forwarding_.forwarding) : reconciler_.Update(change);
  if (!rows.ok() && !IsAboutInput(rows.status())) return rows.status();
  if (whole) {
    software_.SetForwarding(forwarding_.forwarding, reconciler_.image());
    if (!std::exchange(counted_, true)) CountConnections();
  } else {
    software_.Update(change);
  }
  if (!rows.ok()) {
    metrics_.Refused();
    last_error_ = std::string(rows.status().message());
    spdlog::error("not programmed, the last state stays: {}", last_error_);
    return absl::OkStatus();
  }
  last_error_.clear();
  rows_written_ += *rows;
  busyness_.TryAgain();
  metrics_.Programmed(*rows, absl::FromChrono(Clock::now() - started), absl::Now());
  if (update.whole || !update.change.udp.empty()) {
    if (absl::Status status = PurgeUdp(); !status.ok()) return status;
  }
  TellHealth(/*programmed=*/true);
  spdlog::info("programmed {} frontends of {} Services, {} rows written",
               forwarding_.forwarding.frontends.size(), forwarding_.services.size(), *rows);
  return absl::OkStatus();
}

void Agent::CountConnections() {
  for (const auto& [place, connection] : connections_.by_row()) {
    software_.CountConnection(connection.original, EndpointOf(connection));
  }
  software_.CountConnections();
}

absl::Status Agent::PurgeUdp() {
  const ServingUdp& serving = forwarding_.serving_udp;
  const size_t of_software = software_.ForgetIf([&](const HostConnection& known) {
    const FlowKey &asked = known.original, &to = known.translated;
    return asked.protocol == Protocol::kUdp &&
           !serving.Serves(asked.destination, asked.destination_port, to.destination,
                           to.destination_port);
  });
  const std::vector<CardConnection> gone = connections_.TakeOut([&](const CardConnection& known) {
    const FlowKey& asked = known.original;
    return asked.protocol == Protocol::kUdp &&
           !serving.Serves(asked.destination, asked.destination_port, known.reply.source,
                           known.reply.source_port);
  });
  if (gone.size() + of_software == 0) return absl::OkStatus();
  std::vector<RowWrite> writes;
  for (const CardConnection& connection : gone) {
    software_.Ended(EndpointOf(connection));
    for (const RowWrite& write : connection.Removal()) writes.push_back(write);
  }
  spdlog::info("forgot {} UDP connections to endpoints that do not serve any more",
               gone.size() + of_software);
  if (absl::Status status = card_->Write(writes); !status.ok()) return status;
  return TellHostConnections();
}

void Agent::TellHealth(bool programmed) {
  if (health_ == nullptr) return;
  for (const kube::IpFamily family : {kube::IpFamily::kIPv4, kube::IpFamily::kIPv6}) {
    programmed&& forwards_ ? health_->Synced(family) : health_->Queued(family);
  }
  if (!programmed) return;
  for (const kube::Problem& problem :
       health_->Update(forwarding_.health_check_ports, forwarding_.node_eligible)) {
    spdlog::error("{}", problem.ToString());
  }
}

absl::StatusOr<bool> Agent::ServeCard() {
  absl::StatusOr<CardOutput> output = card_->Poll();
  if (!output.ok()) return output.status();
  const ConnectionChanges changes = connections_.Take(*output, reconciler_.image());
  for (const CardConnection& learned : changes.learned) {
    const FlowKey& key = learned.original;
    busyness_.Count({key.destination, key.destination_port, key.protocol});
    software_.Learned(learned.original, EndpointOf(learned), SteadyNow());
  }
  for (const CardConnection& ended : changes.ended) software_.Ended(EndpointOf(ended));
  for (const CardConnection& again : changes.begun_again) {
    software_.CountConnection(again.original, EndpointOf(again));
  }
  if (absl::Status status = MendRows(output->events); !status.ok()) return status;
  if (output->events_lost != events_lost_) {
    if (absl::Status status = RereadConnections(output->events_lost); !status.ok()) return status;
  }
  if (absl::Status status = TakeOver(*output); !status.ok()) return status;
  const auto find = [this](const FlowKey& key) { return connections_.TranslationOf(key); };
  if (absl::Status status = punts_.Serve(output->punts, software_, SteadyNow(), find);
      !status.ok()) {
    return status;
  }
  return !output->punts.empty();
}

absl::Status Agent::MendRows(const std::vector<EventLine>& events) {
  const Mending mending = MendingOf(events, reconciler_.image(), software_, connections_);
  for (const CardConnection& connection : mending.forgotten)
    software_.Ended(EndpointOf(connection));
  if (mending.writes.empty()) return absl::OkStatus();
  spdlog::warn("rows of the card had lost their content: {} are written again",
               mending.writes.size());
  return card_->Write(mending.writes);
}

// Events that found no room are made up for by what the tables say now.
absl::Status Agent::RereadConnections(uint32_t events_lost) {
  spdlog::warn("{} events of the card were lost, its connections are read again",
               events_lost - events_lost_);
  events_lost_ = events_lost;
  return ReadConnections(*card_, connections_);
}

absl::Status Agent::TakeOver(const CardOutput& output) {
  if (output.without_room.empty()) return absl::OkStatus();
  const size_t lost = software_.TakeOver(output.without_room);
  if (lost != 0)
    spdlog::warn("software cannot take {} connections that the card has no room for", lost);
  return TellHostConnections();
}

// What time brings: the card's own clock where it has none that runs, and the end of connections
// that software carries.
absl::Status Agent::Age() {
  const absl::Time now = SteadyNow();
  const uint32_t tick = TickOf(now);
  if (((tick - affinity_tick_) & kTickMask) >= kTicksPerSecond) {
    affinity_tick_ = tick;
    software_.ExpireAffinity(now);
    if (absl::Status status = card_->Write(software_.TakeWrites()); !status.ok()) return status;
  }
  if (tick_.has_value() && ((tick - *tick_) & kTickMask) < kAgeingTicks) return absl::OkStatus();
  tick_ = tick;
  software_.Sweep(now);
  if (absl::Status status = TellHostConnections(); !status.ok()) return status;
  return reconciler_.SetTick(tick);
}

absl::Status Agent::LookAtCard() {
  const Clock::time_point now = Clock::now();
  if (now < next_look_) return absl::OkStatus();
  next_look_ = now + kHealthPeriod;
  absl::StatusOr<CardHealth> health = card_->Health();
  if (!health.ok()) return health.status();
  card_health_ = *std::move(health);
  CountCard();
  TellForwarding();
  return absl::OkStatus();
}

// Without a card and without ports everything that is wanted waits.
void Agent::TellForwarding() {
  const bool forwards = card_status_ == nullptr || card_status_->forwards();
  if (std::exchange(forwards_, forwards) == forwards || health_ == nullptr) return;
  for (const kube::IpFamily family : {kube::IpFamily::kIPv4, kube::IpFamily::kIPv6}) {
    forwards ? health_->Synced(family) : health_->Queued(family);
  }
}

void Agent::CountCard() {
  const Image& image = reconciler_.image();
  const auto in_use = [](const auto& rows) {
    return static_cast<size_t>(std::ranges::count_if(rows, [](const auto& r) { return r.valid; }));
  };
  metrics_.SetCard({.health = card_health_,
                    .sizes = image.sizes,
                    .frontends = in_use(image.frontends),
                    .endpoints = in_use(image.endpoints),
                    .sources = in_use(image.sources),
                    .next_hops = in_use(image.next_hops),
                    .card_connections = connections_.by_row().size(),
                    .software_connections = software_.connections().size(),
                    .software = punts_.counts(),
                    .card = card_status_ ? *card_status_ : CardStatus{}});
}

absl::Status Agent::PublishStatus() {
  AgentState state;
  state.node = node_name_;
  state.health = card_health_;
  absl::StatusOr<std::vector<RowBits>> rows =
      card_->Read(TableId::kFrontendCounters, 0, CountersInUse(reconciler_.image()));
  if (!rows.ok()) return rows.status();
  for (const RowBits& row : *rows) state.counters.push_back(UnpackRow<FrontendCounterRow>(row));
  state.forwarding = &forwarding_;
  state.image = &reconciler_.image();
  state.connections = &connections_;
  state.software_connections = &software_.connections();
  state.card = &card_->description();
  state.card_status = card_status_;
  state.software_packets = punts_.served_packets();
  state.software_counts = punts_.counts();
  state.affinity_rows = software_.affinity_rows();
  state.rows_written = rows_written_;
  state.last_error = last_error_;
  state.misfits = &reconciler_.keeper().misfits();
  state.audit = audit_.counts();
  state.programmed_in = [this](const kube::ObjectKey& key) { return metrics_.ProgrammedIn(key); };
  status_->Publish(AgentDocument::kStatus, StatusDocument(state));
  return absl::OkStatus();
}

}  // namespace pointsman
