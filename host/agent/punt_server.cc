#include "host/agent/punt_server.h"

#include <utility>

#include "host/softpath/punts.h"

namespace pointsman {

absl::Status PuntServer::Serve(const std::vector<PuntedFrame>& punts, Ipv4Address node_address) {
  std::vector<PuntService> services;
  services.reserve(punts.size());
  std::vector<InjectedFrame> frames;
  for (const PuntedFrame& punt : punts) {
    const PuntService& service = services.emplace_back(ServePunt(
        {punt.frame, punt.line.ingress, punt.line.reason, punt.line.attempt}, node_address));
    InjectedFrame frame;
    if (service.retry_attempt) {
      frame.line.action = InjectAction::kProcess;
      frame.line.ingress = punt.line.ingress;
      frame.line.attempt = *service.retry_attempt;
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
  return frames.empty() ? absl::OkStatus() : card_.Inject(frames);
}

}  // namespace pointsman
