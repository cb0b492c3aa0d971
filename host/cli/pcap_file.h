// Capture files of Ethernet frames, read and written by libpcap.
#ifndef POINTSMAN_HOST_CLI_PCAP_FILE_H_
#define POINTSMAN_HOST_CLI_PCAP_FILE_H_

#include <sys/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman {

struct CapturedFrame {
  timeval time{};
  std::vector<uint8_t> frame;
};

// Every frame of a pcap or pcapng file. InvalidArgument, naming the file and the frame: it cannot
// be read, is no capture, is of another link type than Ethernet, ends inside a frame, or holds a
// frame cut short by the capture.
absl::StatusOr<std::vector<CapturedFrame>> ReadCapture(const std::string& file);

// Replaces `file`. InvalidArgument naming it if it cannot be written.
absl::Status WriteCapture(const std::string& file, const std::vector<CapturedFrame>& frames);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_CLI_PCAP_FILE_H_
