// A wire that has no link until it is switched on: frames either way are lost before.
#ifndef POINTSMAN_SIM_CARD_SWITCHED_WIRE_H_
#define POINTSMAN_SIM_CARD_SWITCHED_WIRE_H_

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "sim/card/wire.h"

namespace pointsman {

// Any thread may switch.
class SwitchedWire : public Wire {
 public:
  SwitchedWire(std::unique_ptr<Wire> wire, std::shared_ptr<const std::atomic<bool>> on)
      : wire_(std::move(wire)), on_(std::move(on)) {}

  absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) override {
    const size_t before = frames.size();
    absl::Status status = wire_->Receive(max_frames, frames);
    if (!*on_) frames.resize(before);
    return status;
  }
  absl::Status Send(absl::Span<const Frame> frames) override {
    return *on_ ? wire_->Send(frames) : absl::OkStatus();
  }
  int PollDescriptor() const override { return wire_->PollDescriptor(); }

 private:
  const std::unique_ptr<Wire> wire_;
  const std::shared_ptr<const std::atomic<bool>> on_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_SWITCHED_WIRE_H_
