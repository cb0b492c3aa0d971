// The host's side of a card's rings, on the bench: it writes lines and rings doorbells, and takes
// what the card wrote, believing the status line only.
#ifndef POINTSMAN_TESTS_HW_RING_BENCH_H_
#define POINTSMAN_TESTS_HW_RING_BENCH_H_

#include <cstdint>
#include <vector>

#include "tests/hw/card_bench.h"

namespace pointsman {

struct RingSizes {
  uint32_t command_lines_log2 = 6;
  uint32_t inject_lines_log2 = 10;
  uint32_t punt_lines_log2 = 10;
  uint32_t event_lines_log2 = 6;
};

struct Punted {
  PuntLine line;
  Bytes frame;
};

class RingBench {
 public:
  // `bench` is borrowed. Nothing runs before Start().
  explicit RingBench(CardBench& bench, RingSizes sizes = {});

  void Start();
  // Stops the rings and waits until the card says that they stand still.
  void Stop();

  StatusLine Status();

  // Writes lines into the command ring without the doorbell.
  void PutCommand(const CommandLine& command);
  void RingCommands() { bench_.Write(RegisterOffset::kCommandTail, command_tail_); }
  uint32_t command_tail() const { return command_tail_; }
  ResponseLine Response(uint32_t index);
  // One command and its answer.
  ResponseLine Do(const CommandLine& command);

  void PutInjected(InjectLine line, const Bytes& frame);
  void RingInjected() { bench_.Write(RegisterOffset::kInjectTail, inject_tail_); }
  uint32_t inject_tail() const { return inject_tail_; }

  // Takes what the status line says is there; with the doorbell if something was.
  std::vector<Punted> TakePunted();
  std::vector<LineBits> TakeEvents();

  static constexpr uint64_t kStatus = 0x4'0000'0000;
  static constexpr uint64_t kCommand = 0x4'0010'0000;
  static constexpr uint64_t kResponse = 0x4'0020'0000;
  static constexpr uint64_t kInject =
      0x4'0030'0040;  // no multiple of 4 KiB: bursts end at its borders
  static constexpr uint64_t kPunt = 0x4'0040'0fc0;
  static constexpr uint64_t kEvent = 0x4'0050'0000;

 private:
  uint64_t Place(uint64_t base, uint32_t lines_log2, uint32_t index) const {
    return base + 64 * uint64_t{index & ((1u << lines_log2) - 1)};
  }
  void PutLine(uint64_t address, const LineBits& line);
  LineBits GetLine(uint64_t address);
  void WriteAddress(RegisterOffset low, uint64_t address);

  CardBench& bench_;
  const RingSizes sizes_;
  uint32_t command_tail_ = 0;
  uint32_t inject_tail_ = 0;
  uint32_t punt_head_ = 0;
  uint32_t event_head_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_HW_RING_BENCH_H_
