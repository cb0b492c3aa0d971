#include "flow_tables/hash.h"

#include <nmmintrin.h>

#include <array>
#include <random>

namespace pointsman {
namespace {

// The instruction has CRC32C built in; the description must not ask for another polynomial.
static_assert(kSlotHashPolynomial == 0x82f63b78);
static_assert(kFrontendFirstHashPolynomial == 0x82f63b78);
static_assert(kFrontendSecondHashPolynomial == 0x82f63b78);

// The low 7 bytes of `bytes`, least significant first.
uint32_t Crc32cOf7(uint64_t bytes) {
  uint32_t crc = _mm_crc32_u32(0, static_cast<uint32_t>(bytes));
  crc = _mm_crc32_u16(crc, static_cast<uint16_t>(bytes >> 32));
  return _mm_crc32_u8(crc, static_cast<uint8_t>(bytes >> 48));
}

std::array<uint64_t, 2> PackTuple(const Tuple& tuple) {
  std::array<uint64_t, 2> words{};
  PutBits(words, 0, tuple);
  return words;
}

}  // namespace

uint32_t Crc32c(uint32_t seed, std::span<const uint8_t> bytes) {
  uint32_t crc = seed;
  for (const uint8_t byte : bytes) crc = _mm_crc32_u8(crc, byte);
  return crc;
}

uint32_t SlotHash(const Tuple& tuple, uint32_t seed) {
  const auto [low, high] = PackTuple(tuple);
  auto crc = static_cast<uint32_t>(_mm_crc32_u64(seed, low));
  crc = _mm_crc32_u32(crc, static_cast<uint32_t>(high));
  return _mm_crc32_u8(crc, static_cast<uint8_t>(high >> 32));
}

HashPair FrontendHashes(Ipv4Address address, uint16_t port, Protocol protocol) {
  const uint64_t key = address.value | uint64_t{port} << 32 | static_cast<uint64_t>(protocol) << 48;
  return {.first = Crc32cOf7(key), .second = Crc32cOf7(__builtin_bswap64(key) >> 8)};
}

TabulationHash::TabulationHash(uint64_t seed) : rows_(kRows) {
  std::mt19937_64 random(seed);
  for (HashKeyRow& row : rows_) {
    const uint64_t bits = random();
    row = {.first = static_cast<uint32_t>(bits), .second = static_cast<uint32_t>(bits >> 32)};
  }
}

HashPair TabulationHash::Hash(const Tuple& tuple) const {
  const std::array<uint64_t, 2> words = PackTuple(tuple);
  HashPair hash;
  for (size_t i = 0; i < kTupleBytes; ++i) {
    const auto byte = static_cast<uint8_t>(words[i / 8] >> (i % 8 * 8));
    const HashKeyRow& row = rows_[i * 256 + byte];
    hash.first ^= row.first;
    hash.second ^= row.second;
  }
  return hash;
}

}  // namespace pointsman
