// Messages of DNS (RFC 1035, RFC 6891) as bytes; ldns knows their format. Pure.
#ifndef POINTSMAN_HOST_DNS_MESSAGE_H_
#define POINTSMAN_HOST_DNS_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/dns/zone.h"
#include "host/kube/ip_address.h"

namespace pointsman::dns {

using Message = std::vector<uint8_t>;

inline constexpr size_t kMaxMessageBytes = 65535;

enum class Transport : uint8_t { kUdp, kTcp };

struct Reply {
  Message message{};          // empty: what came is no question, and gets no answer
  bool is_elsewhere = false;  // the question is not the zone's: `message` refuses it
};

// What the zone says to a query. Over UDP a reply that is longer than the asker takes (512 bytes,
// or what its EDNS says, at most 1232) is empty and says so (bit TC). Any bytes are allowed.
Reply Answer(const Zone& zone, std::span<const uint8_t> query, Transport transport);

// A reply with "server failure" to a query that Answer() took for one.
Message ServerFailure(std::span<const uint8_t> query);

// For those who ask: a query for a name, and the addresses in a reply. InvalidArgument: the name
// cannot be one. Of a reply NotFound: it has no address; InvalidArgument: it is none.
absl::StatusOr<Message> MakeQuery(const std::string& name, RecordType type);
absl::StatusOr<std::vector<kube::IpAddress>> AddressesIn(std::span<const uint8_t> reply);

}  // namespace pointsman::dns

#endif  // POINTSMAN_HOST_DNS_MESSAGE_H_
