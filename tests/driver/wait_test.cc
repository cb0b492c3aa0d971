#include "driver/wait.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

using std::chrono::milliseconds;

TEST(Wait, EndsWhenDone) {
  int calls = 0;
  const auto result = Wait(milliseconds(1000), [&]() -> absl::StatusOr<WaitStep> {
    return ++calls == 3 ? WaitStep::kDone : WaitStep::kNothing;
  });
  EXPECT_EQ(result.value(), WaitResult::kDone);
  EXPECT_EQ(calls, 3);
}

TEST(Wait, EndsAtTheDeadline) {
  const auto start = std::chrono::steady_clock::now();
  const auto result =
      Wait(milliseconds(20), []() -> absl::StatusOr<WaitStep> { return WaitStep::kNothing; });
  EXPECT_EQ(result.value(), WaitResult::kTimedOut);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20));
}

TEST(Wait, LooksOnceEvenWithoutTime) {
  const auto result =
      Wait(milliseconds(0), []() -> absl::StatusOr<WaitStep> { return WaitStep::kDone; });
  EXPECT_EQ(result.value(), WaitResult::kDone);
}

TEST(Wait, GoesOnWhileSomethingMoves) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = Wait(milliseconds(20), [&]() -> absl::StatusOr<WaitStep> {
    const auto elapsed = std::chrono::steady_clock::now() - start;
    return elapsed < milliseconds(60) ? WaitStep::kProgress : WaitStep::kDone;
  });
  EXPECT_EQ(result.value(), WaitResult::kDone);
}

TEST(Wait, HandsErrorsOn) {
  const auto result = Wait(milliseconds(1000), []() -> absl::StatusOr<WaitStep> {
    return absl::InternalError("broken");
  });
  EXPECT_TRUE(absl::IsInternal(result.status()));
}

}  // namespace
}  // namespace pointsman
