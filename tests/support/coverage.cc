#include "tests/support/coverage.h"

#include <fmt/format.h>

namespace pointsman {

Coverage& Coverage::Get() {
  static auto* const coverage = new Coverage;  // gtest deletes it
  return *coverage;
}

void Coverage::TearDown() {
  const bool all_tests = testing::GTEST_FLAG(filter) == "*";
  size_t missing = 0;
  fmt::print("functional coverage:\n");
  for (const std::string& point : expected_) {
    const auto hit = hits_.find(point);
    if (hit == hits_.end()) ++missing;
    fmt::print("{:>12}  {}\n", hit == hits_.end() ? "not met" : std::to_string(hit->second), point);
  }
  fmt::print("{} of {} points met\n", expected_.size() - missing, expected_.size());
  if (all_tests) {
    EXPECT_EQ(missing, 0u) << "points of functional coverage that no test met";
  }
}

}  // namespace pointsman
