// What passes the ports of the card's datapath, told to whoever watches it.
//
// Clocks count from the start of the simulation; ten units of a waveform's time are one clock.
#ifndef POINTSMAN_SIM_CARD_DATAPATH_OBSERVER_H_
#define POINTSMAN_SIM_CARD_DATAPATH_OBSERVER_H_

#include <array>
#include <cstdint>
#include <optional>

#include "hw/card_layout.h"
#include "sim/card/pins.h"

namespace pointsman {

// A packet's first beat enters.
struct PacketIn {
  uint64_t clock = 0;
  std::array<uint8_t, kBeatBytes> first_beat{};
  uint16_t length_bytes = 0;
  Port ingress = Port::kUplink;
  bool injected = false;
  uint32_t tag = 0;       // of an injected packet
  bool transmit = false;  // injected to leave as it is
  uint8_t attempt = 0;
  std::optional<uint32_t> directed_endpoint{};
  Mode mode = Mode::kBypass;
  uint32_t slot_hash_seed = 0;
};

// A packet's first beat leaves. Packets leave in the order in which they entered.
struct PacketOut {
  uint64_t clock = 0;
  Verdict verdict = Verdict::kPass;
  Reason reason = Reason::kNone;
  Port egress = Port::kUplink;    // for pass and forward
  uint16_t frontend_counter = 0;  // for forward
  uint32_t endpoint = 0;          // for forward
  bool learned = false;
};

// A row that a command writes or reads.
struct RowAccess {
  uint64_t clock = 0;
  bool write = false;
  TableId table = TableId::kFrontends;
  uint32_t index = 0;
  RowBits row{};  // for a write
};

class DatapathObserver {
 public:
  virtual ~DatapathObserver() = default;

  virtual void OnPacketIn(const PacketIn& packet) = 0;
  virtual void OnPacketOut(const PacketOut& packet) = 0;
  virtual void OnRowAccess(const RowAccess& access) = 0;
  // Something happened to a connection of IPv4, or to a row; to a connection of IPv6.
  virtual void OnEvent(const EventLine& event) = 0;
  virtual void OnEvent(const EventIpv6Line& event) = 0;
  // The lines of the punt ring that the host has yet to consume have become `lines`.
  virtual void OnPuntRing(uint64_t clock, uint32_t lines) = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_DATAPATH_OBSERVER_H_
