#include "tests/hw/ring_bench.h"

#include <algorithm>
#include <cstring>

#include "gtest/gtest.h"

namespace pointsman {

RingBench::RingBench(CardBench& bench, RingSizes sizes) : bench_(bench), sizes_(sizes) {
  WriteAddress(RegisterOffset::kStatusAddressLow, kStatus);
  WriteAddress(RegisterOffset::kCommandAddressLow, kCommand);
  WriteAddress(RegisterOffset::kResponseAddressLow, kResponse);
  WriteAddress(RegisterOffset::kInjectAddressLow, kInject);
  WriteAddress(RegisterOffset::kPuntAddressLow, kPunt);
  WriteAddress(RegisterOffset::kEventAddressLow, kEvent);
  bench.Write(RegisterOffset::kCommandLinesLog2, sizes.command_lines_log2);
  bench.Write(RegisterOffset::kInjectLinesLog2, sizes.inject_lines_log2);
  bench.Write(RegisterOffset::kPuntLinesLog2, sizes.punt_lines_log2);
  bench.Write(RegisterOffset::kEventLinesLog2, sizes.event_lines_log2);
}

void RingBench::WriteAddress(RegisterOffset low, uint64_t address) {
  bench_.Write(static_cast<uint32_t>(low), static_cast<uint32_t>(address));
  bench_.Write(static_cast<uint32_t>(low) + 4, static_cast<uint32_t>(address >> 32));
}

void RingBench::Start() {
  PutLine(kStatus, {});
  bench_.Write(RegisterOffset::kRingEnable, 1);
  command_tail_ = inject_tail_ = punt_head_ = event_head_ = 0;
}

void RingBench::Stop() {
  bench_.Write(RegisterOffset::kRingEnable, 0);
  ASSERT_TRUE(bench_.StepUntil([this] { return bench_.Read(RegisterOffset::kRingEnable) == 0; }));
}

void RingBench::PutLine(uint64_t address, const LineBits& line) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(line.data());
  ASSERT_TRUE(bench_.memory().Write(address, absl::MakeSpan(bytes, kBeatBytes)).ok());
}

LineBits RingBench::GetLine(uint64_t address) {
  LineBits line{};
  auto* bytes = reinterpret_cast<uint8_t*>(line.data());
  EXPECT_TRUE(bench_.memory().Read(address, absl::MakeSpan(bytes, kBeatBytes)).ok());
  return line;
}

StatusLine RingBench::Status() { return UnpackLine<StatusLine>(GetLine(kStatus)); }

void RingBench::PutCommand(const CommandLine& command) {
  PutLine(Place(kCommand, sizes_.command_lines_log2, command_tail_++), PackLine(command));
}

ResponseLine RingBench::Response(uint32_t index) {
  return UnpackLine<ResponseLine>(GetLine(Place(kResponse, sizes_.command_lines_log2, index)));
}

ResponseLine RingBench::Do(const CommandLine& command) {
  constexpr uint64_t kCommandDeadline = 200000;  // a write of all rows of a table
  PutCommand(command);
  RingCommands();
  EXPECT_TRUE(bench_.StepUntil([this] { return Status().command_head == command_tail_; },
                               kCommandDeadline));
  return Response(command_tail_ - 1);
}

void RingBench::PutInjected(InjectLine line, const Bytes& frame) {
  line.length = static_cast<uint16_t>(frame.size());
  PutLine(Place(kInject, sizes_.inject_lines_log2, inject_tail_++), PackLine(line));
  for (size_t at = 0; at < frame.size(); at += kBeatBytes) {
    LineBits bits{};
    std::memcpy(bits.data(), frame.data() + at, std::min(kBeatBytes, frame.size() - at));
    PutLine(Place(kInject, sizes_.inject_lines_log2, inject_tail_++), bits);
  }
}

std::vector<Punted> RingBench::TakePunted() {
  std::vector<Punted> taken;
  const uint32_t tail = Status().punt_tail;
  while (punt_head_ != tail) {
    Punted punted;
    punted.line = UnpackLine<PuntLine>(GetLine(Place(kPunt, sizes_.punt_lines_log2, punt_head_++)));
    for (size_t left = punted.line.length; left > 0;) {
      const LineBits bits = GetLine(Place(kPunt, sizes_.punt_lines_log2, punt_head_++));
      const size_t count = std::min(kBeatBytes, left);
      const auto* bytes = reinterpret_cast<const uint8_t*>(bits.data());
      punted.frame.insert(punted.frame.end(), bytes, bytes + count);
      left -= count;
    }
    taken.push_back(std::move(punted));
  }
  if (!taken.empty()) bench_.Write(RegisterOffset::kPuntHead, punt_head_);
  return taken;
}

std::vector<LineBits> RingBench::TakeEvents() {
  std::vector<LineBits> taken;
  const uint32_t tail = Status().event_tail;
  while (event_head_ != tail) {
    taken.push_back(GetLine(Place(kEvent, sizes_.event_lines_log2, event_head_++)));
  }
  if (!taken.empty()) bench_.Write(RegisterOffset::kEventHead, event_head_);
  return taken;
}

}  // namespace pointsman
