#include "host/cli/pcap_file.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <memory>

namespace pointsman {
namespace {

constexpr int kSnapBytes = 65535;

struct ClosePcap {
  void operator()(pcap_t* pcap) const { pcap_close(pcap); }
};
struct CloseDumper {
  void operator()(pcap_dumper_t* dumper) const { pcap_dump_close(dumper); }
};
using Pcap = std::unique_ptr<pcap_t, ClosePcap>;

}  // namespace

absl::StatusOr<std::vector<CapturedFrame>> ReadCapture(const std::string& file) {
  char error[PCAP_ERRBUF_SIZE] = "";
  const Pcap pcap(pcap_open_offline(file.c_str(), error));
  if (pcap == nullptr) return absl::InvalidArgumentError(fmt::format("{}: {}", file, error));
  if (pcap_datalink(pcap.get()) != DLT_EN10MB) {
    return absl::InvalidArgumentError(
        fmt::format("{}: link type {} is not Ethernet", file, pcap_datalink(pcap.get())));
  }
  std::vector<CapturedFrame> frames;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  int result = 0;
  while ((result = pcap_next_ex(pcap.get(), &header, &bytes)) == 1) {
    if (header->caplen != header->len) {
      return absl::InvalidArgumentError(
          fmt::format("{}: frame {} was captured with {} of its {} bytes; capture whole frames",
                      file, frames.size() + 1, header->caplen, header->len));
    }
    frames.push_back({header->ts, {bytes, bytes + header->caplen}});
  }
  if (result != PCAP_ERROR_BREAK) {
    return absl::InvalidArgumentError(
        fmt::format("{}: after frame {}: {}", file, frames.size(), pcap_geterr(pcap.get())));
  }
  return frames;
}

absl::Status WriteCapture(const std::string& file, const std::vector<CapturedFrame>& frames) {
  const Pcap pcap(pcap_open_dead(DLT_EN10MB, kSnapBytes));
  const std::unique_ptr<pcap_dumper_t, CloseDumper> dumper(
      pcap_dump_open(pcap.get(), file.c_str()));
  if (dumper == nullptr) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", file, pcap_geterr(pcap.get())));
  }
  for (const CapturedFrame& one : frames) {
    pcap_pkthdr header{};
    header.ts = one.time;
    header.caplen = header.len = static_cast<bpf_u_int32>(one.frame.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper.get()), &header, one.frame.data());
  }
  if (pcap_dump_flush(dumper.get()) != 0) {
    return absl::InvalidArgumentError(fmt::format("{}: cannot be written", file));
  }
  return absl::OkStatus();
}

}  // namespace pointsman
