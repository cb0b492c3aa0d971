// What a host sends for a packet that the pipeline punted and that is not to be forwarded. Pure
// functions of values.
//
// | reason                            | what goes out                                             |
// |-----------------------------------|-----------------------------------------------------------|
// | reject, TCP                       | a reset from the frontend (RFC 9293, 3.10.7.1)            |
// | reject, UDP or SCTP               | ICMP port unreachable from the frontend (RFC 1122, 4.1.3) |
// | ttl-expired                       | ICMP time exceeded from the node (RFC 1812, 5.3.1)        |
// | too-big, if it may not be cut up  | ICMP fragmentation needed from the node (RFC 1191)        |
// | others                            | nothing                                                   |
//
// The same for IPv6, with ICMPv6 (answer_ipv6.h); nobody may cut up its packets on the way.
//
// No answer goes out to what must not have one (RFC 1122, 3.2.2 and RFC 9293): a reset, a frame or
// address of many receivers, a source that is not one host. The frame's checksums are not verified.
#ifndef POINTSMAN_FLOW_TABLES_ANSWER_H_
#define POINTSMAN_FLOW_TABLES_ANSWER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/types.h"

namespace pointsman {

enum class AnswerKind : uint8_t {
  kNothing,  // the punted frame is dropped
  kReply,    // `frame` leaves by `egress`
};

struct Answer {
  AnswerKind kind = AnswerKind::kNothing;
  Port egress = Port::kUplink;
  std::vector<uint8_t> frame;  // without FCS, not padded to Ethernet's minimum
  friend bool operator==(const Answer&, const Answer&) = default;
};

// For `frame`, received by `ingress` and punted for `reason`. What comes from the node comes from
// `node_address`; if that is of the other family, nothing is sent. `mtu`: for too-big, bytes of the
// longest IP packet that is not.
Answer MakeAnswer(std::span<const uint8_t> frame, Port ingress, Reason reason,
                  const Address& node_address, uint16_t mtu = 0);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_ANSWER_H_
