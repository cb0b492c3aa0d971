#include "host/cli/top_table.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

using nlohmann::json;

json Document(std::initializer_list<std::pair<const char*, uint64_t>> packets_by_frontend,
              uint64_t forwarded) {
  json document = {{"packets", {{"forwarded", forwarded}}},
                   {"connections", {{"count", 3}}},
                   {"frontends", json::array()}};
  for (const auto& [name, packets] : packets_by_frontend) {
    document["frontends"].push_back({{"name", name},
                                     {"address", "10.96.0.1:80"},
                                     {"protocol", "TCP"},
                                     {"packets", packets},
                                     {"bytes", packets * 100}});
  }
  return document;
}

TEST(TopOfTest, TheBusiestComeFirstByWhatWasCountedBetween) {
  const json top = TopOf(Document({{"old", 1000}, {"busy", 10}}, 5),
                         Document({{"old", 1002}, {"busy", 30}, {"new", 4}}, 25), 2, 2);
  EXPECT_EQ(top["packets_per_s"]["forwarded"], 10.0);
  EXPECT_EQ(top["connections"], 3);
  ASSERT_EQ(top["frontends"].size(), 2u);
  EXPECT_EQ(top["frontends"][0]["name"], "busy");
  EXPECT_EQ(top["frontends"][0]["packets_per_s"], 10.0);
  EXPECT_EQ(top["frontends"][0]["bits_per_s"], 8000.0);
  EXPECT_EQ(top["frontends"][1]["name"], "new");
  EXPECT_EQ(top["frontends"][1]["packets_per_s"], 2.0);
}

TEST(TopOfTest, CountersThatWentBackCountFromZero) {
  const json top = TopOf(Document({{"web", 1000}}, 1000), Document({{"web", 6}}, 8), 1, 9);
  EXPECT_EQ(top["packets_per_s"]["forwarded"], 8.0);
  EXPECT_EQ(top["frontends"][0]["packets_per_s"], 6.0);
}

}  // namespace
}  // namespace pointsman
