#include "flow_tables/checksum.h"

#include <cstddef>

#include "flow_tables/big_endian.h"

namespace pointsman {

uint64_t ChecksumSum(std::span<const uint8_t> bytes) {
  uint64_t sum = 0;
  size_t at = 0;
  for (; at + 2 <= bytes.size(); at += 2) sum += LoadBe16(bytes.data() + at);
  if (at < bytes.size()) sum += uint64_t{bytes[at]} << 8;
  return sum;
}

uint16_t InternetChecksum(std::span<const uint8_t> bytes) {
  return static_cast<uint16_t>(~FoldChecksum(ChecksumSum(bytes)));
}

uint16_t TransportChecksum(Ipv4Address source, Ipv4Address destination, Protocol protocol,
                           std::span<const uint8_t> segment) {
  const uint64_t pseudo_header =
      uint64_t{source.value} + destination.value + static_cast<uint8_t>(protocol) + segment.size();
  const auto checksum = static_cast<uint16_t>(~FoldChecksum(pseudo_header + ChecksumSum(segment)));
  return protocol == Protocol::kUdp && checksum == 0 ? 0xffff : checksum;
}

}  // namespace pointsman
