#include "driver/open_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

TEST(OpenCard, NamesTheFolderWithoutASimulatedCard) {
  const auto card = OpenCard(SimulatedCardAddress{.folder = "/nowhere"});
  EXPECT_TRUE(absl::IsNotFound(card.status())) << card.status();
  EXPECT_THAT(std::string(card.status().message()),
              HasSubstr("/nowhere/lib/libxrt_hwemu.so.2: no simulated card here"));
}

TEST(OpenCard, NamesAnXclbinThatIsNone) {
  const std::string path = testing::TempDir() + "/pointsman_open_card_test.xclbin";
  std::ofstream(path) << "not an xclbin";
  const auto card = OpenCard(HardwareCardAddress{.device = "0", .xclbin_path = path});
  EXPECT_TRUE(absl::IsInvalidArgument(card.status())) << card.status();
  EXPECT_THAT(std::string(card.status().message()), HasSubstr(path + ": no xclbin"));
  std::remove(path.c_str());
}

TEST(OpenCard, NamesADeviceThatIsNone) {
  for (const char* device : {"", "junk", "3b:00", "0000:3b:00.1x", "-1"}) {
    const auto card = OpenCard(HardwareCardAddress{.device = device, .xclbin_path = "x"});
    EXPECT_TRUE(absl::IsInvalidArgument(card.status())) << card.status();
    EXPECT_THAT(std::string(card.status().message()), HasSubstr("expected a BDF like"));
  }
}

TEST(OpenCard, NamesAnXclbinThatIsMissing) {
  const auto card = OpenCard(HardwareCardAddress{.device = "0", .xclbin_path = "/nowhere.xclbin"});
  EXPECT_TRUE(absl::IsNotFound(card.status())) << card.status();
}

}  // namespace
}  // namespace pointsman
