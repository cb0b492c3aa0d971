#include "sim/card/memory.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace pointsman {
namespace {

constexpr MemoryBank kBanks[] = {{"low", 0x10000, 0x10000}, {"high", 0x100000, 0x3000}};

std::vector<uint8_t> Pattern(size_t bytes) {
  std::vector<uint8_t> pattern(bytes);
  std::iota(pattern.begin(), pattern.end(), uint8_t{1});
  return pattern;
}

TEST(CardMemoryTest, NeverWrittenMemoryIsNotZero) {
  CardMemory memory(kBanks);
  std::vector<uint8_t> bytes(16);
  ASSERT_TRUE(memory.Read(0x10008, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, std::vector<uint8_t>(16, CardMemory::kNeverWritten));
}

TEST(CardMemoryTest, ReadsBackWhatWasWrittenOverPageBorders) {
  CardMemory memory(kBanks);
  const std::vector<uint8_t> written = Pattern(10000);
  ASSERT_TRUE(memory.Write(0x10ff1, written).ok());
  std::vector<uint8_t> read(written.size());
  ASSERT_TRUE(memory.Read(0x10ff1, absl::MakeSpan(read)).ok());
  EXPECT_EQ(read, written);
}

TEST(CardMemoryTest, NothingOutsideTheBanks) {
  struct Case {
    uint64_t address;
    uint64_t size_bytes;
    bool inside;
  };
  constexpr Case kCases[] = {
      {0x10000, 0x10000, true},
      {0x10000, 0x10001, false},
      {0xffff, 2, false},
      {0x20000, 1, false},
      {0x102fff, 1, true},
      {0x102fff, 2, false},
      {0, 1, false},
      {~uint64_t{0}, 2, false},
  };
  for (const Case& c : kCases) {
    CardMemory memory(kBanks);
    std::vector<uint8_t> bytes(c.size_bytes);
    const absl::Status read = memory.Read(c.address, absl::MakeSpan(bytes));
    const absl::Status write = memory.Write(c.address, bytes);
    EXPECT_EQ(read.ok(), c.inside) << std::hex << c.address;
    EXPECT_EQ(write.ok(), c.inside) << std::hex << c.address;
    if (!c.inside) {
      EXPECT_EQ(write.code(), absl::StatusCode::kOutOfRange);
    }
  }
}

TEST(CardMemoryTest, LentPagesAreTheHostsMemory) {
  CardMemory memory(kBanks);
  std::vector<uint8_t> host(2 * CardMemory::kPageBytes, 7);
  ASSERT_TRUE(memory.Lend(0x12000, absl::MakeSpan(host)).ok());
  const std::vector<uint8_t> written = Pattern(64);
  ASSERT_TRUE(memory.Write(0x12fe0, written).ok());
  EXPECT_EQ(std::vector<uint8_t>(host.begin() + 0xfe0, host.begin() + 0xfe0 + 64), written);
  host[0] = 99;
  EXPECT_EQ(*memory.Page(0x12000), 99);
  memory.Reclaim(0x12000, host.size());
  EXPECT_EQ(*memory.Page(0x12000), CardMemory::kNeverWritten);
}

TEST(CardMemoryTest, LendsOnlyWholePages) {
  CardMemory memory(kBanks);
  std::vector<uint8_t> host(CardMemory::kPageBytes);
  EXPECT_EQ(memory.Lend(0x12001, absl::MakeSpan(host)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(memory.Lend(0x12000, absl::MakeSpan(host).first(100)).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(memory.Lend(0x20000, absl::MakeSpan(host)).code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace pointsman
