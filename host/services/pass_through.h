// Whether a node leaves a load balancer's addresses to the load balancer: clients in the cluster
// then go out to it and come back, instead of taking the short cut through the node's own rules.
// Upstream says so by `ipMode: Proxy` of an address (KEP-1860); before there was that, Huawei's and
// T Cloud's clouds said it by an annotation. Pure.
//
//   kubernetes.io/elb.pass-through: "true"     all its load balancer addresses
//   kubernetes.io/elb.pass-through: onlyLocal  the same, for externalTrafficPolicy Local, which
//                                              makes "true" this, too
#ifndef POINTSMAN_HOST_SERVICES_PASS_THROUGH_H_
#define POINTSMAN_HOST_SERVICES_PASS_THROUGH_H_

#include <cstdint>
#include <string>

#include "host/kube/objects.h"

namespace pointsman {

inline constexpr char kPassThroughAnnotation[] = "kubernetes.io/elb.pass-through";

enum class PassThrough : uint8_t { kNo, kAlways, kOnlyLocal };

// By the annotation; kNo also where WhyPassThroughIsWrong() has something to say.
PassThrough PassThroughOf(const kube::Service& service);

// Empty: nothing. An annotation of another value, on a Service that has no load balancer, or
// onlyLocal where the policy is not Local.
std::string WhyPassThroughIsWrong(const kube::Service& service);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_PASS_THROUGH_H_
