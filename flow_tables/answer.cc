#include "flow_tables/answer.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "flow_tables/answer_ipv6.h"
#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/flow.h"
#include "flow_tables/packet.h"
#include "flow_tables/tcp_reset.h"

namespace pointsman {
namespace {

constexpr uint8_t kAnswerTtl = 64;
constexpr uint16_t kDoNotFragment = 0x4000;
constexpr uint8_t kInternetworkControl = 0xc0;  // precedence of ICMP errors, RFC 1812, 4.3.2.5
constexpr size_t kIcmpErrorBytesMax = 576;      // the whole packet, RFC 1812, 4.3.2.3

struct IcmpError {
  uint8_t type;
  uint8_t code;
  uint16_t mtu = 0;  // for kFragmentationNeeded
};
constexpr IcmpError kFragmentationNeeded = {3, 4};
constexpr IcmpError kPortUnreachable = {3, 3};
constexpr IcmpError kTimeExceeded = {11, 0};

// One host's address: not of a group or reserved, not this network, not loopback.
bool IsOneHost(uint32_t address) {
  const uint32_t first = address >> 24;
  return first != 0 && first != 127 && first < 224;
}

// To one receiver, from one sender.
bool MayBeAnswered(std::span<const uint8_t> frame, const Flow& flow) {
  const bool group_mac = (frame[kDestinationMacOffset] & 1) != 0;
  return !group_mac && IsOneHost(flow.key.source.v4().value) &&
         IsOneHost(flow.key.destination.v4().value);
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

// Empty: no reset may be sent.
std::vector<uint8_t> MakeReset(std::span<const uint8_t> frame, const Flow& flow) {
  const std::vector<uint8_t> header =
      ResetFor(frame.subspan(flow.transport_offset, flow.transport_bytes));
  if (header.empty()) return {};
  const Ipv4Address from = flow.key.destination.v4();
  std::vector<uint8_t> reset =
      BackToSender(frame, from, static_cast<uint8_t>(Protocol::kTcp), 0, header.size());
  std::ranges::copy(header, reset.begin() + kTransportOffset);
  StoreBe16(reset.data() + kTcpChecksumOffset,
            TransportChecksum(from, flow.key.source.v4(), Protocol::kTcp, header));
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
  StoreBe16(icmp + 6, error.mtu);
  std::copy_n(frame.data() + kIpv4Offset, quoted, icmp + kIcmpHeaderBytes);
  StoreBe16(icmp + 2, InternetChecksum(std::span(answer).subspan(kTransportOffset)));
  return answer;
}

std::vector<uint8_t> MakeIpv4Reply(std::span<const uint8_t> frame, const Flow& flow, Reason reason,
                                   Ipv4Address node_address, uint16_t mtu) {
  if (!MayBeAnswered(frame, flow)) return {};
  if (reason == Reason::kTooBig) {
    if ((LoadBe16(frame.data() + kFragmentOffset) & kDoNotFragment) == 0) return {};
    IcmpError error = kFragmentationNeeded;
    error.mtu = mtu;
    return MakeIcmpError(frame, node_address, error);
  }
  if (reason == Reason::kTtlExpired) return MakeIcmpError(frame, node_address, kTimeExceeded);
  if (flow.key.protocol == Protocol::kTcp) return MakeReset(frame, flow);
  return MakeIcmpError(frame, flow.key.destination.v4(), kPortUnreachable);
}

std::vector<uint8_t> MakeReply(std::span<const uint8_t> frame, Reason reason,
                               const Address& node_address, uint16_t mtu) {
  const bool from_node = reason == Reason::kTtlExpired || reason == Reason::kTooBig;
  const std::optional<Flow> flow = from_node ? ParseIp(frame) : ParseFlow(frame);
  if (!flow) return {};
  if (from_node && flow->key.source.is_v4() != node_address.is_v4()) return {};
  if (flow->key.source.is_v4()) {
    return MakeIpv4Reply(frame, *flow, reason, from_node ? node_address.v4() : Ipv4Address{}, mtu);
  }
  if (reason == Reason::kTooBig) return TooBigIpv6(frame, *flow, node_address, mtu);
  return from_node ? TimeExceededIpv6(frame, *flow, node_address) : RejectIpv6(frame, *flow);
}

}  // namespace

Answer MakeAnswer(std::span<const uint8_t> frame, Port ingress, Reason reason,
                  const Address& node_address, uint16_t mtu) {
  switch (reason) {
    case Reason::kReject:
    case Reason::kTooBig:
    case Reason::kTtlExpired: {
      std::vector<uint8_t> reply = MakeReply(frame, reason, node_address, mtu);
      if (reply.empty()) return {};
      return {.kind = AnswerKind::kReply, .egress = ingress, .frame = std::move(reply)};
    }
    default:
      return {};
  }
}

}  // namespace pointsman
