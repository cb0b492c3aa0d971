#include "host/softpath/shard_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "driver/frame_limits.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr size_t kEventsQueued = 1 << 16;
constexpr uint32_t kSweepRecords = 256;  // of a step

bool IsOfIpv4(TableId table) { return table == TableId::kOriginals || table == TableId::kReplies; }

}  // namespace

absl::Status CheckInjected(std::span<const InjectedFrame> frames,
                           const CardDescription& description) {
  for (const InjectedFrame& frame : frames) {
    if (frame.frame.size() >= kFrameBytesMin && frame.frame.size() <= description.frame_bytes_max &&
        frame.line.attempt < kSourcePortAttempts &&
        (frame.line.directed == 0 || frame.line.endpoint < description.sizes.endpoints)) {
      continue;
    }
    return absl::InvalidArgumentError(
        fmt::format("a frame of {} bytes, attempt {}, endpoint {} cannot be injected",
                    frame.frame.size(), frame.line.attempt, frame.line.endpoint));
  }
  return absl::OkStatus();
}

void ShardPipeline::TakeEvents(CardOutput& output) {
  events_.consume_all([&output](const ConnectionEvent& event) {
    if (const auto* ipv4 = std::get_if<EventLine>(&event)) output.events.push_back(*ipv4);
    if (const auto* ipv6 = std::get_if<EventIpv6Line>(&event)) {
      output.events_ipv6.push_back(*ipv6);
    }
  });
}

ShardPipeline::ShardPipeline(const Shard& shard, std::shared_ptr<const Image> image,
                             uint64_t placement_seed, std::pmr::memory_resource* memory,
                             PacketCounts& counts)
    : shard_(shard),
      counts_(counts),
      pipeline_(image, placement_seed, memory, shard),
      events_(kEventsQueued),
      frontend_counts_(image->sizes.frontend_counters) {}

void ShardPipeline::SetTick(uint32_t tick) {
  tick_ = tick;
  pipeline_.SetTick(tick);
}

void ShardPipeline::Process(std::span<Packet> packets, std::span<Outcome> outcomes) {
  pipeline_.Process(packets, outcomes);
  for (const ConnectionNews& news : pipeline_.news()) Tell(news);
  for (size_t i = 0; i < packets.size(); ++i) {
    if (outcomes[i].verdict != Verdict::kForward) continue;
    const uint16_t counter = outcomes[i].frontend_counter;
    if (counter >= frontend_counts_.size()) continue;
    frontend_counts_[counter].packets.Add(1);
    frontend_counts_[counter].bytes.Add(packets[i].frame.size());
  }
}

uint32_t ShardPipeline::RowOf(const Connection& connection) const {
  const auto& table = pipeline_.connections();
  return shard_.index * table.capacity() + table.NumberOf(connection);
}

uint32_t ShardPipeline::RowOf(const ConnectionIpv6& connection) const {
  const auto& table = pipeline_.connections_ipv6();
  return shard_.index * table.capacity() + table.NumberOf(connection);
}

void ShardPipeline::Tell(const ConnectionNews& news) {
  if (news.kind == EventKind::kLearn) counts_.learned.Add(1);
  if (news.kind == EventKind::kClose) counts_.closed.Add(1);
  const auto tell = [&](const auto& connection) {
    Tell(MakeEvent(news.kind, connection, RowOf(connection)));
  };
  if (news.ipv6) {
    tell(*pipeline_.connections_ipv6().At(news.number));
  } else {
    tell(*pipeline_.connections().At(news.number));
  }
}

void ShardPipeline::Tell(const ConnectionEvent& event) {
  if (!events_.push(event)) counts_.events_lost.Add(1);
}

void ShardPipeline::StandBy() {
  sweep_at_ = 0;
  refresh_ = true;
}

void ShardPipeline::SweepSome(uint32_t took_over_tick) {
  if (sweep_at_ == 0 && tick_ == swept_tick_ && !refresh_) return;
  const auto tell = [&](const auto& connection) {
    counts_.expired.Add(1);
    Tell(MakeEvent(EventKind::kExpire, connection, RowOf(connection)));
  };
  const ConnectionTimeouts& timeouts = pipeline_.timeouts();
  if (refresh_) {
    pipeline_.connections().Refresh(took_over_tick, tick_, sweep_at_, kSweepRecords);
    pipeline_.connections_ipv6().Refresh(took_over_tick, tick_, sweep_at_, kSweepRecords);
  } else {
    pipeline_.connections().Sweep(timeouts, tick_, sweep_at_, kSweepRecords, tell);
    pipeline_.connections_ipv6().Sweep(timeouts, tick_, sweep_at_, kSweepRecords, tell);
  }
  sweep_at_ += kSweepRecords;
  if (sweep_at_ < pipeline_.connections().records_used() ||
      sweep_at_ < pipeline_.connections_ipv6().records_used()) {
    return;
  }
  sweep_at_ = 0;
  refresh_ = false;
  swept_tick_ = tick_;
  counts_.sweeps.Add(1);
}

void ShardPipeline::Put(const std::variant<Connection, ConnectionIpv6>& connection) {
  const auto put = [this](auto& table, const auto& known) {
    table.Erase(OriginalKey(known));
    auto as_young_as_now = known;
    as_young_as_now.last_seen = tick_;
    table.Record(as_young_as_now);
  };
  if (const auto* ipv4 = std::get_if<Connection>(&connection)) {
    put(pipeline_.connections(), *ipv4);
  } else {
    put(pipeline_.connections_ipv6(), std::get<ConnectionIpv6>(connection));
  }
}

void ShardPipeline::Forget(const std::variant<Connection, ConnectionIpv6>& connection) {
  if (const auto* ipv4 = std::get_if<Connection>(&connection)) {
    pipeline_.connections().Erase(OriginalKey(*ipv4));
  } else {
    pipeline_.connections_ipv6().Erase(OriginalKey(std::get<ConnectionIpv6>(connection)));
  }
}

std::vector<RowBits> ShardPipeline::Rows(TableId table, uint32_t first, uint32_t count) const {
  std::vector<RowBits> rows;
  rows.reserve(count);
  if (IsOfIpv4(table)) {
    RowsOf(pipeline_.connections(), table, first, count, rows);
  } else {
    RowsOf(pipeline_.connections_ipv6(), table, first, count, rows);
  }
  return rows;
}

template <class Table>
void ShardPipeline::RowsOf(const Table& table, TableId id, uint32_t first, uint32_t count,
                           std::vector<RowBits>& rows) const {
  const uint32_t first_of_shard = shard_.index * table.capacity();
  for (uint32_t number = first; number < first + count; ++number) {
    rows.push_back(MakeRow(id, table.At(number), first_of_shard + number));
  }
}

void ShardPipeline::ForgetRow(TableId table, uint32_t row) {
  if (IsOfIpv4(table)) {
    ForgetRow(pipeline_.connections(), row);
  } else {
    ForgetRow(pipeline_.connections_ipv6(), row);
  }
}

template <class Table>
void ShardPipeline::ForgetRow(Table& table, uint32_t row) {
  if (const auto* connection = table.At(row)) table.Erase(OriginalKey(*connection));
}

}  // namespace pointsman
