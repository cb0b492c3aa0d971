#include "flow_tables/answer.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr uint8_t kAnswerTtl = 64;
constexpr uint16_t kDoNotFragment = 0x4000;
constexpr uint8_t kInternetworkControl = 0xc0;  // precedence of ICMP errors, RFC 1812, 4.3.2.5
constexpr size_t kIcmpErrorBytesMax = 576;      // the whole packet, RFC 1812, 4.3.2.3

constexpr uint8_t kFin = 0x01;
constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kRst = 0x04;
constexpr uint8_t kAck = 0x10;

struct IcmpError {
  uint8_t type;
  uint8_t code;
};
constexpr IcmpError kPortUnreachable = {3, 3};
constexpr IcmpError kTimeExceeded = {11, 0};

Port Other(Port port) { return port == Port::kUplink ? Port::kNode : Port::kUplink; }

// One host's address: not of a group or reserved, not this network, not loopback.
bool IsOneHost(uint32_t address) {
  const uint32_t first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

// To one receiver, from one sender.
bool MayBeAnswered(std::span<const uint8_t> frame, const Tuple& tuple) {
  const bool group_mac = (frame[kDestinationMacOffset] & 1) != 0;
  return !group_mac && IsOneHost(tuple.source_address) && IsOneHost(tuple.destination_address);
}

// Ethernet and IPv4 headers back to the sender of `frame`, room for `body_bytes` behind them.
std::vector<uint8_t> BackToSender(std::span<const uint8_t> frame, Ipv4Address from,
                                  uint8_t protocol, uint8_t tos, size_t body_bytes) {
  std::vector<uint8_t> answer(kTransportOffset + body_bytes);
  uint8_t* at = answer.data();
  StoreBe48(at + kDestinationMacOffset, LoadBe48(frame.data() + kSourceMacOffset));
  StoreBe48(at + kSourceMacOffset, LoadBe48(frame.data() + kDestinationMacOffset));
  StoreBe16(at + kEtherTypeOffset, kEtherTypeIpv4);
  at[kIpv4Offset] = 0x45;
  at[kTosOffset] = tos;
  StoreBe16(at + kTotalLengthOffset, static_cast<uint16_t>(kIpv4HeaderBytes + body_bytes));
  StoreBe16(at + kFragmentOffset, kDoNotFragment);
  at[kTtlOffset] = kAnswerTtl;
  at[kProtocolOffset] = protocol;
  StoreBe32(at + kSourceAddressOffset, from.value);
  StoreBe32(at + kDestinationAddressOffset, LoadBe32(frame.data() + kSourceAddressOffset));
  StoreBe16(at + kIpv4ChecksumOffset, InternetChecksum({at + kIpv4Offset, kIpv4HeaderBytes}));
  return answer;
}

// Sequence numbers that the segment takes; its header must be whole.
uint32_t SegmentLength(std::span<const uint8_t> frame, size_t header_bytes) {
  const size_t total = LoadBe16(frame.data() + kTotalLengthOffset);
  const uint8_t flags = frame[kTcpFlagsOffset];
  const auto payload = static_cast<uint32_t>(total - kIpv4HeaderBytes - header_bytes);
  return payload + ((flags & kSyn) != 0 ? 1 : 0) + ((flags & kFin) != 0 ? 1 : 0);
}

// Empty: no reset may be sent.
std::vector<uint8_t> MakeReset(std::span<const uint8_t> frame, const Tuple& tuple) {
  const size_t header_bytes = (frame[kTcpDataOffset] >> 4) * size_t{4};
  const size_t total = LoadBe16(frame.data() + kTotalLengthOffset);
  const uint8_t flags = frame[kTcpFlagsOffset];
  if ((flags & kRst) != 0 || header_bytes < kTcpHeaderBytes) return {};
  if (header_bytes > total - kIpv4HeaderBytes) return {};
  const Ipv4Address from{tuple.destination_address};
  std::vector<uint8_t> reset = BackToSender(frame, from, tuple.protocol, 0, kTcpHeaderBytes);
  uint8_t* at = reset.data();
  StoreBe16(at + kSourcePortOffset, tuple.destination_port);
  StoreBe16(at + kDestinationPortOffset, tuple.source_port);
  at[kTcpDataOffset] = kTcpHeaderBytes / 4 << 4;
  if ((flags & kAck) != 0) {
    StoreBe32(at + kTcpSequenceOffset, LoadBe32(frame.data() + kTcpAcknowledgementOffset));
    at[kTcpFlagsOffset] = kRst;
  } else {
    StoreBe32(at + kTcpAcknowledgementOffset,
              LoadBe32(frame.data() + kTcpSequenceOffset) + SegmentLength(frame, header_bytes));
    at[kTcpFlagsOffset] = kRst | kAck;
  }
  StoreBe16(at + kTcpChecksumOffset, TransportChecksum(from, {tuple.source_address}, Protocol::kTcp,
                                                       std::span(reset).subspan(kTransportOffset)));
  return reset;
}

std::vector<uint8_t> MakeIcmpError(std::span<const uint8_t> frame, Ipv4Address from,
                                   IcmpError error) {
  const size_t total = LoadBe16(frame.data() + kTotalLengthOffset);
  const size_t quoted = std::min(total, kIcmpErrorBytesMax - kIpv4HeaderBytes - kIcmpHeaderBytes);
  std::vector<uint8_t> answer =
      BackToSender(frame, from, kProtocolIcmp, kInternetworkControl, kIcmpHeaderBytes + quoted);
  uint8_t* icmp = answer.data() + kTransportOffset;
  icmp[0] = error.type;
  icmp[1] = error.code;
  std::copy_n(frame.data() + kIpv4Offset, quoted, icmp + kIcmpHeaderBytes);
  StoreBe16(icmp + 2, InternetChecksum(std::span(answer).subspan(kTransportOffset)));
  return answer;
}

std::vector<uint8_t> MakeReply(std::span<const uint8_t> frame, Reason reason,
                               Ipv4Address node_address) {
  const Parsed parsed = Parse(frame);
  if (parsed.kind != ParseKind::kTuple || !MayBeAnswered(frame, parsed.tuple)) return {};
  if (reason == Reason::kTtlExpired) return MakeIcmpError(frame, node_address, kTimeExceeded);
  if (parsed.tuple.protocol == static_cast<uint8_t>(Protocol::kTcp)) {
    return MakeReset(frame, parsed.tuple);
  }
  return MakeIcmpError(frame, {parsed.tuple.destination_address}, kPortUnreachable);
}

}  // namespace

Answer MakeAnswer(std::span<const uint8_t> frame, Port ingress, Reason reason,
                  Ipv4Address node_address) {
  switch (reason) {
    case Reason::kFragment:
    case Reason::kIpOptions:
    case Reason::kIcmpError:
      return {.kind = AnswerKind::kPassOn, .egress = Other(ingress), .frame = {}};
    case Reason::kReject:
    case Reason::kTtlExpired: {
      std::vector<uint8_t> reply = MakeReply(frame, reason, node_address);
      if (reply.empty()) return {};
      return {.kind = AnswerKind::kReply, .egress = ingress, .frame = std::move(reply)};
    }
    default:
      return {};
  }
}

}  // namespace pointsman
