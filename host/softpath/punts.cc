#include "host/softpath/punts.h"

#include <utility>

#include "flow_tables/answer.h"

namespace pointsman {

PuntService ServePunt(const HandedOver& packet, Ipv4Address node_address) {
  PuntService service;
  if (packet.reason == Reason::kSourcePortTaken) {
    if (packet.attempt + 1U < kSourcePortAttempts) service.retry_attempt = packet.attempt + 1;
    return service;
  }
  Answer answer = MakeAnswer(packet.frame, packet.ingress, packet.reason, node_address);
  service.egress = answer.egress;
  if (answer.kind == AnswerKind::kPassOn) {
    service.frame.assign(packet.frame.begin(), packet.frame.end());
  } else {
    service.frame = std::move(answer.frame);
  }
  return service;
}

}  // namespace pointsman
