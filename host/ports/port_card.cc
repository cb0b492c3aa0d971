#include "host/ports/port_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <new>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "driver/card_tables.h"
#include "host/ports/environment.h"
#include "host/ports/frame_note.h"
#include "host/ports/kept_state.h"
#include "host/ports/worker.h"
#include "host/softpath/huge_pages.h"

namespace pointsman {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint32_t kFrameBytesMax = RTE_MBUF_DEFAULT_DATAROOM;
constexpr size_t kQueueFrames = 1024;
constexpr uint32_t kRowsOfTask = 1024;
constexpr std::chrono::seconds kDeadline(5);
constexpr std::chrono::microseconds kPause(20);

bool IsOfConnections(TableId table) {
  return table == TableId::kOriginals || table == TableId::kReplies ||
         table == TableId::kOriginalsIpv6 || table == TableId::kRepliesIpv6;
}

CardDescription DescriptionFor(const PortCardOptions& options) {
  CardDescription description{.profile = "software",
                              .sizes = options.sizes.value_or(kAlveoU250Sizes)};
  if (!options.sizes) {
    CardSizes& sizes = description.sizes;
    sizes.originals = sizes.replies = options.connections;
    sizes.originals_ipv6 = sizes.replies_ipv6 = std::max(options.connections / 4, options.cores);
  }
  description.frame_bytes_max = kFrameBytesMax;
  return description;
}

absl::Status Check(const PortCardOptions& options) {
  if (options.ports.size() != 2) {
    return absl::InvalidArgumentError(fmt::format(
        "--card none needs two ports, --port UPLINK --port NODE-SIDE, and has {}; ports that stand "
        "by for a card likewise; each is what DPDK calls a device: net_af_packet0,iface=eth1 or "
        "net_tap0 or the address of a bound card",
        options.ports.size()));
  }
  if (!std::has_single_bit(options.cores) || options.cores > kCoresMax) {
    return absl::InvalidArgumentError(
        fmt::format("--cores {}: a power of two from 1 to {} is needed", options.cores, kCoresMax));
  }
  constexpr uint32_t kConnectionsMax = 1 << 26;
  if (!std::has_single_bit(options.connections) || options.connections > kConnectionsMax ||
      options.connections < 16 * options.cores) {
    return absl::InvalidArgumentError(
        fmt::format("--connections {}: a power of two from {} to {} is needed", options.connections,
                    16 * options.cores, kConnectionsMax));
  }
  return absl::OkStatus();
}

class PortCard : public StandbyCard {
 public:
  PortCard(const PortCardOptions& options, std::array<OpenedPort, 2> ports, rte_mempool* pool,
           KeptState kept)
      : description_(DescriptionFor(options)),
        pool_(pool),
        kept_(std::move(kept)),
        count_log2_(static_cast<uint8_t>(std::bit_width(options.cores) - 1)) {
    shared_.ports = ports;
    shared_.standing_by = options.sizes.has_value();
    const size_t bytes = rte_rcu_qsbr_get_memsize(options.cores);
    readers_.reset(static_cast<rte_rcu_qsbr*>(::operator new(bytes, kCacheLine)));
    std::memset(static_cast<void*>(readers_.get()), 0, bytes);
    rte_rcu_qsbr_init(readers_.get(), options.cores);
    shared_.readers = readers_.get();
    image_ = std::make_shared<Image>(kept_.tables ? kept_.tables->image()
                                                  : EmptyImage(description_.sizes));
    if (kept_.tables && kept_.tables->settings()) {
      mode_ = kept_.tables->settings()->mode;
      shared_.tick = kept_.tables->settings()->tick;
    }
    spare_ = std::make_shared<Image>(*image_);
    affinity_.resize(description_.sizes.affinity);
    current_ = MakeSnapshot(image_);
    shared_.snapshot.store(current_.get(), std::memory_order_release);
    StartCores(options.cores);
  }

  ~PortCard() override {
    shared_.stop = true;
    for (std::thread& thread : threads_) thread.join();
    for (const OpenedPort& port : shared_.ports) {
      rte_eth_dev_stop(port.number);
      rte_eth_dev_close(port.number);
    }
  }

