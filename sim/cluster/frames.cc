#include "sim/cluster/frames.h"

#include <fmt/format.h>

#include <algorithm>

#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "flow_tables/tunnel.h"

namespace pointsman::cluster {
namespace {

constexpr uint8_t kTtl = 64;
constexpr uint64_t kAnyMac = 0x020000000001;  // nobody on the way looks at it

size_t ChecksumOffset(Protocol protocol) {
  return protocol == Protocol::kTcp ? kTcpChecksumInHeader : kUdpChecksumInHeader;
}

void StoreIpv4Header(const FlowKey& key, size_t segment_bytes, uint8_t* frame) {
  StoreBe16(frame + kEtherTypeOffset, kEtherTypeIpv4);
  frame[kIpv4Offset] = 0x45;
  StoreBe16(frame + kTotalLengthOffset, static_cast<uint16_t>(kIpv4HeaderBytes + segment_bytes));
  frame[kTtlOffset] = kTtl;
  frame[kProtocolOffset] = static_cast<uint8_t>(key.protocol);
  key.source.Store(frame + kSourceAddressOffset);
  key.destination.Store(frame + kDestinationAddressOffset);
  StoreBe16(frame + kIpv4ChecksumOffset, InternetChecksum({frame + kIpv4Offset, kIpv4HeaderBytes}));
}

void ReplaceAt(uint8_t* at, const ChecksumDelta& delta) {
  StoreBe16(at, delta.Apply(LoadBe16(at)));
}

}  // namespace

Frame MakeFrame(const FlowKey& key, uint8_t tcp_flags, std::string_view payload) {
  const bool tcp = key.protocol == Protocol::kTcp;
  const size_t segment_bytes = (tcp ? kTcpHeaderBytes : kUdpHeaderBytes) + payload.size();
  Frame frame(kTransportOffset + segment_bytes);
  StoreBe48(frame.data() + kDestinationMacOffset, kAnyMac);
  StoreBe48(frame.data() + kSourceMacOffset, kAnyMac + 1);
  StoreIpv4Header(key, segment_bytes, frame.data());
  StoreBe16(frame.data() + kSourcePortOffset, key.source_port);
  StoreBe16(frame.data() + kDestinationPortOffset, key.destination_port);
  if (tcp) {
    frame[kTcpDataOffset] = 0x50;
    frame[kTcpFlagsOffset] = tcp_flags;
    StoreBe16(frame.data() + kTcpWindowOffset, 0xffff);
  } else {
    StoreBe16(frame.data() + kUdpLengthOffset, static_cast<uint16_t>(segment_bytes));
  }
  std::ranges::copy(payload, frame.end() - static_cast<std::ptrdiff_t>(payload.size()));
  const std::span<uint8_t> segment = std::span(frame).subspan(kTransportOffset);
  StoreBe16(segment.data() + ChecksumOffset(key.protocol),
            TransportChecksum(key.source.v4(), key.destination.v4(), key.protocol, segment));
  return frame;
}

uint8_t TcpFlags(std::span<const uint8_t> frame, const Flow& flow) {
  return flow.key.protocol == Protocol::kTcp ? frame[flow.transport_offset + kTcpFlagsInHeader] : 0;
}

bool MayBegin(std::span<const uint8_t> frame, const Flow& flow) {
  return flow.key.protocol != Protocol::kTcp ||
         (TcpFlags(frame, flow) & (kTcpSyn | kTcpAck)) == kTcpSyn;
}

void Readdress(Frame& frame, const Flow& flow, const FlowKey& to) {
  ChecksumDelta addresses;
  addresses.Replace(flow.key.source.v4().value, to.source.v4().value);
  addresses.Replace(flow.key.destination.v4().value, to.destination.v4().value);
  ChecksumDelta all = addresses;
  all.Replace16(flow.key.source_port, to.source_port);
  all.Replace16(flow.key.destination_port, to.destination_port);
  to.source.Store(frame.data() + kSourceAddressOffset);
  to.destination.Store(frame.data() + kDestinationAddressOffset);
  ReplaceAt(frame.data() + kIpv4ChecksumOffset, addresses);
  uint8_t* segment = frame.data() + flow.transport_offset;
  StoreBe16(segment, to.source_port);
  StoreBe16(segment + 2, to.destination_port);
  ReplaceAt(segment + ChecksumOffset(flow.key.protocol), all);
}

bool ChecksumsAreRight(std::span<const uint8_t> frame, const Flow& flow) {
  if (FoldChecksum(ChecksumSum(frame.subspan(kIpv4Offset, kIpv4HeaderBytes))) != 0xffff)
    return false;
  Frame segment(
      frame.begin() + static_cast<std::ptrdiff_t>(flow.transport_offset),
      frame.begin() + static_cast<std::ptrdiff_t>(flow.transport_offset + flow.transport_bytes));
  uint8_t* field = segment.data() + ChecksumOffset(flow.key.protocol);
  const uint16_t received = LoadBe16(field);
  StoreBe16(field, 0);
  return received == TransportChecksum(flow.key.source.v4(), flow.key.destination.v4(),
                                       flow.key.protocol, segment);
}

Frame IntoTunnel(std::span<const uint8_t> frame, const Flow& flow, const Tunnel& tunnel,
                 Ipv4Address peer) {
  Frame wrapped(kTunnelBytes + frame.size());
  TunnelEnd end{.macs = {}, .address = peer};
  StoreBe48(end.macs.data(), kAnyMac);
  StoreBe48(end.macs.data() + 6, kAnyMac + 1);
  const uint16_t ports = flow.key.source_port ^ flow.key.destination_port;
  WriteTunnelHeaders(wrapped.data(), tunnel, end,
                     {.frame_bytes = frame.size(), .tos = 0, .flow_port = TunnelFlowPort(ports)});
  std::ranges::copy(frame, wrapped.begin() + kTunnelBytes);
  return wrapped;
}

FlowKey Reverse(const FlowKey& key) {
  return {key.destination, key.source, key.destination_port, key.source_port, key.protocol};
}

std::string Describe(const FlowKey& key) {
  return fmt::format("{} {} -> {}", Name(key.protocol), DescribeSocket(key.source, key.source_port),
                     DescribeSocket(key.destination, key.destination_port));
}

}  // namespace pointsman::cluster
