#include "flow_tables/tcp_reset.h"

#include "flow_tables/big_endian.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr uint8_t kFin = 0x01;
constexpr uint8_t kSyn = 0x02;
constexpr uint8_t kRst = 0x04;
constexpr uint8_t kAck = 0x10;

// Offsets in a TCP header.
constexpr size_t kSequence = kTcpSequenceOffset - kTransportOffset;
constexpr size_t kAcknowledgement = kTcpAcknowledgementOffset - kTransportOffset;
constexpr size_t kData = kTcpDataOffset - kTransportOffset;
constexpr size_t kFlags = kTcpFlagsOffset - kTransportOffset;

}  // namespace

std::vector<uint8_t> ResetFor(std::span<const uint8_t> segment) {
  const size_t header_bytes = (segment[kData] >> 4) * size_t{4};
  const uint8_t flags = segment[kFlags];
  if ((flags & kRst) != 0 || header_bytes < kTcpHeaderBytes || header_bytes > segment.size()) {
    return {};
  }
  std::vector<uint8_t> reset(kTcpHeaderBytes);
  uint8_t* at = reset.data();
  StoreBe16(at, LoadBe16(segment.data() + 2));
  StoreBe16(at + 2, LoadBe16(segment.data()));
  at[kData] = kTcpHeaderBytes / 4 << 4;
  if ((flags & kAck) != 0) {
    StoreBe32(at + kSequence, LoadBe32(segment.data() + kAcknowledgement));
    at[kFlags] = kRst;
    return reset;
  }
  // Sequence numbers that the segment takes.
  const auto payload = static_cast<uint32_t>(segment.size() - header_bytes);
  const uint32_t length = payload + ((flags & kSyn) != 0 ? 1 : 0) + ((flags & kFin) != 0 ? 1 : 0);
  StoreBe32(at + kAcknowledgement, LoadBe32(segment.data() + kSequence) + length);
  at[kFlags] = kRst | kAck;
  return reset;
}

}  // namespace pointsman
