#include "tests/driver/fake_card.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "driver/card_tables.h"
#include "driver/line_ring.h"

namespace pointsman {
namespace {

using enum RegisterOffset;

constexpr uint8_t kNeverWritten = 0xa5;
constexpr uint64_t kFirstAddress = 0x4000000000;

RowBits NeverWrittenRow() {
  RowBits row;
  row.fill(0xa5a5a5a5a5a5a5a5);
  row.back() &= 0xffffffff;
  return row;
}

}  // namespace

// Both sides of one buffer.
class FakeBuffer : public Buffer {
 public:
  FakeBuffer(FakeCard& card, uint64_t address) : card_(card), address_(address) {}
  ~FakeBuffer() override { card_.memories_.erase(address_); }

  std::span<uint8_t> memory() override { return card_.memories_.at(address_)->host; }
  uint64_t device_address() const override { return address_; }
  absl::Status SyncToCard(size_t offset, size_t size) override {
    FakeCard::Memory& memory = *card_.memories_.at(address_);
    return Copy(memory.host, memory.card, offset, size);
  }
  absl::Status SyncFromCard(size_t offset, size_t size) override {
    FakeCard::Memory& memory = *card_.memories_.at(address_);
    return Copy(memory.card, memory.host, offset, size);
  }

 private:
  static absl::Status Copy(const std::vector<uint8_t>& from, std::vector<uint8_t>& to,
                           size_t offset, size_t size) {
    if (offset > from.size() || size > from.size() - offset) return absl::OutOfRangeError("sync");
    std::copy_n(from.begin() + offset, size, to.begin() + offset);
    return absl::OkStatus();
  }

  FakeCard& card_;
  uint64_t address_;
};

class FakeTransport : public Transport {
 public:
  explicit FakeTransport(FakeCard& card) : card_(card) {}

