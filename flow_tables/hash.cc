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
static_assert(kAffinityFirstHashPolynomial == 0x82f63b78);
static_assert(kAffinitySecondHashPolynomial == 0x82f63b78);

template <class Key>
std::array<uint64_t, (Key::kBits + 63) / 64> Pack(const Key& tuple) {
  std::array<uint64_t, (Key::kBits + 63) / 64> words{};
  PutBits(words, 0, tuple);
  return words;
}

uint32_t Crc32cOf8(uint32_t crc, uint64_t bytes) {
  return static_cast<uint32_t>(_mm_crc32_u64(crc, bytes));
}

}  // namespace

uint32_t Crc32c(uint32_t seed, std::span<const uint8_t> bytes) {
  uint32_t crc = seed;
  for (const uint8_t byte : bytes) crc = _mm_crc32_u8(crc, byte);
  return crc;
}

uint32_t SlotHash(const Tuple& tuple, uint32_t seed) {
  const auto [low, high] = Pack(tuple);
  const uint32_t crc = _mm_crc32_u32(Crc32cOf8(seed, low), static_cast<uint32_t>(high));
  return _mm_crc32_u8(crc, static_cast<uint8_t>(high >> 32));
}

uint32_t SlotHash(const TupleIpv6& tuple, uint32_t seed) {
  const auto words = Pack(tuple);
  uint32_t crc = seed;
  for (size_t i = 0; i < 4; ++i) crc = Crc32cOf8(crc, words[i]);
  crc = _mm_crc32_u32(crc, static_cast<uint32_t>(words[4]));
  return _mm_crc32_u8(crc, static_cast<uint8_t>(words[4] >> 32));
}

HashPair FrontendHashes(const Address& address, uint16_t port, Protocol protocol) {
  const auto last = static_cast<uint8_t>(protocol);
  uint32_t forwards = Crc32cOf8(Crc32cOf8(0, address.low()), address.high());
  forwards = _mm_crc32_u8(_mm_crc32_u16(forwards, port), last);
  uint32_t reversed = _mm_crc32_u16(_mm_crc32_u8(0, last), __builtin_bswap16(port));
  reversed = Crc32cOf8(reversed, __builtin_bswap64(address.high()));
  reversed = Crc32cOf8(reversed, __builtin_bswap64(address.low()));
  return {.first = forwards, .second = reversed};
}

HashPair AffinityHashes(uint32_t group, const Bits128& client) {
  const uint32_t forwards = Crc32cOf8(Crc32cOf8(_mm_crc32_u32(0, group), client.low), client.high);
  const uint32_t reversed =
      Crc32cOf8(Crc32cOf8(0, __builtin_bswap64(client.high)), __builtin_bswap64(client.low));
  return {.first = forwards, .second = _mm_crc32_u32(reversed, __builtin_bswap32(group))};
}

TabulationHash::TabulationHash(uint64_t seed) : rows_(kRows) {
  std::mt19937_64 random(seed);
  for (HashKeyRow& row : rows_) {
    const uint64_t bits = random();
    row = {.first = static_cast<uint32_t>(bits), .second = static_cast<uint32_t>(bits >> 32)};
  }
}

template <class Key>
HashPair TabulationHash::HashBytes(const Key& tuple) const {
  const auto words = Pack(tuple);
  HashPair hash;
  for (size_t i = 0; i < Key::kBits / 8; ++i) {
    const auto byte = static_cast<uint8_t>(words[i / 8] >> (i % 8 * 8));
    const HashKeyRow& row = rows_[i * 256 + byte];
    hash.first ^= row.first;
    hash.second ^= row.second;
  }
  return hash;
}

HashPair TabulationHash::Hash(const Tuple& tuple) const { return HashBytes(tuple); }
HashPair TabulationHash::Hash(const TupleIpv6& tuple) const { return HashBytes(tuple); }

}  // namespace pointsman
