// Reads what make_xclbin packs, whole and damaged.
#include "sim/card/xclbin_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/card/memory_map.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;

class XclbinReaderTest : public testing::Test {
 protected:
  XclbinReaderTest() {
    std::ifstream file(std::string(POINTSMAN_LOOPBACK_FOLDER) + "/pointsman.xclbin",
                       std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }

  std::vector<uint8_t> bytes_;
};

TEST_F(XclbinReaderTest, ReadsTheCardsOwn) {
  const auto contents = ReadXclbin(bytes_);
  ASSERT_TRUE(contents.ok()) << contents.status();
  EXPECT_EQ(contents->kernels, std::vector<std::string>{"pointsman_card:pointsman_card_1"});
  ASSERT_EQ(contents->banks.size(), kMemoryBanks.size());
  for (size_t i = 0; i < kMemoryBanks.size(); ++i) {
    EXPECT_EQ(contents->banks[i].tag, kMemoryBanks[i].tag);
    EXPECT_EQ(contents->banks[i].base, kMemoryBanks[i].base);
    EXPECT_EQ(contents->banks[i].size_bytes, kMemoryBanks[i].size_bytes);
  }
}

TEST_F(XclbinReaderTest, EveryCutIsAnError) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    const auto contents = ReadXclbin(absl::MakeSpan(bytes_).first(size));
    ASSERT_EQ(contents.status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
}

TEST_F(XclbinReaderTest, EveryDamagedByteIsReadOrRefused) {
  for (size_t i = 0; i < bytes_.size(); ++i) {
    std::vector<uint8_t> damaged = bytes_;
    damaged[i] ^= 0xff;
    ReadXclbin(damaged).IgnoreError();
  }
}

TEST_F(XclbinReaderTest, ATextIsNoContainer) {
  const std::vector<uint8_t> text(1000, 'x');
  EXPECT_THAT(std::string(ReadXclbin(text).status().message()), HasSubstr("no xclbin"));
}

}  // namespace
}  // namespace pointsman
