#include "tests/support/flow_checksums.h"

#include <vector>

#include "flow_tables/flow.h"

namespace pointsman {
namespace {

uint32_t SumOfWords(std::span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  return sum;
}

bool IsAllOnes(uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

uint32_t BitwiseCrc32c(std::span<const uint8_t> bytes) {
  uint32_t crc = 0xffffffff;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

bool SctpIsRight(std::span<const uint8_t> segment) {
  std::vector<uint8_t> copy(segment.begin(), segment.end());
  uint32_t stored = 0;
  for (size_t i = 0; i < 4; ++i) {
    stored |= uint32_t{copy[8 + i]} << (8 * i);
    copy[8 + i] = 0;
  }
  return BitwiseCrc32c(copy) == stored;
}

}  // namespace

bool FlowChecksumsAreRight(std::span<const uint8_t> frame) {
  const auto flow = ParseFlow(frame);
  if (!flow) return false;
  const bool v4 = flow->key.source.is_v4();
  if (v4 && !IsAllOnes(SumOfWords(frame.subspan(14, 20)))) return false;
  const auto segment = frame.subspan(flow->transport_offset, flow->transport_bytes);
  if (flow->key.protocol == Protocol::kSctp) return SctpIsRight(segment);
  const auto addresses = v4 ? frame.subspan(26, 8) : frame.subspan(22, 32);
  return IsAllOnes(SumOfWords(addresses) + static_cast<uint8_t>(flow->key.protocol) +
                   static_cast<uint32_t>(segment.size()) + SumOfWords(segment));
}

}  // namespace pointsman
