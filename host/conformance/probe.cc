#include "host/conformance/probe.h"

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"

namespace pointsman::conformance {
namespace {

constexpr size_t kFrameBytes = 60;
constexpr uint8_t kVersionAndLength = 0x45;
constexpr uint8_t kTtl = 64;
constexpr uint8_t kDataOffset = 0x50;
constexpr uint8_t kSyn = 0x02;
constexpr uint16_t kWindow = 64240;
constexpr size_t kUdpPayloadBytes = 4;
constexpr uint64_t kClientMac = 0x020000000101;
constexpr uint64_t kRouterMac = 0x020000000001;

size_t SegmentBytes(Protocol protocol) {
  return protocol == Protocol::kTcp ? kTcpHeaderBytes : kUdpHeaderBytes + kUdpPayloadBytes;
}

}  // namespace

std::vector<uint8_t> ProbeFrame(const Probe& probe) {
  std::vector<uint8_t> frame(kFrameBytes);
  uint8_t* at = frame.data();
  StoreBe48(at + kDestinationMacOffset, kRouterMac);
  StoreBe48(at + kSourceMacOffset, kClientMac);
  StoreBe16(at + kEtherTypeOffset, kEtherTypeIpv4);
  at[kIpv4Offset] = kVersionAndLength;
  const size_t segment_bytes = SegmentBytes(probe.protocol);
  StoreBe16(at + kTotalLengthOffset, static_cast<uint16_t>(kIpv4HeaderBytes + segment_bytes));
  at[kTtlOffset] = kTtl;
  at[kProtocolOffset] = static_cast<uint8_t>(probe.protocol);
  StoreBe32(at + kSourceAddressOffset, probe.source.value);
  StoreBe32(at + kDestinationAddressOffset, probe.destination.value);
  StoreBe16(at + kIpv4ChecksumOffset, InternetChecksum({at + kIpv4Offset, kIpv4HeaderBytes}));

  StoreBe16(at + kSourcePortOffset, probe.source_port);
  StoreBe16(at + kDestinationPortOffset, probe.destination_port);
  const bool tcp = probe.protocol == Protocol::kTcp;
  if (tcp) {
    at[kTcpDataOffset] = kDataOffset;
    at[kTcpFlagsOffset] = kSyn;
    StoreBe16(at + kTcpWindowOffset, kWindow);
  } else {
    StoreBe16(at + kUdpLengthOffset, static_cast<uint16_t>(segment_bytes));
  }
  StoreBe16(at + (tcp ? kTcpChecksumOffset : kUdpChecksumOffset),
            TransportChecksum(probe.source, probe.destination, probe.protocol,
                              {at + kTransportOffset, segment_bytes}));
  return frame;
}

}  // namespace pointsman::conformance
