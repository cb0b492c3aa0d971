// A wire to one end of a veth pair (or another interface), by a packet socket (packet(7)).
//
// The kernel hands over what a network card would finish itself. The wire finishes it: checksums
// that were left to the card are completed, and a VLAN tag that travels beside the frame is put
// back. What no port can carry (a segment larger than the MTU, left to the card to cut) is dropped
// and counted, and said once on stderr: turn tso, gso and gro off at the *other* end of the pair
// (`ethtool -K IFNAME tso off gso off gro off`).
//
// Needs CAP_NET_RAW, and CAP_NET_ADMIN where the interface is down. The socket stays in the network
// namespace of the thread that opened it.
#ifndef POINTSMAN_SIM_CARD_PACKET_SOCKET_WIRE_H_
#define POINTSMAN_SIM_CARD_PACKET_SOCKET_WIRE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sim/card/file_descriptor.h"
#include "sim/card/wire.h"

struct msghdr;

namespace pointsman {

class PacketSocketWire : public Wire {
 public:
  // Errors: NotFound, PermissionDenied, InvalidArgument, naming the interface.
  static absl::StatusOr<std::unique_ptr<PacketSocketWire>> Open(const std::string& interface_name);

  absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) override;
  absl::Status Send(absl::Span<const Frame> frames) override;
  int PollDescriptor() const override { return socket_.get(); }

  // Frames too long for a port, and frames from the card that the interface did not take.
  uint64_t oversized() const { return oversized_; }
  uint64_t not_taken() const { return not_taken_; }

 private:
  PacketSocketWire(std::string interface_name, FileDescriptor socket);

  // One received message in buffer_ becomes a frame, or is counted as oversized.
  void TakeMessage(const msghdr& message, size_t message_bytes, std::vector<Frame>& frames);

  std::string interface_name_;
  FileDescriptor socket_;
  std::vector<uint8_t> buffer_;
  uint64_t oversized_ = 0;
  uint64_t not_taken_ = 0;
};

// The ones'-complement sum (RFC 1071) of bytes[start..] goes to bytes[start + offset], where the
// sender left the pseudo header's sum. Errors: OutOfRange if the field is outside the bytes.
absl::Status CompleteChecksum(size_t start, size_t offset, std::vector<uint8_t>& bytes);

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PACKET_SOCKET_WIRE_H_
