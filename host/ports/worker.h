// One core's packet loop: frames from the ports through its pipeline and out again, without locks.
// Frames of connections that are another core's go there by a queue between the two (steering.h);
// what the host has to look at, and what happens to connections, goes to the host by queues. An
// idle core naps, the longer the longer nothing comes.
//
// Run() belongs to its thread. Of the rest only what is marked may be called meanwhile.
#ifndef POINTSMAN_HOST_PORTS_WORKER_H_
#define POINTSMAN_HOST_PORTS_WORKER_H_

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_rcu_qsbr.h>

#include <array>
#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <vector>

#include "driver/card.h"
#include "host/ports/environment.h"
#include "host/ports/standby_card.h"
#include "host/ports/steering.h"
#include "host/softpath/shard_pipeline.h"

namespace pointsman {

using FrameQueue = boost::lockfree::spsc_queue<rte_mbuf*>;

// What cores forward by. Immutable while a core may read it.
struct Snapshot {
  uint64_t generation = 0;  // each its own
  std::shared_ptr<const Image> image;
  Mode mode = Mode::kBypass;
  std::unique_ptr<const Steering> steering;  // nullptr: there is one core
};

// Something the host has a core do between two batches.
struct WorkerTask {
  TableId table = TableId::kOriginals;
  uint32_t first_row = 0;  // of the shard
  uint32_t count = 0;
  bool erase = false;  // else `rows` is filled
  std::vector<RowBits> rows{};
  std::vector<RowWrite> affinity{};        // not empty: these are written, and nothing else is done
  std::vector<ConnectionChange> follow{};  // not empty: these are made, and nothing else is done
  std::atomic<bool> done = false;
};

struct WorkerShared {
  std::array<OpenedPort, 2> ports{};  // by Port
  std::atomic<const Snapshot*> snapshot = nullptr;
  std::atomic<uint32_t> tick = 0;
  std::atomic<bool> stop = false;
  std::atomic<bool> standing_by = false;
  std::atomic<uint32_t> took_over_tick = 0;  // when it last began or ceased to stand by
  rte_rcu_qsbr* readers = nullptr;           // reader i, which is online, is core i
};

class Worker {
 public:
  // `shared` and `memory`, which its connections are in, must outlive it. The snapshot is set
  // already.
  Worker(const Shard& shard, WorkerShared& shared, uint64_t placement_seed,
         std::pmr::memory_resource* memory);

  // Before Run.
  Pipeline& pipeline() { return shard_pipeline_.pipeline(); }

  // Core `from` may hand over frames by that queue. Before Run.
  void ConnectFrom(uint32_t from, FrameQueue& queue) { from_.push_back({from, &queue}); }
  void ConnectTo(uint32_t to, FrameQueue& queue);

  // Until shared.stop.
  void Run();

  // For the host's thread, at any time:
  FrameQueue& inject() { return inject_; }
  FrameQueue& punts() { return punts_; }
  void TakeEvents(CardOutput& output) { shard_pipeline_.TakeEvents(output); }
  boost::lockfree::spsc_queue<std::shared_ptr<WorkerTask>>& tasks() { return tasks_; }
  const PacketCounts& counts() const { return counts_; }
  const FrontendCount& frontend_count(uint32_t counter) const {
    return shard_pipeline_.frontend_count(counter);
  }

 private:
  static constexpr uint16_t kBatch = ShardPipeline::kBatch;

  bool Poll();
  uint16_t PollPort(Port port);
  uint16_t PollQueue(FrameQueue& queue);
  void TakeSnapshot();
  void Steer(rte_mbuf** frames, uint16_t count);
  void Handle(rte_mbuf** frames, uint16_t count);
  void Offload(rte_mbuf** frames, uint16_t count);
  void Settle(rte_mbuf* frame, const Packet& packet, const Outcome& outcome);
  void Punt(rte_mbuf* frame, Reason reason);
  void Drop(rte_mbuf* frame, Reason reason);
  void Transmit(rte_mbuf* frame, Port egress);
  void Flush();
  void DoTasks();

  const Shard shard_;
  WorkerShared& shared_;
  const Snapshot* snapshot_;
  uint64_t generation_;  // of the snapshot, whose memory may be another's by now
  PacketCounts counts_;
  ShardPipeline shard_pipeline_;
  std::vector<std::pair<uint32_t, FrameQueue*>> from_;
  std::vector<FrameQueue*> to_;  // by core; nullptr: itself
  FrameQueue inject_;
  FrameQueue punts_;
  boost::lockfree::spsc_queue<std::shared_ptr<WorkerTask>> tasks_;
  std::array<std::vector<rte_mbuf*>, 2> to_send_;  // by Port
  bool stands_by_ = false;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_WORKER_H_
