#include "host/cli/junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pointsman {
namespace {

using conformance::CaseStatus;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(JunitDocumentTest, CountsAndTellsEachCase) {
  const std::string text =
      JunitDocument({{"a.yaml", 3, "shop", "one", CaseStatus::kPassed, ""},
                     {"a.yaml", 4, "shop", "two", CaseStatus::kFailed, "expected: drop"},
                     {"b.yaml", 5, "shop", "three", CaseStatus::kSkipped, "IPv6"}});
  EXPECT_THAT(text, HasSubstr("tests=\"3\" failures=\"1\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("classname=\"shop\" name=\"one\" file=\"a.yaml\" line=\"3\">"
                              "</testcase>"));
  EXPECT_THAT(text, HasSubstr("<failure>expected: drop</failure>"));
  EXPECT_THAT(text, HasSubstr("<skipped message=\"IPv6\"/>"));
}

TEST(JunitDocumentTest, EscapesWhatXmlDoesNotTake) {
  const std::string text =
      JunitDocument({{"a&b", 1, "s", "\"<x>\"", CaseStatus::kFailed, std::string("a\x01\nb")}});
  EXPECT_THAT(text, HasSubstr("name=\"&quot;&lt;x>&quot;\" file=\"a&amp;b\""));
  EXPECT_THAT(text, HasSubstr("<failure>a?\nb</failure>"));
  EXPECT_THAT(text, Not(HasSubstr("\x01")));
}

}  // namespace
}  // namespace pointsman
