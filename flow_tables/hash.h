// The hashes of docs/card.md, bit for bit as the card computes them. Pure functions; a
// TabulationHash does not change once made, so all of this may be used from any thread.
#ifndef POINTSMAN_FLOW_TABLES_HASH_H_
#define POINTSMAN_FLOW_TABLES_HASH_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/types.h"

namespace pointsman {

// Two hashes of one key: `first` chooses the bucket in bank 0, `second` the one in bank 1.
struct HashPair {
  uint32_t first = 0;
  uint32_t second = 0;
  friend bool operator==(const HashPair&, const HashPair&) = default;
};

// CRC32C (RFC 3720, reflected polynomial 0x82f63b78) of the bytes in order, started from `seed`,
// without the final inversion. It continues: Crc32c(Crc32c(seed, a), b) is that of a and b joined.
uint32_t Crc32c(uint32_t seed, std::span<const uint8_t> bytes);

// Which slot: CRC32C over the bytes of the tuple as packed in a row, 13 or 37.
uint32_t SlotHash(const Tuple& tuple, uint32_t seed);
uint32_t SlotHash(const TupleIpv6& tuple, uint32_t seed);

// Where a frontend stands: CRC32C over the key's 19 bytes, and over the same in reverse order.
HashPair FrontendHashes(const Address& address, uint16_t port, Protocol protocol);

// Where a client of an affinity group stands: the same over 20 bytes, the group first.
HashPair AffinityHashes(uint32_t group, const Bits128& client);

// Where a connection stands: for each byte of the packed tuple a row of random numbers, all XORed;
// tuples of IPv4 take the first 13 of the byte positions. Outsiders choose these keys, so the
// numbers are made anew at every bring-up.
class TabulationHash {
 public:
  static constexpr size_t kRows = TupleIpv6::kBits / 8 * 256;

  // The same seed makes the same rows everywhere.
  explicit TabulationHash(uint64_t seed);

  // As a card's table hash-keys holds them. REQUIRES: there are kRows.
  explicit TabulationHash(std::vector<HashKeyRow> rows) : rows_(std::move(rows)) {}

  HashPair Hash(const Tuple& tuple) const;
  HashPair Hash(const TupleIpv6& tuple) const;

  // What table hash-keys holds: row = byte position * 256 + byte value.
  std::span<const HashKeyRow> rows() const { return rows_; }

 private:
  template <class Key>
  HashPair HashBytes(const Key& tuple) const;

  std::vector<HashKeyRow> rows_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_HASH_H_
