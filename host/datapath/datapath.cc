#include "host/datapath/datapath.h"

#include <utility>

#include "flow_tables/flow.h"
#include "flow_tables/tunnel.h"
#include "host/softpath/tick.h"

namespace pointsman {

namespace {

// Connections that software carries by itself, in a test.
constexpr size_t kSoftwareConnections = 1 << 16;

// Connections age in steps of this: a sweep of the whole table is work for a simulated card.
constexpr absl::Duration kAgeingPeriod = absl::Seconds(5);

Fate FateOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kForward:
      return Fate::kForwarded;
    case Verdict::kDrop:
      return Fate::kDropped;
    default:
      return Fate::kPassed;
  }
}

}  // namespace

Datapath::Datapath(std::unique_ptr<Executor> executor)
    : executor_(std::move(executor)),
      image_(std::make_shared<const Image>(EmptyImage(executor_->sizes()))),
      software_(kSoftwareConnections) {}

absl::Status Datapath::Program(const Forwarding& wanted) {
  absl::StatusOr<Image> built = BuildImage(wanted, *image_);
  if (!built.ok()) return built.status();
  auto image = std::make_shared<const Image>(*std::move(built));
  absl::Status status = executor_->Adopt(MakePlan(*image_, *image), WithHostConnections(image));
  if (!status.ok()) return status;
  image_ = std::move(image);
  software_.SetForwarding(wanted, *image_);
  return absl::OkStatus();
}

std::shared_ptr<const Image> Datapath::WithHostConnections(
    std::shared_ptr<const Image> image) const {
  const bool tcp = software_.HasConnections(Protocol::kTcp);
  const bool udp = software_.HasConnections(Protocol::kUdp);
  if (!tcp && !udp) return image;
  Image changed = *image;
  changed.configuration.host_protocols.tcp = tcp;
  changed.configuration.host_protocols.udp = udp;
  return std::make_shared<const Image>(std::move(changed));
}

// As the agent tells a card, before the packets that were served leave.
absl::Status Datapath::TellHostConnections() {
  const HostProtocols now{.tcp = software_.HasConnections(Protocol::kTcp),
                          .udp = software_.HasConnections(Protocol::kUdp)};
  if (std::exchange(told_, now) == now) return absl::OkStatus();
  return executor_->Adopt(Plan{}, WithHostConnections(image_));
}

absl::Status Datapath::Forget() {
  software_.Forget();
  if (absl::Status status = TellHostConnections(); !status.ok()) return status;
  if (absl::Status status = executor_->Write(software_.TakeWrites()); !status.ok()) return status;
  return executor_->Forget();
}

absl::Status Datapath::Age(absl::Time now) {
  software_.ExpireAffinity(now);
  if (absl::Status status = executor_->Write(software_.TakeWrites()); !status.ok()) return status;
  if (now < aged_ + kAgeingPeriod) return absl::OkStatus();
  aged_ = now;
  software_.Sweep(now);
  if (absl::Status status = TellHostConnections(); !status.ok()) return status;
  return executor_->Age(TickOf(now));
}

absl::StatusOr<std::vector<ProcessedFrame>> Datapath::Process(std::span<const ReceivedFrame> frames,
                                                              absl::Time now) {
  if (absl::Status status = Age(now); !status.ok()) return status;
  std::vector<ProcessedFrame> results(frames.size());
  std::vector<Waiting> waiting;
  for (size_t i = 0; i < frames.size(); ++i) {
    PendingPacket packet;
    packet.ingress = frames[i].ingress;
    packet.frame = frames[i].frame;
    waiting.push_back({i, std::move(packet)});
  }
  while (!waiting.empty()) {
    auto again = RunRound(std::move(waiting), now, results);
    if (!again.ok()) return again.status();
    waiting = *std::move(again);
  }
  return results;
}

// Runs the frames that wait; returns those that have to be run again.
absl::StatusOr<std::vector<Datapath::Waiting>> Datapath::RunRound(
    std::vector<Waiting> waiting, absl::Time now, std::vector<ProcessedFrame>& results) {
  std::vector<PendingPacket> pending;
  for (const Waiting& one : waiting) pending.push_back(one.packet);
  absl::StatusOr<std::vector<ExecutedPacket>> executed = executor_->Run(pending);
  if (!executed.ok()) return executed.status();

  std::vector<Waiting> again;
  for (size_t k = 0; k < waiting.size(); ++k) {
    ProcessedFrame& result = results[waiting[k].index];
    ExecutedPacket& packet = (*executed)[k];
    const Verdict verdict = packet.outcome.verdict;
    const bool leaves = verdict == Verdict::kPass || verdict == Verdict::kForward;
    if (!waiting[k].is_scout) {
      result.outcome = packet.outcome;
      result.fate = FateOf(verdict);
      if (leaves) result.sent.push_back({packet.outcome.egress, std::move(packet.frame)});
    }
    if (packet.outcome.learned) TellLearned(waiting[k].packet, packet.outcome, now);
    if (verdict == Verdict::kPunt) Serve(waiting[k], packet, now, result, again);
  }
  if (absl::Status status = executor_->Write(software_.TakeWrites()); !status.ok()) return status;
  if (absl::Status status = TellHostConnections(); !status.ok()) return status;
  return again;
}

// As a card's event tells the agent.
void Datapath::TellLearned(const PendingPacket& packet, const Outcome& outcome, absl::Time now) {
  if (outcome.verdict != Verdict::kForward) return;
  std::span<const uint8_t> frame = packet.frame;
  frame = frame.subspan(TunnelBytes(frame, packet.ingress, image_->configuration.tunnel));
  const std::optional<Flow> flow =
      VlanTagBytes(frame) != 0 ? ParseFlow(WithoutTag(frame)) : ParseFlow(frame);
  const EndpointRow& endpoint = image_->endpoints[outcome.endpoint];
  if (flow) {
    software_.Learned(flow->key, {Address::FromBits(endpoint.address), endpoint.port}, now);
  }
}

// What the executor hands over.
void Datapath::Serve(Waiting& waiting, const ExecutedPacket& packet, absl::Time now,
                     ProcessedFrame& result, std::vector<Waiting>& again) {
  result.served_in_software = true;
  PuntService service =
      software_.Serve({packet.frame, waiting.packet.ingress, packet.outcome.reason,
                       waiting.packet.attempt, waiting.rounds},
                      now, [this](const FlowKey& key) { return executor_->TranslationOf(key); });
  if (!waiting.is_scout) result.fate = service.fate;
  const bool kept_back = waiting.is_scout && service.fate == Fate::kForwarded;
  for (std::vector<uint8_t>& frame : service.frames) {
    if (kept_back) break;
    result.sent.push_back({service.egress, std::move(frame)});
  }
  if (service.fate != Fate::kRetry) return;
  if (!service.scout.empty()) {
    Waiting scout{.index = waiting.index, .packet = {}, .is_scout = true};
    scout.packet.ingress = waiting.packet.ingress;
    scout.packet.frame = std::move(service.scout);
    again.push_back(std::move(scout));
  }
  waiting.rounds = service.rounds;
  waiting.packet.attempt = service.attempt;
  waiting.packet.directed_endpoint = service.directed_endpoint;
  again.push_back(std::move(waiting));
}

}  // namespace pointsman
