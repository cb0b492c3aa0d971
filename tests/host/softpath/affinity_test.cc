#include "host/softpath/affinity.h"

#include <gtest/gtest.h>

namespace pointsman {
namespace {

const Address kClient = Ipv4Address{0x0a000001};
const Address kOther = Ipv4Address{0x0a000002};
const EndpointId kFirst{Ipv4Address{0x0af40001}, 80};
const EndpointId kSecond{Ipv4Address{0x0af40002}, 80};
constexpr absl::Duration kTimeout = absl::Seconds(10);

absl::Time At(int seconds) { return absl::UnixEpoch() + absl::Seconds(seconds); }

TEST(AffinityTest, LastsUntilTheTimeoutAfterTheLastConnection) {
  Affinity affinity(10);
  EXPECT_EQ(affinity.Find("web", kClient, At(0), kTimeout), std::nullopt);
  affinity.Remember("web", kClient, kFirst, At(0));
  EXPECT_EQ(affinity.Find("web", kClient, At(9), kTimeout), kFirst);
  EXPECT_EQ(affinity.Find("web", kClient, At(10), kTimeout), std::nullopt);
  affinity.Remember("web", kClient, kFirst, At(9));
  EXPECT_EQ(affinity.Find("web", kClient, At(18), kTimeout), kFirst);
}

TEST(AffinityTest, ClientsAndGroupsAreApart) {
  Affinity affinity(10);
  affinity.Remember("web", kClient, kFirst, At(0));
  EXPECT_EQ(affinity.Find("web", kOther, At(0), kTimeout), std::nullopt);
  EXPECT_EQ(affinity.Find("shop", kClient, At(0), kTimeout), std::nullopt);
  affinity.Remember("web", kClient, kSecond, At(1));
  EXPECT_EQ(affinity.Find("web", kClient, At(1), kTimeout), kSecond);
  EXPECT_EQ(affinity.size(), 1u);
}

TEST(AffinityTest, ForgetsWhoCameLongestAgo) {
  Affinity affinity(2);
  const Address third = Ipv4Address{0x0a000003};
  affinity.Remember("web", kClient, kFirst, At(0));
  affinity.Remember("web", kOther, kFirst, At(1));
  affinity.Remember("web", kClient, kFirst, At(2));
  affinity.Remember("web", third, kFirst, At(3));
  EXPECT_EQ(affinity.size(), 2u);
  EXPECT_EQ(affinity.Find("web", kOther, At(3), kTimeout), std::nullopt);
  EXPECT_EQ(affinity.Find("web", kClient, At(3), kTimeout), kFirst);
  affinity.Clear();
  EXPECT_EQ(affinity.Find("web", kClient, At(3), kTimeout), std::nullopt);
}

}  // namespace
}  // namespace pointsman
