// A pipeline with one shard's connections, seen as a card shows its own: what happens to them is
// told by events, they have rows that can be read, and they end by themselves when they are over.
//
// Row numbers go on from one shard to the next; both directions of a connection are in the same
// row. Not thread-safe but for TakeEvents, which another thread may call, and the counts.
#ifndef POINTSMAN_HOST_SOFTPATH_SHARD_PIPELINE_H_
#define POINTSMAN_HOST_SOFTPATH_SHARD_PIPELINE_H_

#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "driver/card.h"
#include "flow_tables/connection_rows.h"
#include "flow_tables/pipeline.h"
#include "host/softpath/packet_counts.h"

namespace pointsman {

// Whether a card with this description takes frames; else InvalidArgument, which says what is wrong
// with the first one that it does not take.
absl::Status CheckInjected(std::span<const InjectedFrame> frames,
                           const CardDescription& description);

class ShardPipeline {
 public:
  static constexpr size_t kBatch = 32;

  // Adds to `counts` what happens to connections. Both they and `memory`, which the connections are
  // in, must outlive it.
  ShardPipeline(const Shard& shard, std::shared_ptr<const Image> image, uint64_t placement_seed,
                std::pmr::memory_resource* memory, PacketCounts& counts);

  Pipeline& pipeline() { return pipeline_; }
  void SetTick(uint32_t tick);

  // Pipeline::Process, told by events. Counts what frontends forward.
  // REQUIRES: at most kBatch packets, as many outcomes.
  void Process(std::span<Packet> packets, std::span<Outcome> outcomes);

  // Appends the events since the last call, of each family in order.
  void TakeEvents(CardOutput& output);
  const FrontendCount& frontend_count(uint32_t counter) const { return frontend_counts_[counter]; }

  // Somebody else carries the connections until the next SweepSome: nobody here sees their packets.
  void StandBy();

  // A step of a pass over all connections, which begins with each new tick: those that are over are
  // forgotten. After StandBy the first pass makes them as young as `took_over_tick` instead.
  void SweepSome(uint32_t took_over_tick);

  // Without an event. One that is known is replaced; one that finds no room is not put.
  void Put(const std::variant<Connection, ConnectionIpv6>& connection);
  // The one with the same original.
  void Forget(const std::variant<Connection, ConnectionIpv6>& connection);

  // Of a table of connections, rows of this shard, counted from its first one: what they hold, and
  // an end to the connection that is in one.
  std::vector<RowBits> Rows(TableId table, uint32_t first, uint32_t count) const;
  void ForgetRow(TableId table, uint32_t row);

 private:
  void Tell(const ConnectionNews& news);
  void Tell(const ConnectionEvent& event);
  template <class Table>
  void RowsOf(const Table& table, TableId id, uint32_t first, uint32_t count,
              std::vector<RowBits>& rows) const;
  template <class Table>
  void ForgetRow(Table& table, uint32_t row);
  uint32_t RowOf(const Connection& connection) const;
  uint32_t RowOf(const ConnectionIpv6& connection) const;

  const Shard shard_;
  PacketCounts& counts_;
  Pipeline pipeline_;
  uint32_t tick_ = 0;
  boost::lockfree::spsc_queue<ConnectionEvent> events_;
  std::vector<FrontendCount> frontend_counts_;
  uint32_t sweep_at_ = 0;  // the next record
  uint32_t swept_tick_ = 0;
  bool refresh_ = false;  // this pass or the next makes connections as young as the taking over
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_SHARD_PIPELINE_H_