  const CardDescription& description() const override { return description_; }

  absl::Status Write(std::span<const RowWrite> rows) override {
    for (const RowWrite& row : rows) {
      const auto found = FindRows(description_.sizes, row.table, row.index, 1);
      if (!found.ok()) return found.status();
    }
    bool is_image = false;
    std::vector<RowWrite> affinity;
    for (const RowWrite& row : rows) {
      if (IsOfConnections(row.table)) {
        if (absl::Status status = Forget(row); !status.ok()) return status;
      } else if (row.table == TableId::kAffinity) {
        affinity.push_back(row);
      } else {
        is_image = true;
      }
    }
    if (absl::Status status = WriteAffinity(affinity); !status.ok()) return status;
    if (!is_image) return absl::OkStatus();
    for (const RowWrite& row : rows) {
      if (kept_.tables) kept_.tables->Write(row);
    }
    return Change([&](Image& image) {
      for (const RowWrite& row : rows) Apply(row, image);
    });
  }

  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index,
                                            uint32_t count) override {
    const auto found = FindRows(description_.sizes, table, index, count);
    if (!found.ok()) return found.status();
    std::vector<RowBits> rows;
    if (IsOfConnections(table)) {
      absl::Status status = ReadConnections(table, index, count, rows);
      if (!status.ok()) return status;
      return rows;
    }
    for (uint32_t row = index; row < index + count; ++row) {
      if (table == TableId::kFrontendCounters) {
        rows.push_back(PackRow(CounterOf(row)));
      } else if (table == TableId::kAffinity) {
        rows.push_back(affinity_[row]);
      } else {
        const auto write = WriteOf(*image_, table, row);
        rows.push_back(write ? write->row : RowBits{});
      }
    }
    return rows;
  }

  absl::Status Configure(const CardSettings& settings) override {
    const MasqueradePorts& ports = settings.configuration.masquerade_ports;
    if ((ports.base & ports.mask) != 0) {
      return absl::InvalidArgumentError(fmt::format(
          "masquerade ports: base {:#x} and mask {:#x} share bits", ports.base, ports.mask));
    }
    if ((ports.mask & ShardBits(count_log2_)) != ShardBits(count_log2_)) {
      return absl::InvalidArgumentError(
          fmt::format("masquerade ports: mask {:#x} has too few bits for {} cores", ports.mask,
                      workers_.size()));
    }
    // Before the cores have it: to the next process no connection may have been seen later than
    // now, or it would be a whole turn of the clock old.
    if (kept_.tables) kept_.tables->Write(settings);
    shared_.tick.store(settings.tick, std::memory_order_relaxed);
    if (settings.mode == mode_ && settings.configuration == image_->configuration) {
      return absl::OkStatus();
    }
    mode_ = settings.mode;
    return Change([&](Image& image) { image.configuration = settings.configuration; });
  }

