// Frames to 64-byte beats and back, with the rules of a CMAC's user side (AMD PG203).
//
// Into the card there is no back-pressure: a frame's beats follow each other in every clock. Out of
// the card a frame has no gap in tvalid; a gap, a tkeep that is not contiguous, an empty last beat
// and an endless frame are raised as faults. Frames shorter than 60 bytes are padded both ways.
//
// A port is paced to the rate of its line: a frame takes its bytes, 4 of check sequence and 20 of
// preamble and gap. At rate 0 there is no pacing: one beat in every clock.
//
// Each clock: Sample() before the rising edge (transmit only), Drive() after it. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_STREAM_PORT_H_
#define POINTSMAN_SIM_CARD_STREAM_PORT_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/card/fault.h"
#include "sim/card/frame.h"
#include "sim/card/pins.h"

namespace pointsman {

inline constexpr uint32_t kClockMhz = 300;

// A token bucket that says when the line has carried what was put on it.
class LinePace {
 public:
  explicit LinePace(uint32_t line_rate_gbps) : tokens_per_cycle_(line_rate_gbps * 125) {}

  void Tick() {
    if (tokens_ < 0) tokens_ += tokens_per_cycle_;
  }
  bool ready() const { return tokens_ >= 0; }
  void Spend(size_t bytes) {
    if (tokens_per_cycle_ != 0) tokens_ -= static_cast<int64_t>(bytes) * kClockMhz;
  }

 private:
  // One byte is kClockMhz tokens, so that a cycle's share of the line rate is a whole number.
  int64_t tokens_per_cycle_;
  int64_t tokens_ = 0;
};

// Frames into the card.
class StreamRxPort {
 public:
  // `pins` are borrowed and outlive the port.
  StreamRxPort(const StreamRxPins& pins, uint32_t line_rate_gbps);

  // REQUIRES: 0 < frame.bytes.size() <= kMaxFrameBytes.
  void Push(Frame frame);
  void Drive();

  // Frames that are not completely in the card.
  size_t pending() const { return queue_.size(); }
  // A beat is being driven.
  bool active() const { return *pins_.tvalid != 0; }

 private:
  StreamRxPins pins_;
  LinePace pace_;
  std::deque<Frame> queue_;
  size_t sent_bytes_ = 0;  // of the frame at the front
};

// Frames out of the card.
class StreamTxPort {
 public:
  // `name` is the port's, as in "m_axis_node_tx". `pins` and `fault` are borrowed.
  StreamTxPort(std::string name, const StreamTxPins& pins, uint32_t line_rate_gbps, Fault& fault);

  void Sample(uint64_t cycle);
  void Drive();

  // Completed frames, in order; the caller takes them out.
  std::vector<Frame>& frames() { return frames_; }
  bool active() const { return *pins_.tvalid != 0; }

 private:
  void TakeBeat(uint64_t cycle);
  void Complain(const char* what);

  std::string name_;
  StreamTxPins pins_;
  LinePace pace_;
  Fault& fault_;
  std::vector<uint8_t> partial_;  // bytes of the frame that is being received
  std::vector<Frame> frames_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_STREAM_PORT_H_
