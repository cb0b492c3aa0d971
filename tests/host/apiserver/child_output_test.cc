#include "host/apiserver/child_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace pointsman::kube {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::string> Shell(const std::string& script,
                                  absl::Duration timeout = absl::Seconds(20)) {
  return ChildOutput({"sh", "-c", script}, {"PATH=/usr/bin:/bin", "GREETING=hello there"}, timeout);
}

TEST(ChildOutputTest, IsWhatTheProgramPrints) {
  EXPECT_EQ(Shell("printf \"$GREETING\"; exec >&-; sleep 0.05").value(), "hello there");
  EXPECT_EQ(Shell("cat").value(), "") << "it has no input";
  EXPECT_EQ(Shell("head -c 100000 /dev/zero").value().size(), 100'000u);
}

TEST(ChildOutputTest, FailsWithTheProgram) {
  EXPECT_THAT(std::string(Shell("echo x; exit 3").status().message()), HasSubstr("code 3"));
  EXPECT_THAT(std::string(Shell("kill -9 $$").status().message()), HasSubstr("signal 9"));
  const auto none = ChildOutput({"/nowhere/program"}, {}, absl::Seconds(20));
  EXPECT_EQ(none.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ChildOutputTest, EndsAProgramThatTakesTooLong) {
  const absl::Time started = absl::Now();
  for (const char* script : {"sleep 60", "exec >&-; exec sleep 60", "trap '' TERM; sleep 60"}) {
    EXPECT_EQ(Shell(script, absl::Milliseconds(200)).status().code(),
              absl::StatusCode::kDeadlineExceeded);
  }
  EXPECT_LT(absl::Now() - started, absl::Seconds(20));
}

TEST(ChildOutputTest, EndsAProgramThatPrintsTooMuch) {
  EXPECT_EQ(Shell("yes").status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace pointsman::kube
