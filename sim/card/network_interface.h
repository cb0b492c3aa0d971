// The few facts about Linux network interfaces that wires need.
#ifndef POINTSMAN_SIM_CARD_NETWORK_INTERFACE_H_
#define POINTSMAN_SIM_CARD_NETWORK_INTERFACE_H_

#include <net/if.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman {

// A request that names the interface.
// Errors: InvalidArgument for a name that is empty or has more than 15 bytes.
absl::StatusOr<ifreq> InterfaceRequest(const std::string& interface_name);

// Sets the interface up, in this thread's network namespace.
// Errors: NotFound, PermissionDenied, naming the interface.
absl::Status SetInterfaceUp(const std::string& interface_name);

// The Status for `errno_value`, with the text "<interface>: <what>: <errno's text>".
absl::Status InterfaceError(const std::string& interface_name, const char* what, int errno_value);

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_NETWORK_INTERFACE_H_
