#include "driver/xclbin_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

namespace pointsman {
namespace {

// Where the fields of struct axlf are, in bytes; little-endian. The array of section headers ends
// the struct.
constexpr std::string_view kMagic("xclbin2\0", 8);
constexpr size_t kLengthAt = 304;
constexpr size_t kSectionCountAt = 448;
constexpr size_t kSectionsAt = 456;
constexpr size_t kSectionBytes = 40;
constexpr size_t kSectionOffsetAt = 24;
constexpr size_t kSectionSizeAt = 32;
constexpr uint32_t kSectionsMost = 4096;

template <class Number>
Number Load(const std::vector<char>& bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

absl::Status CheckSections(const std::string& path, const std::vector<char>& table,
                           uint64_t length) {
  for (size_t at = 0; at < table.size(); at += kSectionBytes) {
    const auto offset = Load<uint64_t>(table, at + kSectionOffsetAt);
    const auto size = Load<uint64_t>(table, at + kSectionSizeAt);
    if (offset > length || size > length - offset) {
      return absl::InvalidArgumentError(
          fmt::format("{}: section {}: {} bytes at {} go beyond the file's {}", path,
                      at / kSectionBytes, size, offset, length));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckXclbinFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return absl::NotFoundError(fmt::format("{}: {}", path, std::strerror(errno)));
  const auto length = file.tellg();
  file.seekg(0);
  std::vector<char> head(kSectionsAt);
  if (!file.read(head.data(), kSectionsAt) ||
      std::string_view(head.data(), kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError(
        fmt::format("{}: no xclbin: it does not begin with \"xclbin2\"", path));
  }
  const auto stated = Load<uint64_t>(head, kLengthAt);
  if (stated != static_cast<uint64_t>(length)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: header length is {}, the file has {} bytes: it is truncated or damaged",
                    path, stated, static_cast<uint64_t>(length)));
  }
  const auto sections = Load<uint32_t>(head, kSectionCountAt);
  std::vector<char> table(sections <= kSectionsMost ? sections * kSectionBytes : 0);
  if (sections > kSectionsMost || !file.read(table.data(), table.size())) {
    return absl::InvalidArgumentError(
        fmt::format("{}: header: {} sections do not fit in the file", path, sections));
  }
  return CheckSections(path, table, stated);
}

}  // namespace pointsman
