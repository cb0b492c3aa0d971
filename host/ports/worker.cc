#include "host/ports/worker.h"

#include <rte_lcore.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "flow_tables/packet.h"
#include "host/ports/frame_note.h"

namespace pointsman {
namespace {

constexpr size_t kFramesQueued = 4096;
constexpr size_t kEventsQueued = 1 << 16;
constexpr size_t kTasksQueued = 64;
constexpr uint32_t kSweepRecords = 256;  // looked at between two batches
constexpr int kTransmitTries = 8;

// Polls without a frame before the first nap, and how naps grow.
constexpr int kIdlePolls = 200;
constexpr std::chrono::microseconds kShortestNap(5);
constexpr std::chrono::microseconds kLongestNap(250);

Port Other(Port port) { return port == Port::kUplink ? Port::kNode : Port::kUplink; }

}  // namespace

// A packet that may close its connection, which was not closed before.
struct Worker::Closing {
  bool ipv6 = false;
  Tuple tuple;
  TupleIpv6 tuple_ipv6;
};

Worker::Worker(const Shard& shard, WorkerShared& shared, uint64_t placement_seed,
               std::pmr::memory_resource* memory)
    : shard_(shard),
      shared_(shared),
      snapshot_(shared.snapshot.load(std::memory_order_acquire)),
      generation_(snapshot_->generation),
      pipeline_(snapshot_->image, placement_seed, memory, shard),
      to_(size_t{1} << shard.count_log2, nullptr),
      inject_(kFramesQueued),
      punts_(kFramesQueued),
      events_(kEventsQueued),
      tasks_(kTasksQueued),
      frontend_counts_(snapshot_->image->sizes.frontend_counters) {}

void Worker::ConnectTo(uint32_t to, FrameQueue& queue) { to_[to] = &queue; }

void Worker::Run() {
  rte_thread_register();  // gives the thread a cache of buffers; it does without, too
  int idle_polls = 0;
  std::chrono::microseconds nap = kShortestNap;
  while (!shared_.stop.load(std::memory_order_relaxed)) {
    TakeSnapshot();
    // What it was told while it stood by comes before the first packet.
    const bool stands_by = shared_.standing_by.load(std::memory_order_acquire);
    if (std::exchange(stands_by_, stands_by) && !stands_by) DoTasks();
    const bool busy = Poll();
    SweepSome();
    DoTasks();
    counts_.loops.Add(1);
    rte_rcu_qsbr_quiescent(shared_.readers, shard_.index);
    if (busy) {
      idle_polls = 0;
      nap = kShortestNap;
    } else if (++idle_polls > kIdlePolls) {
      std::this_thread::sleep_for(nap);
      nap = std::min(nap * 2, kLongestNap);
    }
  }
  rte_rcu_qsbr_thread_offline(shared_.readers, shard_.index);
  rte_thread_unregister();
}

void Worker::TakeSnapshot() {
  pipeline_.SetTick(shared_.tick.load(std::memory_order_relaxed));
  const Snapshot* newest = shared_.snapshot.load(std::memory_order_acquire);
  if (newest->generation == generation_) return;
  snapshot_ = newest;
  generation_ = newest->generation;
  pipeline_.SetImage(newest->image);
}

bool Worker::Poll() {
  uint32_t frames = PollPort(Port::kUplink) + PollPort(Port::kNode) + PollQueue(inject_);
  for (const auto& [from, queue] : from_) frames += PollQueue(*queue);
  Flush();
  return frames != 0;
}

uint16_t Worker::PollPort(Port port) {
  const OpenedPort& opened = shared_.ports[static_cast<size_t>(port)];
  if (shard_.index >= opened.receive_queues) return 0;
  std::array<rte_mbuf*, kBatch> frames{};
  const uint16_t count = rte_eth_rx_burst(opened.number, shard_.index, frames.data(), kBatch);
  if (count == 0) return 0;
  if (stands_by_) {
    rte_pktmbuf_free_bulk(frames.data(), count);
    return count == kBatch ? count : 0;
  }
  counts_.received[static_cast<size_t>(port)].Add(count);
  for (uint16_t i = 0; i < count; ++i) NoteOf(frames[i]) = {.ingress = port};
  if (snapshot_->steering == nullptr) {
    Handle(frames.data(), count);
  } else {
    Steer(frames.data(), count);
  }
  return count;
}

uint16_t Worker::PollQueue(FrameQueue& queue) {
  std::array<rte_mbuf*, kBatch> frames{};
  const auto count = static_cast<uint16_t>(queue.pop(frames.data(), kBatch));
  if (count != 0) Handle(frames.data(), count);
  return count;
}

void Worker::Steer(rte_mbuf** frames, uint16_t count) {
  std::array<rte_mbuf*, kBatch> own{};
  uint16_t owned = 0;
  for (uint16_t i = 0; i < count; ++i) {
    const auto owner = snapshot_->steering->OwnerOf(FrameOf(frames[i]), NoteOf(frames[i]).ingress,
                                                    shard_.count_log2);
    FrameQueue* queue = owner ? to_[*owner] : nullptr;
    if (queue == nullptr) {
      own[owned++] = frames[i];
    } else if (!queue->push(frames[i])) {
      Drop(frames[i], Reason::kReceiveOverflow);
    }
  }
  if (owned != 0) Handle(own.data(), owned);
}

void Worker::Handle(rte_mbuf** frames, uint16_t count) {
  std::array<rte_mbuf*, kBatch> to_process{};
  uint16_t left = 0;
  for (uint16_t i = 0; i < count; ++i) {
    const FrameNote& note = NoteOf(frames[i]);
    if (note.injected) counts_.injected.Add(1);
    if (note.action == InjectAction::kTransmit) {
      Transmit(frames[i], note.egress);
    } else if (snapshot_->mode == Mode::kBypass) {
      counts_.passed.Add(1);
      Transmit(frames[i], Other(note.ingress));
    } else if (snapshot_->mode == Mode::kPunt) {
      Punt(frames[i], Reason::kModePunt);
    } else {
      to_process[left++] = frames[i];
    }
  }
  if (left != 0) Offload(to_process.data(), left);
}

void Worker::Offload(rte_mbuf** frames, uint16_t count) {
  std::array<Packet, kBatch> packets;
  std::array<Outcome, kBatch> outcomes;
  for (uint16_t i = 0; i < count; ++i) {
    const FrameNote& note = NoteOf(frames[i]);
    packets[i] = {.frame = FrameOf(frames[i]),
                  .ingress = note.ingress,
                  .attempt = note.attempt,
                  .headroom_bytes = rte_pktmbuf_headroom(frames[i])};
    if (note.directed) packets[i].directed_endpoint = note.endpoint;
  }
  const std::span<Packet> batch(packets.data(), count);
  std::array<Closing, kBatch> closing;
  const size_t may_close = NoteClosing(batch, closing);
  pipeline_.Process(batch, {outcomes.data(), count});
  TellClosed({closing.data(), may_close});
  for (uint16_t i = 0; i < count; ++i) Settle(frames[i], packets[i], outcomes[i]);
}

void Worker::Settle(rte_mbuf* frame, const Packet& packet, const Outcome& outcome) {
  if (outcome.learned) TellLearned(packet);
  switch (outcome.verdict) {
    case Verdict::kPunt:
      return Punt(frame, outcome.reason);
    case Verdict::kDrop:
      return Drop(frame, outcome.reason);
    case Verdict::kPass:
      counts_.passed.Add(1);
      return Transmit(frame, outcome.egress);
    case Verdict::kForward:
      break;
  }
  counts_.forwarded.Add(1);
  if (outcome.frontend_counter < frontend_counts_.size()) {
    FrontendCount& count = frontend_counts_[outcome.frontend_counter];
    count.packets.Add(1);
    count.bytes.Add(packet.frame.size());
  }
  frame->data_off =
      static_cast<uint16_t>(packet.frame.data() - static_cast<uint8_t*>(frame->buf_addr));
  frame->data_len = static_cast<uint16_t>(packet.frame.size());
  frame->pkt_len = frame->data_len;
  Transmit(frame, outcome.egress);
}

void Worker::Punt(rte_mbuf* frame, Reason reason) {
  NoteOf(frame).reason = reason;
  if (!punts_.push(frame)) return Drop(frame, Reason::kPuntRingFull);
  counts_.punted.Add(1);
  counts_.reasons[static_cast<size_t>(reason)].Add(1);
}

void Worker::Drop(rte_mbuf* frame, Reason reason) {
  counts_.dropped.Add(1);
  counts_.reasons[static_cast<size_t>(reason)].Add(1);
  rte_pktmbuf_free(frame);
}

void Worker::Transmit(rte_mbuf* frame, Port egress) {
  to_send_[static_cast<size_t>(egress)].push_back(frame);
}

void Worker::Flush() {
  for (size_t port = 0; port < to_send_.size(); ++port) {
    std::vector<rte_mbuf*>& frames = to_send_[port];
    size_t sent = 0;
    for (int tries = 0; sent < frames.size() && tries < kTransmitTries; ++tries) {
      sent += rte_eth_tx_burst(shared_.ports[port].number, shard_.index, frames.data() + sent,
                               static_cast<uint16_t>(frames.size() - sent));
    }
    counts_.transmitted[port].Add(sent);
    for (; sent < frames.size(); ++sent) Drop(frames[sent], Reason::kTransmitOverflow);
    frames.clear();
  }
}

uint32_t Worker::RowOf(const Connection& connection) const {
  const auto& table = pipeline_.connections();
  return shard_.index * table.capacity() + table.NumberOf(connection);
}

uint32_t Worker::RowOf(const ConnectionIpv6& connection) const {
  const auto& table = pipeline_.connections_ipv6();
  return shard_.index * table.capacity() + table.NumberOf(connection);
}

// The connection of a packet that has just been recorded: the packet has left translated, perhaps
// into a tunnel, or is as it came.
void Worker::TellLearned(const Packet& packet) {
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
size_t Worker::NoteClosing(std::span<const Packet> packets, std::array<Closing, kBatch>& closing) {
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

void Worker::TellClosed(std::span<const Closing> closing) {
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

void Worker::Tell(const ConnectionEvent& event) {
  if (!events_.push(event)) counts_.events_lost.Add(1);
}

// A pass over all connections with each new tick, in small steps.
void Worker::SweepSome() {
  if (stands_by_) {
    sweep_at_ = 0;
    refresh_ = true;
    return;
  }
  const uint32_t tick = shared_.tick.load(std::memory_order_relaxed);
  if (sweep_at_ == 0 && tick == swept_tick_ && !refresh_) return;
  const auto tell = [&](const auto& connection) {
    counts_.expired.Add(1);
    Tell(MakeEvent(EventKind::kExpire, connection, RowOf(connection)));
  };
  const ConnectionTimeouts& timeouts = pipeline_.timeouts();
  if (refresh_) {
    Refresh(pipeline_.connections());
    Refresh(pipeline_.connections_ipv6());
  } else {
    pipeline_.connections().Sweep(timeouts, tick, sweep_at_, kSweepRecords, tell);
    pipeline_.connections_ipv6().Sweep(timeouts, tick, sweep_at_, kSweepRecords, tell);
  }
  sweep_at_ += kSweepRecords;
  if (sweep_at_ < pipeline_.connections().records_used() ||
      sweep_at_ < pipeline_.connections_ipv6().records_used()) {
    return;
  }
  sweep_at_ = 0;
  refresh_ = false;
  swept_tick_ = tick;
  counts_.sweeps.Add(1);
}

// While another card carried it, nobody here saw a connection's packets.
template <class Table>
void Worker::Refresh(Table& table) {
  const ConnectionTimeouts& timeouts = pipeline_.timeouts();
  const uint32_t since = shared_.took_over_tick.load(std::memory_order_relaxed);
  table.Refresh(timeouts, since, shared_.tick.load(std::memory_order_relaxed), sweep_at_,
                kSweepRecords);
}

template <class Table, class Connection>
void Worker::Follow(Table& table, const Connection& connection, ConnectionChange::Kind kind) {
  table.Erase(OriginalKey(connection));
  if (kind == ConnectionChange::Kind::kForget) return;
  Connection put = connection;
  put.last_seen = shared_.tick.load(std::memory_order_relaxed);
  table.Record(put);
}

void Worker::DoTasks() {
  std::shared_ptr<WorkerTask> task;
  while (tasks_.pop(task)) {
    const bool ipv4 = task->table == TableId::kOriginals || task->table == TableId::kReplies;
    if (!task->follow.empty()) {
      for (const ConnectionChange& change : task->follow) {
        if (const auto* ipv4 = std::get_if<Connection>(&change.connection)) {
          Follow(pipeline_.connections(), *ipv4, change.kind);
        } else {
          Follow(pipeline_.connections_ipv6(), std::get<ConnectionIpv6>(change.connection),
                 change.kind);
        }
      }
    } else if (!task->affinity.empty()) {
      for (const RowWrite& write : task->affinity) {
        pipeline_.affinity().Write(write.index, UnpackRow<AffinityRow>(write.row));
      }
    } else if (ipv4) {
      Do(pipeline_.connections(), *task);
    } else {
      Do(pipeline_.connections_ipv6(), *task);
    }
    task->done.store(true, std::memory_order_release);
  }
}

template <class Table>
void Worker::Do(Table& table, WorkerTask& task) {
  const uint32_t first_of_shard = shard_.index * table.capacity();
  for (uint32_t number = task.first_row; number < task.first_row + task.count; ++number) {
    const auto* connection = table.At(number);
    if (!task.erase) {
      task.rows.push_back(MakeRow(task.table, connection, first_of_shard + number));
    } else if (connection != nullptr) {
      table.Erase(OriginalKey(*connection));
    }
  }
}

}  // namespace pointsman
