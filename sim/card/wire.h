// What is at the far end of a port's cable.
//
// Not thread-safe: used by whoever owns the card's clock, except PollDescriptor(), whose descriptor
// may be polled by anyone while the wire lives.
#ifndef POINTSMAN_SIM_CARD_WIRE_H_
#define POINTSMAN_SIM_CARD_WIRE_H_

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "sim/card/frame.h"

namespace pointsman {

class Wire {
 public:
  virtual ~Wire() = default;

  // Appends frames for the card that are there now, at most `max_frames`; never waits.
  // Errors: the far end is broken (DataLoss, Unavailable); the card has failed then.
  virtual absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) = 0;

  // Puts frames from the card on the wire; never waits.
  // Errors: as Receive. Frames that the far end has no room for are lost, as on any wire, but where
  // the kind of wire says otherwise.
  virtual absl::Status Send(absl::Span<const Frame> frames) = 0;

  // Readable when Receive would give frames; -1 where nothing comes by itself.
  virtual int PollDescriptor() const { return -1; }
};

// A wire in memory, for programs that hold the card themselves: put frames in, take frames out.
class QueueWire : public Wire {
 public:
  absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) override {
    for (; max_frames > 0 && !to_card.empty(); --max_frames) {
      frames.push_back(std::move(to_card.front()));
      to_card.pop_front();
    }
    return absl::OkStatus();
  }
  absl::Status Send(absl::Span<const Frame> frames) override {
    from_card.insert(from_card.end(), frames.begin(), frames.end());
    return absl::OkStatus();
  }

  std::deque<Frame> to_card;
  std::vector<Frame> from_card;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_WIRE_H_