  absl::Status Inject(std::span<const InjectedFrame> frames) override {
    if (absl::Status status = CheckInjected(frames, description_); !status.ok()) return status;
    for (const InjectedFrame& frame : frames) {
      if (absl::Status status = InjectOne(frame); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // Punts before events: what was learned before a packet was punted is told with it.
  absl::StatusOr<CardOutput> Poll() override {
    CardOutput output;
    for (const auto& worker : workers_) {
      worker->punts().consume_all(
          [&](rte_mbuf* frame) { output.punts.push_back(TakePunt(frame)); });
    }
    for (const auto& worker : workers_) {
      worker->TakeEvents(output);
      output.events_lost += static_cast<uint32_t>(worker->counts().events_lost.Get());
    }
    return output;
  }

  absl::StatusOr<CardHealth> Health() override {
    CardHealth health;
    for (size_t i = 0; i < workers_.size(); ++i) {
      const uint64_t loops = workers_[i]->counts().loops.Get();
      if (loops == loops_[i] && Clock::now() > looked_ + kDeadline) {
        return absl::UnavailableError(
            fmt::format("core {} stands still, after {} loops", i, loops));
      }
      loops_[i] = loops;
      health.heartbeat += static_cast<uint32_t>(loops);
    }
    looked_ = Clock::now();
    std::vector<const PacketCounts*> counts;
    for (const auto& worker : workers_) counts.push_back(&worker->counts());
    health.statistics = StatisticsOf(counts);
    for (const PacketCounts* of_core : counts) {
      health.sweeps += static_cast<uint32_t>(of_core->sweeps.Get());
    }
    return health;
  }

  absl::Status StandBy(bool stand_by) override {
    shared_.took_over_tick.store(shared_.tick.load(std::memory_order_relaxed),
                                 std::memory_order_relaxed);
    shared_.standing_by.store(stand_by, std::memory_order_release);
    return stand_by ? AwaitCores("stand by") : absl::OkStatus();
  }

  // A connection whose source port was changed by somebody else may have its two directions at two
  // cores: then both know it.
  absl::Status Follow(std::span<const ConnectionChange> changes) override {
    std::vector<std::shared_ptr<WorkerTask>> tasks(workers_.size());
    for (const ConnectionChange& change : changes) {
      const auto [original, reply] = std::visit(
          [this](const auto& connection) {
            return std::pair(ShardOfPort(OriginalKey(connection).source_port, count_log2_),
                             ShardOfPort(ReplyKey(connection).destination_port, count_log2_));
          },
          change.connection);
      for (const uint32_t core : std::set{original, reply}) {
        if (tasks[core] == nullptr) tasks[core] = std::make_shared<WorkerTask>();
        tasks[core]->follow.push_back(change);
      }
    }
    for (uint32_t core = 0; core < tasks.size(); ++core) {
      if (tasks[core] == nullptr) continue;
      if (absl::Status status = HandOver(core, tasks[core]); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  static constexpr std::align_val_t kCacheLine{64};
  struct Delete {
    void operator()(rte_rcu_qsbr* readers) const {
      ::operator delete(static_cast<void*>(readers), kCacheLine);
    }
  };

  std::unique_ptr<const Snapshot> MakeSnapshot(std::shared_ptr<const Image> image) {
    auto snapshot = std::make_unique<Snapshot>();
    snapshot->generation = ++generations_;
    snapshot->mode = mode_;
    if (count_log2_ != 0) {
      snapshot->steering =
          std::make_unique<Steering>(*image, current_ ? current_->steering.get() : nullptr);
    }
    snapshot->image = std::move(image);
    return snapshot;
  }

  void StartCores(uint32_t cores) {
    std::random_device seed;
    for (uint32_t i = 0; i < cores; ++i) {
      const Shard shard{static_cast<uint8_t>(i), count_log2_};
      std::pmr::memory_resource* memory = HugePages();
      if (kept_.tables) memory = kept_.connections[i].get();
      workers_.push_back(
          std::make_unique<Worker>(shard, shared_, uint64_t{seed()} << 32 | seed(), memory));
      if (kept_.tables) TakeInConnections(kept_, i, *image_, workers_.back()->pipeline());
    }
    for (uint32_t from = 0; from < cores; ++from) {
      for (uint32_t to = 0; to < cores; ++to) {
        if (from == to) continue;
        FrameQueue& queue = *queues_.emplace_back(std::make_unique<FrameQueue>(kQueueFrames));
        workers_[from]->ConnectTo(to, queue);
        workers_[to]->ConnectFrom(from, queue);
      }
    }
    loops_.resize(cores);
    for (uint32_t core = 0; core < cores; ++core) {
      rte_rcu_qsbr_thread_register(readers_.get(), core);
      rte_rcu_qsbr_thread_online(readers_.get(), core);
    }
    for (const auto& worker : workers_) {
      threads_.emplace_back([&worker = *worker] { worker.Run(); });
    }
  }

  // Makes the change to the spare image, has the cores read that one, and then follows with the
  // other.
  template <class Alter>
  absl::Status Change(Alter alter) {
    alter(*spare_);
    std::unique_ptr<const Snapshot> next = MakeSnapshot(spare_);
    shared_.snapshot.store(next.get(), std::memory_order_release);
    if (absl::Status status = AwaitCores("take new tables"); !status.ok()) {
      retired_.push_back(std::move(next));  // the cores may come to it yet, and to its image
      spare_ = std::make_shared<Image>(*image_);
      return status;
    }
    current_ = std::move(next);
    image_.swap(spare_);
    alter(*spare_);
    return absl::OkStatus();
  }

  // Until every core has been between two batches.
  absl::Status AwaitCores(const char* what) {
    const uint64_t token = rte_rcu_qsbr_start(readers_.get());
    const Clock::time_point deadline = Clock::now() + kDeadline;
    while (rte_rcu_qsbr_check(readers_.get(), token, /*wait=*/false) == 0) {
      if (Clock::now() > deadline) {
        return absl::DeadlineExceededError(
            fmt::format("a core did not {} within {} s", what, kDeadline.count()));
      }
      std::this_thread::sleep_for(kPause);
    }
    return absl::OkStatus();
  }

  uint32_t CapacityOf(TableId table) const {
    const bool ipv4 = table == TableId::kOriginals || table == TableId::kReplies;
    return (ipv4 ? description_.sizes.originals : description_.sizes.originals_ipv6) >> count_log2_;
  }

  absl::Status HandOver(uint32_t core, const std::shared_ptr<WorkerTask>& task) {
    const Clock::time_point deadline = Clock::now() + kDeadline;
    while (!workers_[core]->tasks().push(task)) {
      if (Clock::now() > deadline) {
        return absl::DeadlineExceededError(fmt::format(
            "core {} took nothing of what it is to do within {} s", core, kDeadline.count()));
      }
      std::this_thread::sleep_for(kPause);
    }
    return absl::OkStatus();
  }

  absl::Status Do(uint32_t core, const std::shared_ptr<WorkerTask>& task) {
    if (absl::Status status = HandOver(core, task); !status.ok()) return status;
    const Clock::time_point deadline = Clock::now() + kDeadline;
    while (!task->done.load(std::memory_order_acquire)) {
      if (Clock::now() > deadline) {
        return absl::DeadlineExceededError(fmt::format(
            "core {} did not look at its connections within {} s", core, kDeadline.count()));
      }
      std::this_thread::sleep_for(kPause);
    }
    return absl::OkStatus();
  }

  // Both directions of a connection are one record: the write to originals is enough.
  absl::Status Forget(const RowWrite& write) {
    if (write.table == TableId::kReplies || write.table == TableId::kRepliesIpv6) {
      return absl::OkStatus();
    }
    auto task = std::make_shared<WorkerTask>();
    task->table = write.table;
    task->first_row = write.index % CapacityOf(write.table);
    task->count = 1;
    task->erase = true;
    return Do(write.index / CapacityOf(write.table), task);
  }

  // Every core has this table, since a client's connections are any core's.
  absl::Status WriteAffinity(const std::vector<RowWrite>& writes) {
    if (writes.empty()) return absl::OkStatus();
    for (const RowWrite& write : writes) affinity_[write.index] = write.row;
    for (uint32_t core = 0; core < workers_.size(); ++core) {
      auto task = std::make_shared<WorkerTask>();
      task->affinity = writes;
      if (absl::Status status = Do(core, task); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadConnections(TableId table, uint32_t index, uint32_t count,
                               std::vector<RowBits>& rows) {
    const uint32_t capacity = CapacityOf(table);
    rows.reserve(count);
    for (uint32_t done = 0; done < count;) {
      const uint32_t row = index + done;
      auto task = std::make_shared<WorkerTask>();
      task->table = table;
      task->first_row = row % capacity;
      task->count = std::min({kRowsOfTask, count - done, capacity - task->first_row});
      if (absl::Status status = Do(row / capacity, task); !status.ok()) return status;
      rows.insert(rows.end(), task->rows.begin(), task->rows.end());
      done += task->count;
    }
    return absl::OkStatus();
  }

  absl::Status InjectOne(const InjectedFrame& frame) {
    rte_mbuf* buffer = rte_pktmbuf_alloc(pool_);
    if (buffer == nullptr) return absl::OkStatus();  // lost, as by a full queue
    buffer->data_len = static_cast<uint16_t>(frame.frame.size());
    buffer->pkt_len = buffer->data_len;
    std::ranges::copy(frame.frame, FrameOf(buffer).begin());
    NoteOf(buffer) = {.ingress = frame.line.ingress,
                      .egress = frame.line.egress,
                      .action = frame.line.action,
                      .attempt = frame.line.attempt,
                      .injected = true,
                      .directed = frame.line.directed != 0,
                      .endpoint = frame.line.endpoint,
                      .tag = frame.line.tag};
    uint32_t core = 0;
    if (current_->steering != nullptr && frame.line.action == InjectAction::kProcess) {
      core = current_->steering->OwnerOf(frame.frame, frame.line.ingress, count_log2_).value_or(0);
    }
    const Clock::time_point deadline = Clock::now() + kDeadline;
    while (!workers_[core]->inject().push(buffer)) {
      if (Clock::now() > deadline) {
        rte_pktmbuf_free(buffer);
        return absl::DeadlineExceededError(fmt::format(
            "core {} took none of the frames for it within {} s", core, kDeadline.count()));
      }
      std::this_thread::sleep_for(kPause);
    }
    return absl::OkStatus();
  }

  static PuntedFrame TakePunt(rte_mbuf* buffer) {
    const FrameNote& note = NoteOf(buffer);
    PuntedFrame punt;
    punt.line.verdict = Verdict::kPunt;
    punt.line.reason = note.reason;
    punt.line.ingress = note.ingress;
    punt.line.attempt = note.attempt;
    punt.line.injected = note.injected ? 1 : 0;
    punt.line.tag = note.tag;
    punt.line.length = buffer->data_len;
    const auto frame = FrameOf(buffer);
    punt.frame.assign(frame.begin(), frame.end());
    rte_pktmbuf_free(buffer);
    return punt;
  }

  FrontendCounterRow CounterOf(uint32_t counter) const {
    FrontendCounterRow row;
    for (const auto& worker : workers_) {
      row.packets += worker->frontend_count(counter).packets.Get();
      row.bytes += worker->frontend_count(counter).bytes.Get();
    }
    return row;
  }

  const CardDescription description_;
  rte_mempool* const pool_;
  const KeptState kept_;
  const uint8_t count_log2_;
  WorkerShared shared_;
  std::unique_ptr<rte_rcu_qsbr, Delete> readers_;
  std::shared_ptr<Image> image_;  // the cores read it
  std::shared_ptr<Image> spare_;
  uint64_t generations_ = 0;  // of snapshots, up to now
  std::unique_ptr<const Snapshot> current_;
  std::vector<std::unique_ptr<const Snapshot>> retired_;
  std::vector<RowBits> affinity_;
  Mode mode_ = Mode::kBypass;
  std::vector<std::unique_ptr<FrameQueue>> queues_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  std::vector<uint64_t> loops_;  // at the last Health
  Clock::time_point looked_ = Clock::now();
};

}  // namespace

absl::StatusOr<std::unique_ptr<StandbyCard>> OpenPortCard(const PortCardOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  absl::StatusOr<KeptState> kept =
      OpenKeptState(options.state_folder, DescriptionFor(options).sizes, options.cores);
  if (!kept.ok()) return kept.status();
  const uint32_t frames = options.frames_per_core * (options.cores + 1);
  if (absl::Status status = BringUpDpdk(options.ports, options.eal, frames); !status.ok()) {
    return status;
  }
  const absl::StatusOr<rte_mempool*> pool = MakeFramePool(frames);
  if (!pool.ok()) return pool.status();
  std::array<OpenedPort, 2> ports;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto port = OpenPort(options.ports[i], static_cast<uint16_t>(options.cores), *pool);
    if (!port.ok()) return port.status();
    ports[i] = *port;
  }
  return std::make_unique<PortCard>(options, ports, *pool, *std::move(kept));
}

}  // namespace pointsman
