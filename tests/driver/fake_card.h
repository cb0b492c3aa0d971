// A card in software behind Transport: registers, rings and tables of plain rows. It acts at once
// when a doorbell rings, and can be made to misbehave. Frames given for processing come back in the
// punt ring with reason mode-punt; nothing else happens to packets.
//
// Buffers have two sides that only Sync makes equal, and both begin as 0xa5 bytes, as do tables, so
// that a driver that forgets a sync or counts on zeros fails here.
#ifndef POINTSMAN_TESTS_DRIVER_FAKE_CARD_H_
#define POINTSMAN_TESTS_DRIVER_FAKE_CARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

// What the fake does wrong; by default nothing. May be changed at any time.
struct FakeFaults {
  bool all_ones = false;         // every register reads so
  bool heartbeat_stuck = false;  // the register stands still
  std::map<RegisterOffset, uint32_t> stuck_registers;
  std::optional<uint64_t> commands_until_hang;               // then no more answers
  std::optional<std::pair<TableId, uint32_t>> decaying_row;  // reads with bit 0 flipped
  bool inject_hangs = false;                                 // fetches no frame
  bool punts_hang = false;                                   // counts them, writes no record
  std::function<void(ResponseLine&)> damage_response;        // before the line is written
  std::function<void(PuntLine&)> damage_punt;
  std::function<void(EventLine&)> damage_event;  // of IPv4
  std::function<void(StatusLine&)> damage_status;
};

class FakeCard {
 public:
  // `blob` is the description in its ROM, `sizes` the rows that it has.
  explicit FakeCard(std::vector<uint8_t> blob, const CardSizes& sizes = kSimSizes);

  // A transport to this card, which outlives it. One at a time.
  std::unique_ptr<Transport> Connect();

  FakeFaults faults;

  // Register values as the card has them, and what the host did.
  uint32_t Register(RegisterOffset at) const;
  const std::vector<std::pair<RegisterOffset, uint32_t>>& writes() const { return writes_; }
  uint64_t reads() const { return reads_; }

  // The row as the card holds it.
  RowBits Row(TableId table, uint32_t index) const { return tables_.at(table).at(index); }

  // A frame or an event from the card. False: the ring had no room.
  bool Punt(PuntLine line, std::span<const uint8_t> frame);
  bool Tell(EventLine event);
  bool Tell(const EventIpv6Line& event);
  // Writes the status line as it stands.
  void WriteStatus();

  // What the host injected for transmission.
  std::vector<std::pair<InjectLine, std::vector<uint8_t>>> transmitted;

 private:
  friend class FakeTransport;
  friend class FakeBuffer;

  struct Memory {
    std::vector<uint8_t> host;
    std::vector<uint8_t> card;
  };

  template <class Line>
  bool StoreEvent(const Line& event);
  uint32_t ReadRegister(RegisterOffset at);
  void WriteRegister(RegisterOffset at, uint32_t value);
  void StopRings();
  void RunCommands();
  ResponseLine Execute(const CommandLine& command);
  void RunInject();
  bool Process(const InjectLine& line, std::span<const uint8_t> frame);

  uint64_t Address(RegisterOffset low) const;
  // The card's side of `size` bytes at an address.
  uint8_t* At(uint64_t address, size_t size);
  // Line `index` of the ring whose address and size registers these are.
  uint8_t* LineAt(RegisterOffset address_low, RegisterOffset lines_log2, uint32_t index);
  template <class Line>
  Line Load(RegisterOffset address_low, RegisterOffset lines_log2, uint32_t index);
  template <class Line>
  void Store(RegisterOffset address_low, RegisterOffset lines_log2, uint32_t index,
             const Line& line);

  std::vector<uint8_t> blob_;
  std::map<RegisterOffset, uint32_t> registers_;
  std::map<TableId, std::vector<RowBits>> tables_;
  std::map<uint64_t, std::unique_ptr<Memory>> memories_;  // by device address
  std::vector<std::pair<RegisterOffset, uint32_t>> writes_;
  uint64_t reads_ = 0;
  uint32_t beats_ = 0;
  uint32_t punt_sequence_ = 0;
  StatusLine status_;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_DRIVER_FAKE_CARD_H_
