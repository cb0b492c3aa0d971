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

struct CardStatus {
  CardState state = CardState::kReady;
  bool has_ports = false;          // that carry the packets while the card does not
  uint64_t failures = 0;           // of the card, since the agent's start
  uint64_t returns = 0;            // how often it came back
  uint64_t connections_moved = 0;  // to the card, when it came back
  uint64_t connections_left = 0;   // those that found no room there
  std::string last_failure;
  std::chrono::steady_clock::time_point failed_at{};  // when that was noticed
  // Whether Services are forwarded at all.
  bool forwards() const { return state == CardState::kReady || has_ports; }
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CARDD_CARD_STATE_H_
