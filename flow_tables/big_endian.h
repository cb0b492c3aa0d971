// Numbers in network byte order, read from and written to bytes of a frame at any alignment. The
// caller answers for the bounds.
#ifndef POINTSMAN_FLOW_TABLES_BIG_ENDIAN_H_
#define POINTSMAN_FLOW_TABLES_BIG_ENDIAN_H_

#include <bit>
#include <cstdint>
#include <cstring>

namespace pointsman {

static_assert(std::endian::native == std::endian::little);

inline uint16_t LoadBe16(const uint8_t* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap16(value);
}

inline uint32_t LoadBe32(const uint8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap32(value);
}

inline uint64_t LoadBe64(const uint8_t* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return __builtin_bswap64(value);
}

inline void StoreBe16(uint8_t* to, uint16_t value) {
  value = __builtin_bswap16(value);
  std::memcpy(to, &value, sizeof(value));
}

inline void StoreBe32(uint8_t* to, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, sizeof(value));
}

inline void StoreBe64(uint8_t* to, uint64_t value) {
  value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof(value));
}

// The low 48 bits of a number: a MAC address.
inline void StoreBe48(uint8_t* to, uint64_t value) {
  value = __builtin_bswap64(value << 16);
  std::memcpy(to, &value, 6);
}

inline uint64_t LoadBe48(const uint8_t* from) {
  return uint64_t{LoadBe16(from)} << 32 | LoadBe32(from + 2);
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_BIG_ENDIAN_H_
