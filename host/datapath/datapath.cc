#include "host/datapath/datapath.h"

#include <numeric>
#include <utility>

#include "host/softpath/punts.h"

namespace pointsman {

Datapath::Datapath(std::unique_ptr<Executor> executor)
    : executor_(std::move(executor)),
      image_(std::make_shared<const Image>(EmptyImage(executor_->sizes()))) {}

absl::Status Datapath::Program(const Forwarding& wanted) {
  absl::StatusOr<Image> built = BuildImage(wanted, *image_);
  if (!built.ok()) return built.status();
  auto image = std::make_shared<const Image>(*std::move(built));
  absl::Status status = executor_->Adopt(MakePlan(*image_, *image), image);
  if (status.ok()) image_ = std::move(image);
  return status;
}

absl::StatusOr<std::vector<ProcessedFrame>> Datapath::Process(
    std::span<const ReceivedFrame> frames) {
  std::vector<ProcessedFrame> results(frames.size());
  std::vector<size_t> waiting(frames.size());
  std::iota(waiting.begin(), waiting.end(), 0);
  for (uint8_t attempt = 0; !waiting.empty(); ++attempt) {
    absl::Status status = RunRound(waiting, frames, attempt, results);
    if (!status.ok()) return status;
  }
  return results;
}

// Runs the frames that wait; leaves those that have to be run again.
absl::Status Datapath::RunRound(std::vector<size_t>& waiting, std::span<const ReceivedFrame> frames,
                                uint8_t attempt, std::vector<ProcessedFrame>& results) {
  std::vector<PendingPacket> pending;
  pending.reserve(waiting.size());
  for (size_t i : waiting) pending.push_back({frames[i].ingress, attempt, frames[i].frame});
  absl::StatusOr<std::vector<ExecutedPacket>> executed = executor_->Run(pending);
  if (!executed.ok()) return executed.status();

  std::vector<size_t> again;
  for (size_t k = 0; k < waiting.size(); ++k) {
    ProcessedFrame& result = results[waiting[k]];
    ExecutedPacket& packet = (*executed)[k];
    result.outcome = packet.outcome;
    if (packet.outcome.verdict == Verdict::kPass || packet.outcome.verdict == Verdict::kForward) {
      result.sent.push_back({packet.outcome.egress, std::move(packet.frame)});
    }
    if (packet.outcome.verdict != Verdict::kPunt) continue;
    result.served_in_software = true;
    PuntService service =
        ServePunt({packet.frame, pending[k].ingress, packet.outcome.reason, attempt},
                  image_->configuration.masquerade_address);
    if (service.retry_attempt) {
      again.push_back(waiting[k]);
    } else if (!service.frame.empty()) {
      result.sent.push_back({service.egress, std::move(service.frame)});
    }
  }
  waiting = std::move(again);
  return absl::OkStatus();
}

}  // namespace pointsman
