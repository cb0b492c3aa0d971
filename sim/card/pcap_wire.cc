#include "sim/card/pcap_wire.h"

#include <pcap/pcap.h>
#include <sys/stat.h>

#include "fmt/format.h"

namespace pointsman {

void PcapWire::Closer::operator()(pcap* handle) const { pcap_close(handle); }
void PcapWire::Closer::operator()(pcap_dumper* handle) const { pcap_dump_close(handle); }

absl::StatusOr<std::unique_ptr<Wire>> PcapWire::Open(const std::string& input,
                                                     const std::string& output) {
  auto wire = std::unique_ptr<PcapWire>(new PcapWire);
  wire->input_name_ = input;
  wire->output_name_ = output;
  struct stat info = {};
  if (stat(input.c_str(), &info) != 0) {
    return absl::NotFoundError(fmt::format("{}: no such capture file", input));
  }
  char error[PCAP_ERRBUF_SIZE] = "";
  wire->input_.reset(pcap_open_offline(input.c_str(), error));
  if (wire->input_ == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("{}: not a readable capture file: {}", input, error));
  }
  if (const int type = pcap_datalink(wire->input_.get()); type != DLT_EN10MB) {
    const char* name = pcap_datalink_val_to_name(type);
    return absl::InvalidArgumentError(
        fmt::format("{}: link type is {}, a port carries Ethernet (EN10MB)", input,
                    name == nullptr ? "unknown" : name));
  }
  wire->format_.reset(
      pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kMaxFrameBytes, PCAP_TSTAMP_PRECISION_NANO));
  wire->output_.reset(pcap_dump_open(wire->format_.get(), output.c_str()));
  if (wire->output_ == nullptr || pcap_dump_flush(wire->output_.get()) != 0) {
    return absl::PermissionDeniedError(
        fmt::format("{}: cannot be written: {}", output, pcap_geterr(wire->format_.get())));
  }
  return wire;
}

absl::Status PcapWire::Receive(size_t max_frames, std::vector<Frame>& frames) {
  for (; max_frames > 0 && input_ != nullptr; --max_frames) {
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    const int result = pcap_next_ex(input_.get(), &header, &bytes);
    if (result == PCAP_ERROR_BREAK) {
      input_.reset();
      break;
    }
    ++frame_number_;
    if (result != 1) {
      return absl::DataLossError(
          fmt::format("{}: frame {}: {}", input_name_, frame_number_, pcap_geterr(input_.get())));
    }
    if (header->caplen != header->len || header->caplen == 0 || header->caplen > kMaxFrameBytes) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: frame {}: {} of {} bytes captured; a port carries whole frames of 1 to {} bytes",
          input_name_, frame_number_, header->caplen, header->len, kMaxFrameBytes));
    }
    frames.push_back({std::vector<uint8_t>(bytes, bytes + header->caplen)});
  }
  return absl::OkStatus();
}

absl::Status PcapWire::Send(absl::Span<const Frame> frames) {
  constexpr uint64_t kNsPerSecond = 1'000'000'000;
  for (const Frame& frame : frames) {
    pcap_pkthdr header = {};
    header.ts.tv_sec = static_cast<time_t>(frame.time_ns / kNsPerSecond);
    header.ts.tv_usec = static_cast<suseconds_t>(frame.time_ns % kNsPerSecond);
    header.caplen = header.len = static_cast<bpf_u_int32>(frame.bytes.size());
    pcap_dump(reinterpret_cast<u_char*>(output_.get()), &header, frame.bytes.data());
  }
  if (pcap_dump_flush(output_.get()) != 0) {
    return absl::UnavailableError(fmt::format("{}: cannot be written (disk full?)", output_name_));
  }
  return absl::OkStatus();
}

}  // namespace pointsman
