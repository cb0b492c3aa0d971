#include "host/cli/exit_code.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

TEST(ExitCodeTest, EachErrorHasItsCodeAndItsWords) {
  struct Case {
    int (*report)(const absl::Status&);
    absl::Status status;
    int code;
    const char* words;
  };
  const Case cases[] = {
      {ReportInputError, absl::NotFoundError("a: gone"), kExitWrongUse, "pointsman: a: gone\n"},
      {ReportCardError, absl::UnavailableError("dead"), kExitNoCard, "pointsman: card: dead\n"},
      {ReportCardError, absl::InvalidArgumentError("x"), kExitWrongUse, "pointsman: card: x\n"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.words);
    testing::internal::CaptureStderr();
    EXPECT_EQ(c.report(c.status), c.code);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), c.words);
  }
}

}  // namespace
}  // namespace pointsman
