// Software that carries the packets of a card which is only a port any more (mode punt): what the
// card hands over goes in, what is to leave comes out, and between them is the same pipeline, with
// the tables and connections that it is given. To its user it is a card.
//
// Not thread-safe. No clock and no I/O: frames go to and from the card by its user.
#ifndef POINTSMAN_HOST_CARDD_PUNT_FORWARDER_H_
#define POINTSMAN_HOST_CARDD_PUNT_FORWARDER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"
#include "flow_tables/image.h"
#include "host/ports/standby_card.h"
#include "host/softpath/shard_pipeline.h"

namespace pointsman::cardd {

// A frame that the card is to transmit.
struct LeavingFrame {
  Port egress = Port::kUplink;
  std::vector<uint8_t> buffer;
  size_t offset = 0;  // where in the buffer it begins
  std::span<const uint8_t> frame() const { return std::span(buffer).subspan(offset); }
};

class PuntForwarder : public Card {
 public:
  // Begins with these tables and no connections. REQUIRES: both are of the description's sizes.
  PuntForwarder(const CardDescription& description, const Image& image,
                std::vector<RowBits> affinity, uint64_t placement_seed);

  // What the card punted. Frames that it did not punt for its mode alone are the user's (Poll).
  void Take(std::vector<PuntedFrame> punts);

  // Frames that are to leave since the last call, in order.
  std::deque<LeavingFrame> TakeLeaving() { return std::exchange(leaving_, {}); }

  // Makes connections known or forgotten, in order, without an event.
  void Follow(std::span<const ConnectionChange> changes);

  // Errors: InvalidArgument and OutOfRange, as of Card; no others.
  const CardDescription& description() const override { return description_; }
  absl::Status Write(std::span<const RowWrite> rows) override;
  absl::StatusOr<std::vector<RowBits>> Read(TableId table, uint32_t index, uint32_t count) override;
  absl::Status Configure(const CardSettings& settings) override;
  absl::Status Inject(std::span<const InjectedFrame> frames) override;
  absl::StatusOr<CardOutput> Poll() override;
  absl::StatusOr<CardHealth> Health() override;

 private:
  // A frame on its way through the pipeline; its buffer has room for headers of a tunnel.
  struct Passing {
    std::vector<uint8_t> buffer;
    InjectLine line;
    bool injected = false;
  };

  static Passing MakePassing(const InjectLine& line, std::span<const uint8_t> frame, bool injected);
  void Handle(std::span<Passing> frames);
  void Offload(std::span<Passing> frames);
  void Settle(Passing& passing, const Packet& packet, const Outcome& outcome);
  void Punt(const Passing& passing, Reason reason);
  void Drop(Reason reason);
  void Send(Passing& passing, Port egress, size_t offset);

  const CardDescription description_;
  const std::shared_ptr<Image> image_;  // the pipeline reads it
  bool image_changed_ = false;
  std::vector<RowBits> affinity_;
  Mode mode_ = Mode::kOffload;
  PacketCounts counts_;
  ShardPipeline pipeline_;
  std::vector<PuntedFrame> punts_;
  std::deque<LeavingFrame> leaving_;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_PUNT_FORWARDER_H_
