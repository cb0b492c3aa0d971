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

// A packet that may close its connection, which was not closed before.
struct ShardPipeline::Closing {
  bool ipv6 = false;
  Tuple tuple;
  TupleIpv6 tuple_ipv6;
};

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
  std::array<Closing, kBatch> closing;
  const size_t may_close = NoteClosing(packets, closing);
  pipeline_.Process(packets, outcomes);
  TellClosed({closing.data(), may_close});
  for (size_t i = 0; i < packets.size(); ++i) {
    if (outcomes[i].learned) TellLearned(packets[i]);
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

// The connection of a packet that has just been recorded: the packet has left translated, perhaps
// into a tunnel, or is as it came.
void ShardPipeline::TellLearned(const Packet& packet) {
  counts_.learned.Add(1);
  const auto tell = [&](auto& table, const auto& tuple) {
    auto reversed = tuple;
    std::swap(reversed.source_address, reversed.destination_address);
    std::swap(reversed.source_port, reversed.destination_port);
    for (const bool answers : {true, false}) {
      const auto found = table.Find(answers ? reversed : tuple);
      if (!found || found.from_reply != answers) continue;
      Tell(MakeEvent(EventKind::kLearn, *found.connection, RowOf(*found.connection)));
      return true;
    }
    return false;
  };
  for (const size_t outer : {0U, kTunnelBytes}) {
    if (packet.frame.size() < outer) return;
    const auto frame = packet.frame.subspan(outer);
    const Parsed parsed = Parse(frame);
    if (parsed.kind == ParseKind::kTuple && tell(pipeline_.connections(), parsed.tuple)) return;
    if (parsed.kind == ParseKind::kTuple) continue;
    const ParsedIpv6 other = ParseOther(frame, /*host_forwards_sctp=*/false);
    if (other.kind == ParseKind::kTuple && tell(pipeline_.connections_ipv6(), other.tuple)) return;
  }
}

// Packets of TCP with FIN or RST, of connections that are open. Those with a tag or in a tunnel are
// not looked for: the end of their connections is told when they expire.
size_t ShardPipeline::NoteClosing(std::span<const Packet> packets,
                                  std::array<Closing, kBatch>& closing) {
  size_t count = 0;
  for (const Packet& packet : packets) {
    const auto& frame = packet.frame;
    constexpr uint8_t kEnds = kTcpFin | kTcpRst;
    const bool ipv4 = frame.size() > kTcpFlagsOffset && (frame[kTcpFlagsOffset] & kEnds) != 0 &&
                      LoadBe16(&frame[kEtherTypeOffset]) == kEtherTypeIpv4;
    constexpr size_t kFlagsIpv6 = kIpv6TransportOffset + kTcpFlagsInHeader;
    const bool ipv6 = frame.size() > kFlagsIpv6 && (frame[kFlagsIpv6] & kEnds) != 0 &&
                      LoadBe16(&frame[kEtherTypeOffset]) == kEtherTypeIpv6;
    constexpr auto kTcp = static_cast<uint8_t>(Protocol::kTcp);
    const auto is_open = [&](auto& table, const auto& parsed) {
      if (parsed.kind != ParseKind::kTuple || parsed.tuple.protocol != kTcp) return false;
      const auto found = table.Find(parsed.tuple);
      return found && found.connection->state != ConnectionState::kClosed;
    };
    if (ipv4) {
      const Parsed parsed = Parse(frame);
      if (is_open(pipeline_.connections(), parsed)) closing[count++] = {false, parsed.tuple, {}};
    } else if (ipv6) {
      const ParsedIpv6 parsed = ParseOther(frame, false);
      if (is_open(pipeline_.connections_ipv6(), parsed))
        closing[count++] = {true, {}, parsed.tuple};
    }
  }
  return count;
}

void ShardPipeline::TellClosed(std::span<const Closing> closing) {
  const auto tell = [&](const auto& found) {
    if (!found || found.connection->state != ConnectionState::kClosed) return;
    counts_.closed.Add(1);
    Tell(MakeEvent(EventKind::kClose, *found.connection, RowOf(*found.connection)));
  };
  for (const Closing& one : closing) {
    if (one.ipv6) {
      tell(pipeline_.connections_ipv6().Find(one.tuple_ipv6));
    } else {
      tell(pipeline_.connections().Find(one.tuple));
    }
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
    Refresh(pipeline_.connections(), took_over_tick);
    Refresh(pipeline_.connections_ipv6(), took_over_tick);
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

template <class Table>
void ShardPipeline::Refresh(Table& table, uint32_t took_over_tick) {
  table.Refresh(pipeline_.timeouts(), took_over_tick, tick_, sweep_at_, kSweepRecords);
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
