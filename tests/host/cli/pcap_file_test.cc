#include "host/cli/pcap_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/host/kube/temp_folder.h"

namespace pointsman {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr size_t kFileHeaderBytes = 24;
constexpr size_t kLinkTypeAt = 20;
constexpr size_t kWireLengthAt = kFileHeaderBytes + 12;
constexpr char kLinkTypeRaw = 101;

class PcapFileTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() / name; }

  // The bytes of a capture of two frames, of 60 and 61 bytes.
  std::string GoodBytes() const {
    EXPECT_TRUE(WriteCapture(Path("good"), {{{1, 2}, std::vector<uint8_t>(60, 7)},
                                            {{3, 4}, std::vector<uint8_t>(61, 8)}})
                    .ok());
    std::ifstream stream(Path("good"), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  kube::TempFolder folder_;
};

TEST_F(PcapFileTest, ReadsWhatItWrote) {
  GoodBytes();
  const auto frames = ReadCapture(Path("good"));
  ASSERT_TRUE(frames.ok()) << frames.status();
  ASSERT_EQ(frames->size(), 2u);
  EXPECT_EQ((*frames)[0].frame, std::vector<uint8_t>(60, 7));
  EXPECT_EQ((*frames)[1].frame, std::vector<uint8_t>(61, 8));
  EXPECT_EQ((*frames)[1].time.tv_sec, 3);
  EXPECT_EQ((*frames)[1].time.tv_usec, 4);
}

TEST_F(PcapFileTest, RefusesBadFilesByName) {
  const std::string good = GoodBytes();
  std::string cut = good, other_link = good;
  cut[kWireLengthAt] = 90;
  other_link[kLinkTypeAt] = kLinkTypeRaw;
  struct Case {
    const char* name;
    std::string bytes;
    const char* message;
  };
  const Case cases[] = {
      {"empty", "", ""},
      {"text", "not a capture, but long enough for its header", ""},
      {"ends-in-frame", good.substr(0, good.size() - 1), "after frame 1: "},
      {"ends-in-header", good.substr(0, kFileHeaderBytes + 16 + 60 + 3), "after frame 1: "},
      {"cut", cut, "frame 1 was captured with 60 of its 90 bytes"},
      {"other-link", other_link, "is not Ethernet"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    folder_.Write(c.name, c.bytes);
    const absl::Status status = ReadCapture(Path(c.name)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith(Path(c.name) + ": "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

TEST_F(PcapFileTest, NamesAFileThatCannotBeOpened) {
  for (const absl::Status& status :
       {ReadCapture(Path("none")).status(), WriteCapture(Path("no/folder"), {})}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(folder_.path().string() + "/no"));
  }
}

}  // namespace
}  // namespace pointsman