  absl::StatusOr<uint32_t> ReadRegister(uint32_t offset) override {
    return card_.ReadRegister(RegisterOffset(offset));
  }
  absl::Status WriteRegister(uint32_t offset, uint32_t value) override {
    card_.WriteRegister(RegisterOffset(offset), value);
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<Buffer>> AllocateBuffer(size_t size) override {
    const uint64_t address =
        card_.memories_.empty() ? kFirstAddress : card_.memories_.rbegin()->first + (1u << 30);
    const std::vector<uint8_t> content(size, kNeverWritten);
    card_.memories_[address] =
        std::make_unique<FakeCard::Memory>(FakeCard::Memory{content, content});
    return std::make_unique<FakeBuffer>(card_, address);
  }

 private:
  FakeCard& card_;
};

FakeCard::FakeCard(std::vector<uint8_t> blob, const CardSizes& sizes) : blob_(std::move(blob)) {
  for (const CardTable& table : CardTables()) {
    tables_[table.id].assign(sizes.*table.rows, NeverWrittenRow());
  }
  registers_[kMagic] = kMagicValue;
  registers_[RegisterOffset::kLayoutHash] = pointsman::kLayoutHash;
  registers_[kDescriptionBytes] = static_cast<uint32_t>(blob_.size());
}

std::unique_ptr<Transport> FakeCard::Connect() { return std::make_unique<FakeTransport>(*this); }

uint32_t FakeCard::Register(RegisterOffset at) const {
  const auto found = registers_.find(at);
  return found == registers_.end() ? 0 : found->second;
}

uint32_t FakeCard::ReadRegister(RegisterOffset at) {
  ++reads_;
  if (faults.all_ones) return 0xffffffff;
  if (const auto stuck = faults.stuck_registers.find(at); stuck != faults.stuck_registers.end()) {
    return stuck->second;
  }
  if (at == kHeartbeat) {
    if (!faults.heartbeat_stuck) ++beats_;
    return 0xa5000000 | (beats_ & 0xffffff);
  }
  if (at >= kRom) {
    const size_t offset = uint32_t(at) - uint32_t(kRom);
    uint32_t word = 0;
    if (offset < blob_.size()) {
      std::memcpy(&word, blob_.data() + offset, std::min<size_t>(4, blob_.size() - offset));
    }
    return word;
  }
  return Register(at);
}

void FakeCard::WriteRegister(RegisterOffset at, uint32_t value) {
  writes_.emplace_back(at, value);
  registers_[at] = value;
  if (at == kRingEnable && value == 0) StopRings();
  if (Register(kRingEnable) == 0) return;
  if (at == kCommandTail) RunCommands();
  if (at == kInjectTail || at == kPuntHead) RunInject();
}

void FakeCard::StopRings() {
  for (RegisterOffset doorbell : {kCommandTail, kInjectTail, kPuntHead, kEventHead}) {
    registers_[doorbell] = 0;
  }
  punt_sequence_ = 0;
  status_ = {};
}

void FakeCard::RunCommands() {
  while (status_.command_head != Register(kCommandTail)) {
    if (faults.commands_until_hang.has_value()) {
      if (*faults.commands_until_hang == 0) break;
      --*faults.commands_until_hang;
    }
    const auto command =
        Load<CommandLine>(kCommandAddressLow, kCommandLinesLog2, status_.command_head);
    ResponseLine response = Execute(command);
    if (faults.damage_response) faults.damage_response(response);
    Store(kResponseAddressLow, kCommandLinesLog2, status_.command_head, response);
    ++status_.command_head;
  }
  WriteStatus();
}

ResponseLine FakeCard::Execute(const CommandLine& command) {
  ResponseLine response{.op = command.op,
                        .table = command.table,
                        .status = CommandStatus::kOk,
                        .index = command.index,
                        .count = command.count,
                        .row = {}};
  const auto table = tables_.find(TableId{command.table});
  const uint64_t count = std::max(command.count, 1u);
  if (table == tables_.end()) {
    response.status = CommandStatus::kBadTable;
  } else if (command.index + count > table->second.size()) {
    response.status = CommandStatus::kBadIndex;
  } else if (command.op == CommandOp::kWrite) {
    std::fill_n(table->second.begin() + command.index, count, command.row);
  } else if (command.op == CommandOp::kRead) {
    response.row = table->second[command.index];
    if (faults.decaying_row == std::pair(table->first, command.index)) response.row[0] ^= 1;
  } else {
    response.status = CommandStatus::kBadOp;
  }
  return response;
}

void FakeCard::RunInject() {
  while (!faults.inject_hangs && status_.inject_head != Register(kInjectTail)) {
    const auto line = Load<InjectLine>(kInjectAddressLow, kInjectLinesLog2, status_.inject_head);
    std::vector<uint8_t> frame(LinesFor(line.length) * kLineBytes);
    for (uint32_t i = 0; i < LinesFor(line.length); ++i) {
      std::memcpy(frame.data() + i * kLineBytes,
                  LineAt(kInjectAddressLow, kInjectLinesLog2, status_.inject_head + 1 + i),
                  kLineBytes);
    }
    frame.resize(line.length);
    if (!Process(line, frame)) break;  // waits for room in the punt ring
    status_.inject_head += 1 + LinesFor(line.length);
  }
  WriteStatus();
}

bool FakeCard::Process(const InjectLine& line, std::span<const uint8_t> frame) {
  if (line.action == InjectAction::kTransmit) {
    transmitted.emplace_back(line, std::vector<uint8_t>(frame.begin(), frame.end()));
    return true;
  }
  return Punt({.verdict = Verdict::kPunt,
               .reason = Reason::kModePunt,
               .ingress = line.ingress,
               .attempt = line.attempt,
               .injected = 1,
               .tag = line.tag},
              frame);
}

bool FakeCard::Punt(PuntLine line, std::span<const uint8_t> frame) {
  const uint32_t lines = 1 + LinesFor(static_cast<uint32_t>(frame.size()));
  const uint32_t used = status_.punt_tail - Register(kPuntHead);
  const auto punted = static_cast<uint32_t>(Statistic::kPunted) * 4;
  ++registers_[RegisterOffset(uint32_t(RegisterOffset::kStatistics) + punted)];
  if (faults.punts_hang) return true;
  if (lines > (1u << Register(kPuntLinesLog2)) - used) return false;
  line.length = static_cast<uint16_t>(frame.size());
  line.sequence = punt_sequence_++;
  if (faults.damage_punt) faults.damage_punt(line);
  Store(kPuntAddressLow, kPuntLinesLog2, status_.punt_tail, line);
  for (uint32_t i = 0; i + 1 < lines; ++i) {
    const auto piece = frame.subspan(i * kLineBytes);
    std::memcpy(LineAt(kPuntAddressLow, kPuntLinesLog2, status_.punt_tail + 1 + i), piece.data(),
                std::min<size_t>(piece.size(), kLineBytes));
  }
  status_.punt_tail += lines;
  WriteStatus();
  return true;
}

bool FakeCard::Tell(EventLine event) {
  if (faults.damage_event) faults.damage_event(event);
  return StoreEvent(event);
}

bool FakeCard::Tell(const EventIpv6Line& event) { return StoreEvent(event); }

template <class Line>
bool FakeCard::StoreEvent(const Line& event) {
  const bool room = status_.event_tail - Register(kEventHead) < (1u << Register(kEventLinesLog2));
  if (room) {
    Store(kEventAddressLow, kEventLinesLog2, status_.event_tail++, event);
  } else {
    ++status_.events_lost;
  }
  WriteStatus();
  return room;
}

void FakeCard::WriteStatus() {
  StatusLine line = status_;
  line.heartbeat = ReadRegister(kHeartbeat);
  if (faults.damage_status) faults.damage_status(line);
  const LineBits bits = PackLine(line);
  std::memcpy(At(Address(kStatusAddressLow), kLineBytes), bits.data(), kLineBytes);
}

uint64_t FakeCard::Address(RegisterOffset low) const {
  return uint64_t{Register(RegisterOffset(uint32_t(low) + 4))} << 32 | Register(low);
}

uint8_t* FakeCard::At(uint64_t address, size_t size) {
  const auto after = memories_.upper_bound(address);
  Memory& memory = *std::prev(after)->second;
  return std::span(memory.card).subspan(address - std::prev(after)->first, size).data();
}

uint8_t* FakeCard::LineAt(RegisterOffset address_low, RegisterOffset lines_log2, uint32_t index) {
  const uint32_t place = index & ((1u << Register(lines_log2)) - 1);
  return At(Address(address_low) + uint64_t{place} * kLineBytes, kLineBytes);
}

template <class Line>
Line FakeCard::Load(RegisterOffset address_low, RegisterOffset lines_log2, uint32_t index) {
  LineBits bits;
  std::memcpy(bits.data(), LineAt(address_low, lines_log2, index), kLineBytes);
  return UnpackLine<Line>(bits);
}

template <class Line>
void FakeCard::Store(RegisterOffset address_low, RegisterOffset lines_log2, uint32_t index,
                     const Line& line) {
  const LineBits bits = PackLine(line);
  std::memcpy(LineAt(address_low, lines_log2, index), bits.data(), kLineBytes);
}

}  // namespace pointsman
