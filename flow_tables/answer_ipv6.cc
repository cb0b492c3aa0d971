#include "flow_tables/answer_ipv6.h"

#include <algorithm>
#include <array>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "flow_tables/tcp_reset.h"

namespace pointsman {
namespace {

constexpr uint8_t kAnswerHopLimit = 64;
constexpr size_t kIcmpv6ErrorBytesMax = 1280;  // the whole packet, RFC 4443, 2.4 (c)

struct Icmpv6Error {
  uint8_t type;
  uint8_t code;
  uint32_t mtu = 0;  // for kPacketTooBig
};
constexpr Icmpv6Error kPortUnreachable = {1, 4};
constexpr Icmpv6Error kPacketTooBig = {2, 0};
constexpr Icmpv6Error kTimeExceeded = {3, 0};

// One host's: not unspecified, not loopback, not of a group.
bool IsOneHost(const Address& address) {
  const bool small = address.high() == 0 && address.low() <= 1;
  return !small && address.high() >> 56 != 0xff;
}

bool MayBeAnswered(std::span<const uint8_t> frame, const Flow& flow) {
  const bool group_mac = (frame[kDestinationMacOffset] & 1) != 0;
  return !group_mac && IsOneHost(flow.key.source) && IsOneHost(flow.key.destination);
}

// Headers back to the sender of `frame`, with `body` behind them.
std::vector<uint8_t> BackToSender(std::span<const uint8_t> frame, const Address& from,
                                  const Address& to, uint8_t next_header,
                                  std::span<const uint8_t> body) {
  std::vector<uint8_t> answer(kIpv6TransportOffset + body.size());
  uint8_t* at = answer.data();
  StoreBe48(at + kDestinationMacOffset, LoadBe48(frame.data() + kSourceMacOffset));
  StoreBe48(at + kSourceMacOffset, LoadBe48(frame.data() + kDestinationMacOffset));
  StoreBe16(at + kEtherTypeOffset, kEtherTypeIpv6);
  at[kIpv4Offset] = 0x60;
  StoreBe16(at + kIpv6PayloadLengthOffset, static_cast<uint16_t>(body.size()));
  at[kIpv6NextHeaderOffset] = next_header;
  at[kIpv6HopLimitOffset] = kAnswerHopLimit;
  from.Store(at + kIpv6SourceOffset);
  to.Store(at + kIpv6DestinationOffset);
  std::ranges::copy(body, answer.begin() + kIpv6TransportOffset);
  return answer;
}

// With the pseudo header of RFC 8200, 8.1, over a body whose checksum field is 0.
uint16_t BodyChecksum(const Address& from, const Address& to, uint8_t next_header,
                      std::span<const uint8_t> body) {
  std::array<uint8_t, 32> addresses{};
  from.Store(addresses.data());
  to.Store(addresses.data() + 16);
  return static_cast<uint16_t>(
      ~FoldChecksum(ChecksumSum(addresses) + body.size() + next_header + ChecksumSum(body)));
}

std::vector<uint8_t> MakeError(std::span<const uint8_t> frame, const Flow& flow,
                               const Address& from, Icmpv6Error error) {
  if (!MayBeAnswered(frame, flow)) return {};
  const size_t packet = kIpv6HeaderBytes + flow.transport_bytes;
  const size_t quoted =
      std::min(packet, kIcmpv6ErrorBytesMax - kIpv6HeaderBytes - kIcmpHeaderBytes);
  std::vector<uint8_t> icmp(kIcmpHeaderBytes + quoted);
  icmp[0] = error.type;
  icmp[1] = error.code;
  StoreBe32(icmp.data() + 4, error.mtu);
  std::ranges::copy(frame.subspan(kIpv4Offset, quoted), icmp.begin() + kIcmpHeaderBytes);
  StoreBe16(icmp.data() + 2, BodyChecksum(from, flow.key.source, kProtocolIcmpv6, icmp));
  return BackToSender(frame, from, flow.key.source, kProtocolIcmpv6, icmp);
}

std::vector<uint8_t> MakeReset(std::span<const uint8_t> frame, const Flow& flow) {
  std::vector<uint8_t> reset = ResetFor(frame.subspan(flow.transport_offset, flow.transport_bytes));
  if (reset.empty() || !MayBeAnswered(frame, flow)) return {};
  const auto next_header = static_cast<uint8_t>(Protocol::kTcp);
  StoreBe16(reset.data() + kTcpChecksumInHeader,
            BodyChecksum(flow.key.destination, flow.key.source, next_header, reset));
  return BackToSender(frame, flow.key.destination, flow.key.source, next_header, reset);
}

}  // namespace

std::vector<uint8_t> RejectIpv6(std::span<const uint8_t> frame, const Flow& flow) {
  if (flow.key.protocol == Protocol::kTcp) return MakeReset(frame, flow);
  return MakeError(frame, flow, flow.key.destination, kPortUnreachable);
}

std::vector<uint8_t> TooBigIpv6(std::span<const uint8_t> frame, const Flow& flow,
                                const Address& node_address, uint16_t mtu) {
  Icmpv6Error error = kPacketTooBig;
  error.mtu = mtu;
  return MakeError(frame, flow, node_address, error);
}

std::vector<uint8_t> TimeExceededIpv6(std::span<const uint8_t> frame, const Flow& flow,
                                      const Address& node_address) {
  return MakeError(frame, flow, node_address, kTimeExceeded);
}

}  // namespace pointsman
