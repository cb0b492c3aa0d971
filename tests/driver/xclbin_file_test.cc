#include "driver/xclbin_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>

namespace pointsman {
namespace {

using ::testing::HasSubstr;

// A container with one section of 16 bytes behind the headers.
std::string Container() {
  std::string bytes(456 + 40 + 16, '\0');
  const auto put = [&bytes](size_t at, auto value) {
    std::memcpy(bytes.data() + at, &value, sizeof(value));
  };
  std::memcpy(bytes.data(), "xclbin2", 8);
  put(304, uint64_t{bytes.size()});
  put(448, uint32_t{1});
  put(456 + 24, uint64_t{496});
  put(456 + 32, uint64_t{16});
  return bytes;
}

std::string With(size_t at, uint64_t value, size_t size) {
  std::string bytes = Container();
  std::memcpy(bytes.data() + at, &value, size);
  return bytes;
}

TEST(XclbinFile, TellsWhatIsWrong) {
  struct Case {
    const char* what;
    std::string bytes;
    absl::StatusCode code;
    const char* message;
  };
  constexpr auto kBad = absl::StatusCode::kInvalidArgument;
  const Case cases[] = {
      {"good", Container(), absl::StatusCode::kOk, ""},
      {"empty", "", kBad, "no xclbin"},
      {"text", std::string(1000, 'x'), kBad, "no xclbin: it does not begin with \"xclbin2\""},
      {"only magic", Container().substr(0, 100), kBad, "no xclbin"},
      {"truncated", Container().substr(0, 500), kBad,
       "header length is 512, the file has 500 bytes: it is truncated"},
      {"many sections", With(448, 1000, 4), kBad, "header: 1000 sections do not fit"},
      {"absurdly many sections", With(448, 0xffffffff, 4), kBad, "sections do not fit"},
      {"section too long", With(456 + 32, 17, 8), kBad, "section 0: 17 bytes at 496 go beyond"},
      {"section far away", With(456 + 24, ~uint64_t{0}, 8), kBad, "section 0: 16 bytes at"},
  };
  const std::string path = testing::TempDir() + "/pointsman_xclbin_file_test.xclbin";
  for (const Case& c : cases) {
    std::ofstream(path, std::ios::binary) << c.bytes;
    const absl::Status status = CheckXclbinFile(path);
    EXPECT_EQ(status.code(), c.code) << c.what << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message)) << c.what;
    if (!status.ok()) {
      EXPECT_THAT(std::string(status.message()), HasSubstr(path)) << c.what;
    }
  }
  std::remove(path.c_str());
}

TEST(XclbinFile, NamesAFileThatIsNotThere) {
  const absl::Status status = CheckXclbinFile("/nowhere/card.xclbin");
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(std::string(status.message()), "/nowhere/card.xclbin: No such file or directory");
}

}  // namespace
}  // namespace pointsman
