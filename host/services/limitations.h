// What a Service asks for and does not get from the card, so that it is never silently other than
// expected. Pure.
#ifndef POINTSMAN_HOST_SERVICES_LIMITATIONS_H_
#define POINTSMAN_HOST_SERVICES_LIMITATIONS_H_

#include <string>
#include <vector>

#include "host/kube/objects.h"
#include "host/services/node_facts.h"

namespace pointsman {

struct Limitation {
  std::string what;  // "sessionAffinity: ClientIP"
  std::string why;   // what happens instead, and the reason
  bool operator==(const Limitation&) const = default;
};

// Of a Service that is served (see WhyNotServed); none of another.
std::vector<Limitation> LimitationsOf(const kube::Service& service, const NodeFacts& facts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_LIMITATIONS_H_
