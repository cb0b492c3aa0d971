// Drives the ports of hw/rtl/datapath.sv clock by clock: frames in, frames and verdicts out, rows,
// events. Not thread-safe.
#ifndef POINTSMAN_TESTS_HW_DATAPATH_DRIVER_H_
#define POINTSMAN_TESTS_HW_DATAPATH_DRIVER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "flow_tables/hash.h"
#include "flow_tables/image.h"
#include "flow_tables/tunnel.h"
#include "hw/card_layout.h"

class Vdatapath;
class VerilatedContext;

namespace pointsman {

inline constexpr uint64_t kDatapathLatencyCycles = 46;

struct DatapathInput {
  std::vector<uint8_t> frame;
  Port ingress = Port::kUplink;
  bool injected = false;
  bool transmit = false;
  Port egress = Port::kUplink;  // for transmit
  uint8_t attempt = 0;
  std::optional<uint32_t> directed_endpoint{};
  uint32_t tag = 0;
  uint32_t gap_cycles = 0;  // clocks without a beat before it
};

struct DatapathOutput {
  std::vector<uint8_t> frame;  // with the headers of a tunnel that it goes into
  uint16_t length_bytes = 0;   // without them
  Port ingress{};
  bool injected = false;
  uint8_t attempt = 0;
  uint32_t tag = 0;
  Verdict verdict{};
  Reason reason{};
  Port egress{};
  uint16_t frontend_counter = 0;
  uint32_t endpoint = 0;
  bool learned = false;
  uint64_t latency_cycles = 0;  // of its first beat
};

// What a written row's wrong parity is stored with.
enum class Flip : uint8_t { kNothing = 0, kKey = 1, kValue = 2 };

class DatapathDriver {
 public:
  // Reset done, every table zero, hash-keys made from `hash_seed`.
  explicit DatapathDriver(uint64_t hash_seed = 1);
  ~DatapathDriver();

  void SetMode(Mode mode);
  void SetConfiguration(const Configuration& configuration);
  void SetTick(uint32_t tick);
  // Clocks until a sweep that a SetTick began is over. False: it takes too long.
  [[nodiscard]] bool AwaitSweep();
  // Writes the rows that are not zero, and the configuration.
  void Load(const Image& image);

  void Send(DatapathInput input) { inputs_.push_back(std::move(input)); }
  // Sends what is queued and waits until it is out again; outputs since the last call.
  std::vector<DatapathOutput> Drain();
  // One frame alone.
  DatapathOutput Process(DatapathInput input);

  // Queued, one a clock where the datapath is ready; Drain() waits for them too.
  template <class Row>
  void WriteRow(uint32_t index, const Row& row) {
    RowBits bits{};
    PutBits(bits, 0, row);
    QueueRow(true, Row::kTable, index, bits);
  }
  void QueueRow(bool write, TableId table, uint32_t index, const RowBits& row,
                Flip flip = Flip::kNothing);
  // Answers to reads so far, in order; clears them.
  std::vector<RowBits> TakeReads() { return std::exchange(reads_, {}); }
  template <class Row>
  Row ReadRow(uint32_t index) {
    QueueRow(false, Row::kTable, index, {});
    Drain();
    Row row;
    GetBits(TakeReads().back(), 0, row);
    return row;
  }

  // Since the last call of Take...
  const std::vector<EventLine>& events() const { return events_; }
  const std::vector<EventIpv6Line>& ipv6_events() const { return ipv6_events_; }
  std::vector<EventLine> TakeEvents() { return std::exchange(events_, {}); }
  std::vector<EventIpv6Line> TakeIpv6Events() { return std::exchange(ipv6_events_, {}); }
  void Clock();
  uint64_t cycles() const { return cycles_; }
  bool rows_waiting() const { return !rows_.empty(); }

 private:
  struct RowCommand {
    bool write;
    TableId table;
    uint32_t index;
    RowBits row;
    Flip flip;
  };

  void DriveBeat();
  void DriveRow();
  void CollectOutput();
  void NoteTunnel();
  void Wrap(std::vector<uint8_t>& frame);
  void CollectRows();

  std::unique_ptr<VerilatedContext> context_;
  std::unique_ptr<Vdatapath> model_;
  uint64_t cycles_ = 0;
  uint32_t sweeps_ = 0;  // when the tick was set last
  std::deque<DatapathInput> inputs_;
  size_t next_byte_ = 0;  // of inputs_.front()
  std::deque<uint64_t> sent_at_;
  std::vector<DatapathOutput> outputs_;
  Tunnel tunnel_;         // as configured
  bool wrapped_ = false;  // the packet that comes out goes into it, there and so
  TunnelEnd end_;
  TunnelPacket inside_;
  uint64_t packets_inside_ = 0;
  std::deque<RowCommand> rows_;
  uint64_t reads_inside_ = 0;
  std::vector<RowBits> reads_;
  std::vector<EventLine> events_;
  std::vector<EventIpv6Line> ipv6_events_;
  std::map<Verdict, uint64_t> verdicts_;  // seen, for the coverage
  std::map<Reason, uint64_t> reasons_;
  std::map<EventKind, uint64_t> event_kinds_;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_HW_DATAPATH_DRIVER_H_
