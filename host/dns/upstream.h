// Asks another DNS server what is not ours, over the transport that the question came by.
#ifndef POINTSMAN_HOST_DNS_UPSTREAM_H_
#define POINTSMAN_HOST_DNS_UPSTREAM_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "host/dns/message.h"

namespace pointsman::dns {

struct ServerAddress {
  kube::IpAddress address;
  uint16_t port = 53;
};

// The server's reply to `query`, as it came. Over UDP only a reply with the query's number, from
// that server, counts. Thread-safe. Unavailable: no reply within two seconds, or no way to ask.
absl::StatusOr<Message> Ask(const ServerAddress& server, std::span<const uint8_t> query,
                            Transport transport);

}  // namespace pointsman::dns

#endif  // POINTSMAN_HOST_DNS_UPSTREAM_H_
