// Values of Kubernetes objects as the card's tables hold them. Pure functions.
#ifndef POINTSMAN_HOST_SERVICES_CARD_VALUES_H_
#define POINTSMAN_HOST_SERVICES_CARD_VALUES_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "flow_tables/types.h"
#include "host/kube/ip_address.h"
#include "host/kube/objects.h"

namespace pointsman {

// REQUIRES: address.family() is IPv4.
Ipv4Address CardAddress(const kube::IpAddress& address);

// None: the tables have no such protocol (SCTP).
std::optional<Protocol> CardProtocol(kube::Protocol protocol);

// "02:00:00:00:00:01", upper or lower case. InvalidArgument, quoting the text: another form, or an
// address that no single interface can have (a group's, or all zeros).
absl::StatusOr<MacAddress> ParseMac(std::string_view text);
std::string MacText(MacAddress mac);  // "02:00:00:00:00:01"

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_CARD_VALUES_H_
