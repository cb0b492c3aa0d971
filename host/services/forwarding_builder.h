// From Kubernetes objects to what a node's card shall do: the whole of Service semantics. Pure: no
// clock, thread, log or I/O; the same input gives the same output, in the same order.
#ifndef POINTSMAN_HOST_SERVICES_FORWARDING_BUILDER_H_
#define POINTSMAN_HOST_SERVICES_FORWARDING_BUILDER_H_

#include <vector>

#include "host/kube/object_set.h"
#include "host/kube/problem.h"
#include "host/services/node_facts.h"
#include "host/services/served_change.h"

namespace pointsman {

struct ServiceForwarding : ServedState {
  std::vector<kube::Problem> problems;  // what was left out because the objects are wrong
};

// Of two frontends with one address, port and protocol one is left out, with a
// problem that names both: a node port gives way to any other kind, else the later one by namespace
// and name gives way.
// A family of which the node has no primary address gets no frontends; for IPv4 that is a problem.
ServiceForwarding BuildForwarding(const kube::ObjectSet& objects, const NodeFacts& facts);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_FORWARDING_BUILDER_H_
