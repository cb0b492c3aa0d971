#include "host/softpath/affinity.h"

#include <gtest/gtest.h>

#include "tests/support/kept_folder.h"

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

class KeptAffinityTest : public test::KeptFolderTest {
 protected:
  static constexpr uint32_t kClients = 100;

  Affinity Open(size_t clients_max = kClients) const { return Affinity(clients_max, OpenRows()); }
  KeptRows<KeptClient> OpenRows() const {
    std::string note;
    auto rows = KeptRows<KeptClient>::Open(folder_ / "affinity", 1, kClients + 1, note);
    EXPECT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(note, "");
    return *std::move(rows);
  }
};

TEST_F(KeptAffinityTest, GoesOnInTheNextProcess) {
  {
    Affinity affinity = Open();
    affinity.Remember("web", kClient, kFirst, At(0));
    affinity.Remember("shop", kClient, kSecond, At(1));
    affinity.Remember("web", kOther, kFirst, At(2));
    affinity.Remember("web", kOther, kSecond, At(3));
    affinity.Remember("web", kClient, kFirst, At(5));
  }
  for (int generation = 0; generation < 3; ++generation) {
    const Affinity affinity = Open();
    EXPECT_EQ(affinity.size(), 3u);
    EXPECT_EQ(affinity.Find("web", kClient, At(14), kTimeout), kFirst);
    EXPECT_EQ(affinity.Find("web", kClient, At(15), kTimeout), std::nullopt);
    EXPECT_EQ(affinity.Find("shop", kClient, At(10), kTimeout), kSecond);
    EXPECT_EQ(affinity.Find("web", kOther, At(12), kTimeout), kSecond);
    EXPECT_EQ(affinity.Find("web", kOther, At(13), kTimeout), std::nullopt);
  }
  Open().Clear();
  EXPECT_EQ(Open().size(), 0u);
}

TEST_F(KeptAffinityTest, ForgetsWhoCameLongestAgoAlsoOfThoseThatWereKept) {
  {
    Affinity affinity = Open();
    affinity.Remember("web", kClient, kFirst, At(0));
    affinity.Remember("web", kOther, kFirst, At(1));
    affinity.Remember("web", kClient, kFirst, At(2));
  }
  Affinity affinity = Open(2);
  affinity.Remember("shop", kClient, kFirst, At(3));
  EXPECT_EQ(affinity.Find("web", kOther, At(3), kTimeout), std::nullopt);
  EXPECT_EQ(affinity.Find("web", kClient, At(3), kTimeout), kFirst);
  EXPECT_EQ(Open().size(), 2u);
}

TEST_F(KeptAffinityTest, HasOneEndpointWheneverItsProcessIsKilled) {
  const auto client = [](uint32_t step) { return Address(Ipv4Address{0x0a000000 + step % 90}); };
  Affinity before = Open();
  for (uint32_t step = 0; step < 90; ++step) before.Remember("web", client(step), kFirst, At(0));
  for (int round = 0; round < 10; ++round) {
    KillWhile([&] {
      static Affinity affinity = Open();
      static uint32_t step = 0;
      ++step;
      affinity.Remember("web", client(step), step / 90 % 2 == 0 ? kFirst : kSecond,
                        absl::UnixEpoch() + absl::Milliseconds(step));
    });
    const Affinity affinity = Open();
    EXPECT_EQ(affinity.size(), 90u);
    for (uint32_t step = 0; step < 90; ++step) {
      const auto met = affinity.Find("web", client(step), At(0), absl::InfiniteDuration());
      ASSERT_TRUE(met);
      EXPECT_TRUE(met == kFirst || met == kSecond);
    }
  }
}

// As a process leaves them that is killed between the two.
TEST_F(KeptAffinityTest, TheNewerOfTwoRowsOfAClientCounts) {
  {
    KeptRows<KeptClient> rows = OpenRows();
    KeptClient client{.client = kClient, .endpoint = kSecond, .last_ns = 2'000'000'000};
    client.group = {'w', 'e', 'b'};
    rows.Add(client);
    client.endpoint = kFirst;
    client.last_ns = 1'000'000'000;
    rows.Add(client);
  }
  for (int generation = 0; generation < 2; ++generation) {
    EXPECT_EQ(Open().Find("web", kClient, At(2), kTimeout), kSecond);
    EXPECT_EQ(Open().size(), 1u);
  }
}

TEST_F(KeptAffinityTest, AGroupWithoutANameIsLeftOut) {
  Affinity affinity = Open();
  affinity.Remember(std::string(200, 'x'), kClient, kFirst, At(0));
  affinity.Remember(std::string(199, 'y'), kClient, kFirst, At(0));
  affinity.Remember("", kClient, kFirst, At(0));
  EXPECT_EQ(affinity.size(), 3u);
  const Affinity found = Open();
  EXPECT_EQ(found.size(), 1u);
  EXPECT_EQ(found.Find(std::string(199, 'y'), kClient, At(0), kTimeout), kFirst);
}

}  // namespace
}  // namespace pointsman
