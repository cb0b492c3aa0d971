// Values of Kubernetes objects as flow tables hold them. Pure functions.
#ifndef POINTSMAN_HOST_SERVICES_TABLE_VALUES_H_
#define POINTSMAN_HOST_SERVICES_TABLE_VALUES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "flow_tables/address.h"
#include "flow_tables/types.h"
#include "host/kube/ip_address.h"
#include "host/kube/objects.h"

namespace pointsman {

Address TableAddress(const kube::IpAddress& address);
// The way back.
kube::IpAddress ObjectAddress(const Address& address);
AddressPrefix TablePrefix(const kube::IpPrefix& prefix);
Protocol TableProtocol(kube::Protocol protocol);

// "02:00:00:00:00:01", upper or lower case. InvalidArgument, quoting the text: another form, or an
// address that no single interface can have (a group's, or all zeros).
absl::StatusOr<MacAddress> ParseMac(std::string_view text);
std::string MacText(MacAddress mac);  // "02:00:00:00:00:01"

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_TABLE_VALUES_H_
