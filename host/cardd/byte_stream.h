// Values one behind the other in bytes.
#ifndef POINTSMAN_HOST_CARDD_BYTE_STREAM_H_
#define POINTSMAN_HOST_CARDD_BYTE_STREAM_H_

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace pointsman::cardd {

// Types of which every combination of bytes is a value.
template <class T>
concept AnyBytes = std::unsigned_integral<T> && !std::same_as<T, bool>;

class ByteWriter {
 public:
  template <AnyBytes T>
  void Put(T value) {
    PutBytes({reinterpret_cast<const uint8_t*>(&value), sizeof(value)});
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void Put(Enum value) { Put(static_cast<std::underlying_type_t<Enum>>(value)); }
  void PutBytes(std::span<const uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  template <AnyBytes T, size_t kSize>
  void Put(const std::array<T, kSize>& values) {
    for (const T value : values) Put(value);
  }
  void PutText(std::span<const char> text) {
    Put(static_cast<uint32_t>(text.size()));
    PutBytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }

  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// Beyond the end everything is zero, and ok() false from then on.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  template <AnyBytes T>
  T Get() {
    T value = 0;
    const auto bytes = GetBytes(sizeof(T));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  // At most `last`, else ok() is false.
  template <class Enum>
  requires std::is_enum_v<Enum> Enum Get(Enum last) {
    const auto value = Get<std::underlying_type_t<Enum>>();
    if (value > static_cast<std::underlying_type_t<Enum>>(last)) ok_ = false;
    return ok_ ? static_cast<Enum>(value) : Enum{};
  }
  template <AnyBytes T, size_t kSize>
  void Get(std::array<T, kSize>& values) {
    for (T& value : values) value = Get<T>();
  }
  // Empty where there are not so many.
  std::span<const uint8_t> GetBytes(size_t count) {
    if (!ok_ || count > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const auto got = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return got;
  }
  std::string GetText() {
    const auto bytes = GetBytes(Get<uint32_t>());
    return {bytes.begin(), bytes.end()};
  }
  // A count of elements that follow: at most `max`, else ok() is false and it is 0.
  uint32_t GetCount(uint32_t max) {
    const auto count = Get<uint32_t>();
    if (count > max) ok_ = false;
    return ok_ ? count : 0;
  }
  std::span<const uint8_t> Rest() { return GetBytes(bytes_.size()); }

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::span<const uint8_t> bytes_;
  bool ok_ = true;
};

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_BYTE_STREAM_H_
