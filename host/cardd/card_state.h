// How a card is doing that may fail and come back. The names are a public interface (status
// document, metrics).
#ifndef POINTSMAN_HOST_CARDD_CARD_STATE_H_
#define POINTSMAN_HOST_CARDD_CARD_STATE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace pointsman {

enum class CardState : uint8_t {
  kReady,      // it carries the node's packets
  kResetting,  // it is brought up and loaded again
  kGone,       // it has failed, and the next attempt is to come
};
inline constexpr std::array<CardState, 3> kCardStates = {CardState::kReady, CardState::kResetting,
                                                         CardState::kGone};

constexpr const char* Name(CardState state) {
  switch (state) {
    case CardState::kReady:
      return "READY";
    case CardState::kResetting:
      return "RESETTING";
    case CardState::kGone:
      break;
  }
  return "GONE";
}

// Who carries the node's packets. The names are public, too.
enum class Carrier : uint8_t {
  kCard,
  kSoftware,  // what the card hands over, which is a port only (mode punt)
  kPorts,     // the agent's own
  kNobody,
};
inline constexpr std::array<Carrier, 4> kCarriers = {Carrier::kCard, Carrier::kSoftware,
                                                     Carrier::kPorts, Carrier::kNobody};

constexpr const char* Name(Carrier carrier) {
  switch (carrier) {
    case Carrier::kCard:
      return "card";
    case Carrier::kSoftware:
      return "software";
    case Carrier::kPorts:
      return "ports";
    case Carrier::kNobody:
      break;
  }
  return "nobody";
}

struct CardStatus {
  CardState state = CardState::kReady;
  bool has_ports = false;          // that carry the packets while the card does not
  bool punts = false;              // it is in mode punt, and software carries the packets
  uint64_t failures = 0;           // of the card, since the agent's start
  uint64_t returns = 0;            // how often it came back
  uint64_t connections_moved = 0;  // to the card, when it came back
  uint64_t connections_left = 0;   // those that found no room there and went on in software
  std::string last_failure;
  std::chrono::steady_clock::time_point failed_at{};  // when that was noticed

  Carrier carrier() const {
    if (state == CardState::kReady) return Carrier::kCard;
    if (punts) return Carrier::kSoftware;
    return has_ports ? Carrier::kPorts : Carrier::kNobody;
  }
  // Whether Services are forwarded at all.
  bool forwards() const { return carrier() != Carrier::kNobody; }
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CARDD_CARD_STATE_H_
