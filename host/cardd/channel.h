// The memory between an agent and its `pointsman cardd`: a ring of messages each way, a heartbeat,
// and who the agent is. The agent makes it, a child inherits its descriptor. What the other side
// writes is never trusted (message_ring.h). One thread a side.
#ifndef POINTSMAN_HOST_CARDD_CHANNEL_H_
#define POINTSMAN_HOST_CARDD_CHANNEL_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/cardd/message_ring.h"

namespace pointsman::cardd {

class Channel {
 public:
  // For the agent. ResourceExhausted: there is no memory.
  static absl::StatusOr<std::unique_ptr<Channel>> Create();

  // For the child, of an inherited descriptor, which it takes over. InvalidArgument: it is no
  // channel, or that of another version of this program.
  static absl::StatusOr<std::unique_ptr<Channel>> Open(int descriptor);

  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  int descriptor() const { return descriptor_; }

  // To and from the other side; errors: those of RingWriter and RingReader.
  absl::StatusOr<bool> Send(std::span<const uint8_t> message) { return writer_->Write(message); }
  absl::StatusOr<bool> Receive(std::vector<uint8_t>& message) { return reader_->Read(message); }

  // The child's: it is alive.
  void Beat();
  uint64_t beats() const;

  // The agent asks the child to end.
  void RequestStop();
  bool stop_requested() const;

  // Who made it.
  pid_t parent() const;

 private:
  struct Memory;
  enum class Side : uint8_t { kAgent, kChild };

  Channel(int descriptor, Memory* memory, Side side);

  const int descriptor_;
  Memory* const memory_;
  std::optional<RingWriter> writer_;
  std::optional<RingReader> reader_;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_CHANNEL_H_
