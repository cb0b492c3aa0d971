// One decoder a kind, for decode.cc. Each reads the object at `root` (spec and status), leaving its
// `metadata` to the caller, and reports what is wrong with it through the Field.
#ifndef POINTSMAN_HOST_KUBE_DECODE_KINDS_H_
#define POINTSMAN_HOST_KUBE_DECODE_KINDS_H_

#include <array>
#include <string>
#include <utility>

#include "host/kube/field.h"
#include "host/kube/objects.h"

namespace pointsman::kube {

ObjectMeta DecodeMetadata(const Field& metadata, Kind kind);
Service DecodeService(const Field& root);
EndpointSlice DecodeEndpointSlice(const Field& root);
Endpoints DecodeEndpoints(const Field& root);
Node DecodeNode(const Field& root);
Pod DecodePod(const Field& root);
ServiceCidr DecodeServiceCidr(const Field& root);

// What more than one kind holds.
inline constexpr std::array<std::pair<std::string_view, Protocol>, 3> kProtocolNames = {
    {{"TCP", Protocol::kTcp}, {"UDP", Protocol::kUdp}, {"SCTP", Protocol::kSctp}}};
Protocol DecodeProtocol(const Field& protocol);
std::optional<TargetRef> DecodeTargetRef(const Field& target_ref);
// An address that a packet can be sent to: unspecified, loopback and link-local ones are reported.
std::optional<IpAddress> DecodeReachableIp(const Field& ip);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_DECODE_KINDS_H_
