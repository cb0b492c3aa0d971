// Why a Service's frontend is as it is, for people: the walk from objects to endpoints, with the
// reason for everything left out. Pure.
#ifndef POINTSMAN_HOST_SERVICES_EXPLAIN_H_
#define POINTSMAN_HOST_SERVICES_EXPLAIN_H_

#include <string>
#include <vector>

#include "host/kube/object_set.h"
#include "host/services/frontends.h"
#include "host/services/node_facts.h"

namespace pointsman {

// To whom a packet is sent, and by which kind of client.
struct Question {
  kube::IpAddress destination;
  uint16_t port = 0;
  kube::Protocol protocol = kube::Protocol::kTcp;
  bool inside = false;  // the client is a pod or the node
};

// A line of the walk: "Service" and "shop/cart, port http (TCP 80), ClusterIP 10.96.0.10".
struct ExplainedStep {
  std::string what;
  std::string text;
  bool operator==(const ExplainedStep&) const = default;
};

// The steps from the objects to the set of endpoints: Service, policy, each endpoint with why it is
// used or not. Where no frontend takes the packet: what comes nearest, and why it does not.
std::vector<ExplainedStep> ExplainObjects(const kube::ObjectSet& objects, const NodeFacts& facts,
                                          const Question& question);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_EXPLAIN_H_
