#include "host/ports/reserved_pages.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pointsman {
namespace {

constexpr uint64_t kPageBytes = uint64_t{2} << 20;

TEST(ReservedPagesTest, MustBeFreeAndReallyThere) {
  EXPECT_FALSE(CanTakeReservedPages({}, 1));
  EXPECT_FALSE(CanTakeReservedPages({{.page_bytes = kPageBytes, .free = 1}}, kPageBytes + 1));
  // Nobody has that much.
  constexpr uint64_t kPages = uint64_t{1} << 24;
  EXPECT_FALSE(
      CanTakeReservedPages({{.page_bytes = kPageBytes, .free = kPages}}, kPages * kPageBytes));
}

TEST(ReservedPagesTest, AreGivenBack) {
  const std::vector<ReservedPages> before = FindReservedPages();
  const auto some = std::ranges::find_if(before, [](const auto& one) { return one.free > 0; });
  if (some == before.end()) GTEST_SKIP() << "no huge pages are free: " << Describe(before);
  EXPECT_TRUE(CanTakeReservedPages(before, 1));
  EXPECT_TRUE(CanTakeReservedPages(before, some->free * some->page_bytes));
  EXPECT_EQ(Describe(FindReservedPages()), Describe(before));
}

TEST(ReservedPagesTest, AreDescribedBySize) {
  EXPECT_EQ(Describe({}), "none");
  EXPECT_EQ(
      Describe({{.page_bytes = kPageBytes, .free = 3}, {.page_bytes = kPageBytes << 9, .free = 1}}),
      "3 free of 2 MiB, 1 free of 1024 MiB");
}

}  // namespace
}  // namespace pointsman
