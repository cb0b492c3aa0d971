#include "host/conformance/probe.h"

#include <algorithm>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/hash.h"
#include "flow_tables/packet.h"

namespace pointsman::conformance {
namespace {

constexpr size_t kFrameBytesMin = 60;
constexpr size_t kIpOffset = kIpv4Offset;
constexpr uint8_t kTtl = 64;
constexpr uint64_t kClientMac = 0x020000000101;
constexpr uint64_t kRouterMac = 0x020000000001;

size_t HeaderBytes(const FlowKey& probe) {
  return probe.source.is_v4() ? kIpv4HeaderBytes : kIpv6HeaderBytes;
}

void StorePorts(const FlowKey& probe, uint8_t* segment) {
  StoreBe16(segment, probe.source_port);
  StoreBe16(segment + 2, probe.destination_port);
}

std::vector<uint8_t> TcpSyn(const FlowKey& probe) {
  std::vector<uint8_t> segment(kTcpHeaderBytes);
  StorePorts(probe, segment.data());
  segment[12] = 0x50;                     // data offset
  segment[13] = 0x02;                     // SYN
  StoreBe16(segment.data() + 14, 64240);  // window
  return segment;
}

std::vector<uint8_t> UdpDatagram(const FlowKey& probe) {
  std::vector<uint8_t> segment(kUdpHeaderBytes + 4);
  StorePorts(probe, segment.data());
  StoreBe16(segment.data() + 4, static_cast<uint16_t>(segment.size()));
  return segment;
}

std::vector<uint8_t> SctpInit(const FlowKey& probe) {
  constexpr size_t kCommonHeaderBytes = 12;
  constexpr size_t kInitBytes = 20;
  std::vector<uint8_t> segment(kCommonHeaderBytes + kInitBytes);
  uint8_t* at = segment.data();
  StorePorts(probe, at);
  uint8_t* init = at + kCommonHeaderBytes;
  init[0] = 1;  // INIT
  StoreBe16(init + 2, kInitBytes);
  StoreBe32(init + 4, 0x5eed);  // initiate tag
  StoreBe32(init + 8, 65535);   // receiver's window
  StoreBe16(init + 12, 1);      // streams out
  StoreBe16(init + 14, 1);      // and in
  const uint32_t crc = ~Crc32c(~uint32_t{0}, segment);
  for (int i = 0; i < 4; ++i) at[8 + i] = static_cast<uint8_t>(crc >> (8 * i));
  return segment;
}

// The TCP or UDP checksum, pseudo header included (RFC 9293, 3.1; RFC 8200, 8.1).
uint16_t SegmentChecksum(const FlowKey& probe, const std::vector<uint8_t>& segment) {
  std::vector<uint8_t> pseudo(probe.source.is_v4() ? 8 : 32);
  probe.source.Store(pseudo.data());
  probe.destination.Store(pseudo.data() + pseudo.size() / 2);
  const uint64_t sum = ChecksumSum(pseudo) + segment.size() + static_cast<uint8_t>(probe.protocol) +
                       ChecksumSum(segment);
  const auto checksum = static_cast<uint16_t>(~FoldChecksum(sum));
  return probe.protocol == Protocol::kUdp && checksum == 0 ? 0xffff : checksum;
}

std::vector<uint8_t> Segment(const FlowKey& probe) {
  if (probe.protocol == Protocol::kSctp) return SctpInit(probe);
  const bool tcp = probe.protocol == Protocol::kTcp;
  std::vector<uint8_t> segment = tcp ? TcpSyn(probe) : UdpDatagram(probe);
  StoreBe16(segment.data() + (tcp ? 16 : 6), SegmentChecksum(probe, segment));
  return segment;
}

void StoreIpv4Header(const FlowKey& probe, size_t segment_bytes, uint8_t* frame) {
  frame[kIpv4Offset] = 0x45;
  StoreBe16(frame + kTotalLengthOffset, static_cast<uint16_t>(kIpv4HeaderBytes + segment_bytes));
  frame[kTtlOffset] = kTtl;
  frame[kProtocolOffset] = static_cast<uint8_t>(probe.protocol);
  probe.source.Store(frame + kSourceAddressOffset);
  probe.destination.Store(frame + kDestinationAddressOffset);
  StoreBe16(frame + kIpv4ChecksumOffset, InternetChecksum({frame + kIpv4Offset, kIpv4HeaderBytes}));
}

void StoreIpv6Header(const FlowKey& probe, size_t segment_bytes, uint8_t* frame) {
  uint8_t* header = frame + kIpOffset;
  header[0] = 0x60;
  StoreBe16(header + 4, static_cast<uint16_t>(segment_bytes));
  header[6] = static_cast<uint8_t>(probe.protocol);
  header[7] = kTtl;
  probe.source.Store(header + 8);
  probe.destination.Store(header + 24);
}

}  // namespace

std::vector<uint8_t> ProbeFrame(const FlowKey& probe) {
  const std::vector<uint8_t> segment = Segment(probe);
  const size_t segment_offset = kIpOffset + HeaderBytes(probe);
  std::vector<uint8_t> frame(std::max(kFrameBytesMin, segment_offset + segment.size()));
  StoreBe48(frame.data() + kDestinationMacOffset, kRouterMac);
  StoreBe48(frame.data() + kSourceMacOffset, kClientMac);
  const bool v4 = probe.source.is_v4();
  StoreBe16(frame.data() + kEtherTypeOffset, v4 ? kEtherTypeIpv4 : kEtherTypeIpv6);
  (v4 ? StoreIpv4Header : StoreIpv6Header)(probe, segment.size(), frame.data());
  std::ranges::copy(segment, frame.begin() + static_cast<std::ptrdiff_t>(segment_offset));
  return frame;
}

}  // namespace pointsman::conformance
