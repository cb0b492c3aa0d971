// A wire between capture files: frames of one go to the card back to back, frames from the card go
// to the other with simulated time. Nothing is lost, and every Send is on disk when it returns.
#ifndef POINTSMAN_SIM_CARD_PCAP_WIRE_H_
#define POINTSMAN_SIM_CARD_PCAP_WIRE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sim/card/wire.h"

struct pcap;
struct pcap_dumper;

namespace pointsman {

class PcapWire : public Wire {
 public:
  // `input` is pcap or pcapng with Ethernet link type; `output` is replaced, nanosecond resolution.
  // Errors: NotFound / InvalidArgument naming the file that cannot be read, is no capture file or
  // has another link type; PermissionDenied naming the output.
  static absl::StatusOr<std::unique_ptr<Wire>> Open(const std::string& input,
                                                    const std::string& output);

  // Errors: DataLoss for a truncated file, InvalidArgument for a frame that no port can carry; both
  // name the file and the frame's number, counted from 1.
  absl::Status Receive(size_t max_frames, std::vector<Frame>& frames) override;
  absl::Status Send(absl::Span<const Frame> frames) override;

 private:
  struct Closer {
    void operator()(pcap* handle) const;
    void operator()(pcap_dumper* handle) const;
  };

  PcapWire() = default;

  std::string input_name_;
  std::string output_name_;
  std::unique_ptr<pcap, Closer> input_;  // null at the end of the file
  std::unique_ptr<pcap, Closer> format_;
  std::unique_ptr<pcap_dumper, Closer> output_;
  size_t frame_number_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PCAP_WIRE_H_
