#include "host/ports/worker.h"

#include <rte_lcore.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "host/ports/frame_note.h"

namespace pointsman {
namespace {

constexpr size_t kFramesQueued = 4096;
constexpr size_t kTasksQueued = 64;
constexpr int kTransmitTries = 8;

// Polls without a frame before the first nap, and how naps grow.
constexpr int kIdlePolls = 200;
constexpr std::chrono::microseconds kShortestNap(5);
constexpr std::chrono::microseconds kLongestNap(250);

Port Other(Port port) { return port == Port::kUplink ? Port::kNode : Port::kUplink; }

}  // namespace

Worker::Worker(const Shard& shard, WorkerShared& shared, uint64_t placement_seed,
               std::pmr::memory_resource* memory)
    : shard_(shard),
      shared_(shared),
      snapshot_(shared.snapshot.load(std::memory_order_acquire)),
      generation_(snapshot_->generation),
      shard_pipeline_(shard, snapshot_->image, placement_seed, memory, counts_),
      to_(size_t{1} << shard.count_log2, nullptr),
      inject_(kFramesQueued),
      punts_(kFramesQueued),
      tasks_(kTasksQueued) {}

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
    if (stands_by) {
      shard_pipeline_.StandBy();
    } else {
      shard_pipeline_.SweepSome(shared_.took_over_tick.load(std::memory_order_relaxed));
    }
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
  shard_pipeline_.SetTick(shared_.tick.load(std::memory_order_relaxed));
  const Snapshot* newest = shared_.snapshot.load(std::memory_order_acquire);
  if (newest->generation == generation_) return;
  snapshot_ = newest;
  generation_ = newest->generation;
  pipeline().SetImage(newest->image);
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
  shard_pipeline_.Process(batch, {outcomes.data(), count});
  for (uint16_t i = 0; i < count; ++i) Settle(frames[i], packets[i], outcomes[i]);
}

void Worker::Settle(rte_mbuf* frame, const Packet& packet, const Outcome& outcome) {
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

void Worker::DoTasks() {
  std::shared_ptr<WorkerTask> task;
  while (tasks_.pop(task)) {
    if (!task->follow.empty()) {
      for (const ConnectionChange& change : task->follow) {
        if (change.kind == ConnectionChange::Kind::kPut) {
          shard_pipeline_.Put(change.connection);
        } else {
          shard_pipeline_.Forget(change.connection);
        }
      }
    } else if (!task->affinity.empty()) {
      for (const RowWrite& write : task->affinity) {
        pipeline().affinity().Write(write.index, UnpackRow<AffinityRow>(write.row));
      }
    } else if (task->erase) {
      shard_pipeline_.ForgetRow(task->table, task->first_row);
    } else {
      task->rows = shard_pipeline_.Rows(task->table, task->first_row, task->count);
    }
    task->done.store(true, std::memory_order_release);
  }
}

}  // namespace pointsman
