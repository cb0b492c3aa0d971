#include "host/cli/text_table.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

TEST(TextTableTest, AlignsColumns) {
  struct Case {
    std::vector<std::vector<std::string>> rows;
    const char* text;
  };
  const Case cases[] = {{{}, ""},
                        {{{"A"}}, "A\n"},
                        {{{"A", "B"}, {"long", "x"}, {"", "y"}}, "A     B\nlong  x\n      y\n"},
                        {{{"A", "B"}, {"only"}}, "A     B\nonly\n"}};
  for (const Case& c : cases) EXPECT_EQ(TextTable(c.rows), c.text);
}

}  // namespace
}  // namespace pointsman
