#include "host/agent/punt_server.h"

#include <utility>

namespace pointsman {

namespace {

constexpr uint32_t kTriesMax = 3;

// Packets that the card is asked about again say so by their tag.
uint8_t RoundsOf(const PuntedFrame& punt) {
  return punt.line.injected != 0 ? static_cast<uint8_t>(punt.line.tag) : uint8_t{0};
}

// How often the card has had it then; 0: it is not for the card again. The row that stood in the
// way has been mended meanwhile.
uint32_t TriesAfterParity(const PuntedFrame& punt) {
  if (punt.line.reason != Reason::kTableParity) return 0;
  const uint32_t tries = punt.line.injected != 0 ? punt.line.tag + 1 : 1;
  return tries <= kTriesMax ? tries : 0;
}

// What the service of a punt gives the card, in order. Borrows both.
void AddFrames(const PuntedFrame& punt, const PuntService& service,
               std::vector<InjectedFrame>& frames) {
  for (const std::vector<uint8_t>& sent : service.frames) {
    InjectedFrame& frame = frames.emplace_back();
    frame.line.action = InjectAction::kTransmit;
    frame.line.egress = service.egress;
    frame.frame = sent;
  }
  if (service.fate != Fate::kRetry) return;
  if (!service.scout.empty()) {
    InjectedFrame& scout = frames.emplace_back();
    scout.line.action = InjectAction::kProcess;
    scout.line.ingress = punt.line.ingress;
    scout.frame = service.scout;
  }
  InjectedFrame& again = frames.emplace_back();
  again.line.action = InjectAction::kProcess;
  again.line.ingress = punt.line.ingress;
  again.line.attempt = service.attempt;
  again.line.directed = service.directed_endpoint ? 1 : 0;
  again.line.endpoint = service.directed_endpoint.value_or(0);
  again.line.tag = service.rounds;
  again.frame = punt.frame;
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
                               absl::Time now, FindTranslation find) {
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
    PuntService& service = services.emplace_back(software.Serve(
        {punt.frame, punt.line.ingress, punt.line.reason, punt.line.attempt, RoundsOf(punt)}, now,
        find));
    if (service.wanted_row) {
      if (absl::Status status = LendRow(service); !status.ok()) return status;
    }
    ++counts_.by_fate[static_cast<size_t>(service.fate)];
    if (service.fate == Fate::kDropped) ++counts_.drops[static_cast<size_t>(service.reason)];
    AddFrames(punt, service, frames);
  }
  served_packets_ += punts.size();
  if (absl::Status status = card_.Write(software.TakeWrites()); !status.ok()) return status;
  // Before the first packet of such a connection leaves: its answer must not pass.
  if (absl::Status status = tell_ ? tell_(software) : absl::OkStatus(); !status.ok()) return status;
  return frames.empty() ? absl::OkStatus() : card_.Inject(frames);
}

}  // namespace pointsman
