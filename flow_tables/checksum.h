// The Internet checksum (RFC 1071) and its incremental update (RFC 1624), bit for bit the
// arithmetic of docs/card.md. Words are in host byte order. Pure functions of values.
#ifndef POINTSMAN_FLOW_TABLES_CHECKSUM_H_
#define POINTSMAN_FLOW_TABLES_CHECKSUM_H_

#include <cstdint>
#include <span>

#include "flow_tables/types.h"

namespace pointsman {

// Adds carries back in until 16 bits are left. 0 only for 0.
constexpr uint16_t FoldChecksum(uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// What replacing words adds to the sum. Two 16-bit words may be given as one of 32 bits: the fold
// comes to the same, because 2^16 is 1 modulo 0xffff and only a sum of zeros folds to 0.
class ChecksumDelta {
 public:
  constexpr void Replace(uint32_t removed, uint32_t added) {
    sum_ += uint64_t{static_cast<uint32_t>(~removed)} + added;
  }
  constexpr void Replace(const Bits128& removed, const Bits128& added) {
    for (const int shift : {0, 32}) {
      Replace(static_cast<uint32_t>(removed.low >> shift),
              static_cast<uint32_t>(added.low >> shift));
      Replace(static_cast<uint32_t>(removed.high >> shift),
              static_cast<uint32_t>(added.high >> shift));
    }
  }
  constexpr void Replace16(uint16_t removed, uint16_t added) {
    sum_ += uint64_t{static_cast<uint16_t>(~removed)} + added;
  }

  // The sum in 16 bits, for AddToChecksum.
  constexpr uint16_t Folded() const { return FoldChecksum(sum_); }

  // new = ~fold(~old + sum of (~removed word) + sum of (added word)).
  constexpr uint16_t Apply(uint16_t old) const {
    return static_cast<uint16_t>(~FoldChecksum(sum_ + static_cast<uint16_t>(~old)));
  }

 private:
  uint64_t sum_ = 0;
};

// ChecksumDelta::Apply for a delta that is folded already, without a branch.
constexpr uint16_t AddToChecksum(uint16_t old, uint16_t folded_delta) {
  const auto sum = static_cast<uint16_t>(~old + folded_delta);
  const bool carry = sum < folded_delta;
  return static_cast<uint16_t>(~(sum + carry));
}

// The sum of the bytes as big-endian words, a last odd byte padded with 0; not folded.
uint64_t ChecksumSum(std::span<const uint8_t> bytes);

// The checksum of bytes whose checksum field is 0.
uint16_t InternetChecksum(std::span<const uint8_t> bytes);

// The TCP or UDP checksum of a segment whose checksum field is 0, pseudo header included. A UDP
// checksum that comes to 0 is 0xffff (RFC 768). REQUIRES: segment.size() < 65536.
uint16_t TransportChecksum(Ipv4Address source, Ipv4Address destination, Protocol protocol,
                           std::span<const uint8_t> segment);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_CHECKSUM_H_
