// A wire to the host's network stack: a TAP interface that the card's port is plugged into.
//
// Needs CAP_NET_ADMIN unless the interface is there already and belongs to the user. Checksums are
// complete and frames fit the MTU: the TAP is opened without offloads.
#ifndef POINTSMAN_SIM_CARD_TAP_WIRE_H_
#define POINTSMAN_SIM_CARD_TAP_WIRE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sim/card/file_descriptor.h"
#include "sim/card/wire.h"

namespace pointsman {

class TapWire : public Wire {
 public:
  // Attaches to the TAP interface `interface_name`, makes it where it is missing, and sets it up.
  // Errors: PermissionDenied / InvalidArgument / Unavailable, naming the interface.
  static absl::StatusOr<std::unique_ptr<Wire>> Open(const std::string& interface_name);

  absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) override;
  absl::Status Send(absl::Span<const Frame> frames) override;
  int PollDescriptor() const override { return tap_.get(); }

 private:
  TapWire(std::string interface_name, FileDescriptor tap);

  std::string interface_name_;
  FileDescriptor tap_;
  std::vector<uint8_t> buffer_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_TAP_WIRE_H_
