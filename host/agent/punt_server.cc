#include "host/agent/punt_server.h"

#include <utility>

namespace pointsman {

namespace {

constexpr uint32_t kTriesMax = 3;

// How often the card has had it then; 0: it is not for the card again. The row that stood in the
// way has been mended meanwhile.
uint32_t TriesAfterParity(const PuntedFrame& punt) {
  if (punt.line.reason != Reason::kTableParity) return 0;
  const uint32_t tries = punt.line.injected != 0 ? punt.line.tag + 1 : 1;
  return tries <= kTriesMax ? tries : 0;
}

}  // namespace

absl::Status PuntServer::LendRow(PuntService& service) {
  const absl::StatusOr<uint32_t> row =
      lend_ ? lend_(*service.wanted_row) : absl::NotFoundError("no row");
  if (row.ok()) {
    service.directed_endpoint = *row;
    return absl::OkStatus();
  }
  service = {.fate = Fate::kDropped, .reason = Reason::kNoEndpoint};
  const bool is_answer = absl::IsNotFound(row.status()) || absl::IsResourceExhausted(row.status());
  return is_answer ? absl::OkStatus() : row.status();
}

absl::Status PuntServer::Serve(const std::vector<PuntedFrame>& punts, SoftwarePath& software,
                               absl::Time now) {
  std::vector<PuntService> services;
  services.reserve(punts.size());
  std::vector<InjectedFrame> frames;
  for (const PuntedFrame& punt : punts) {
    if (const uint32_t tries = TriesAfterParity(punt); tries != 0) {
      InjectedFrame again;
      again.line.ingress = punt.line.ingress;
      again.line.attempt = punt.line.attempt;
      again.line.tag = tries;
      again.frame = punt.frame;
      frames.push_back(again);
      continue;
    }
    PuntService& service = services.emplace_back(
        software.Serve({punt.frame, punt.line.ingress, punt.line.reason, punt.line.attempt}, now));
    if (service.wanted_row) {
      if (absl::Status status = LendRow(service); !status.ok()) return status;
    }
    ++counts_.by_fate[static_cast<size_t>(service.fate)];
    if (service.fate == Fate::kDropped) ++counts_.drops[static_cast<size_t>(service.reason)];
    InjectedFrame frame;
    if (service.fate == Fate::kRetry) {
      frame.line.action = InjectAction::kProcess;
      frame.line.ingress = punt.line.ingress;
      frame.line.attempt = service.attempt;
      frame.line.directed = service.directed_endpoint ? 1 : 0;
      frame.line.endpoint = service.directed_endpoint.value_or(0);
      frame.frame = punt.frame;
    } else if (!service.frame.empty()) {
      frame.line.action = InjectAction::kTransmit;
      frame.line.egress = service.egress;
      frame.frame = service.frame;
    } else {
      continue;
    }
    frames.push_back(frame);
  }
  served_packets_ += punts.size();
  if (absl::Status status = card_.Write(software.TakeWrites()); !status.ok()) return status;
  return frames.empty() ? absl::OkStatus() : card_.Inject(frames);
}

}  // namespace pointsman
