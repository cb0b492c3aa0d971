// A wire to a program that holds frames in its hands (a differential test, a replay): a connection
// to a SOCK_SEQPACKET socket in the file system, one message a frame. Needs no privilege.
//
// The program listens before the card is opened and accepts one connection a port. Frames from the
// card are not lost: they wait in the wire until the program takes them.
#ifndef POINTSMAN_SIM_CARD_UNIX_SOCKET_WIRE_H_
#define POINTSMAN_SIM_CARD_UNIX_SOCKET_WIRE_H_

#include <deque>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sim/card/file_descriptor.h"
#include "sim/card/wire.h"

namespace pointsman {

class UnixSocketWire : public Wire {
 public:
  // Errors: InvalidArgument for a path that is too long; NotFound or Unavailable where nobody
  // listens. All name the path.
  static absl::StatusOr<std::unique_ptr<Wire>> Open(const std::string& path);

  // Errors: InvalidArgument for a message that is no frame (empty, or over kMaxFrameBytes).
  // When the program closes its end, the cable is pulled: no frames, no error.
  absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) override;
  // Errors: ResourceExhausted when 64 Ki frames wait.
  absl::Status Send(absl::Span<const Frame> frames) override;
  int PollDescriptor() const override { return socket_.get(); }

 private:
  UnixSocketWire(std::string path, FileDescriptor socket);

  void SendWaiting();

  std::string path_;
  FileDescriptor socket_;  // invalid when the program has closed its end
  std::deque<Frame> waiting_;
  std::vector<uint8_t> buffer_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_UNIX_SOCKET_WIRE_H_
