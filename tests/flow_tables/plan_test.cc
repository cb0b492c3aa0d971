#include "flow_tables/plan.h"

#include <array>
#include <iostream>
#include <vector>

#include "gmock/gmock.h"
#include "tests/flow_tables/image_lookup.h"
#include "tests/flow_tables/random_forwarding.h"

namespace pointsman {
namespace {

// Everything one packet meets. Class, halves and reply's next hop are looked up in different
// tables, so between two writes each is old or new by itself.
struct Answer {
  ClientAnswer client;
  std::array<ServiceAnswer, 2> services;  // outside and inside
};

Answer LookUp(const Image& image, const FlowKey& key) {
  Answer answer{.client = LookUpClient(image, key.source), .services = {}};
  for (const bool inside : {false, true}) {
    answer.services[inside] = LookUpService(image, key, inside);
  }
  return answer;
}

FlowKey RandomKey(std::mt19937_64& random) {
  const Frontend frontend = RandomFrontend(random, NextHop{});
  const uint32_t client = 0x0a000000 + Below(random, 256);
  return {RandomAddress(frontend.address.is_v4(), client), frontend.address,
          static_cast<uint16_t>(random()), frontend.port, frontend.protocol};
}

void ExpectOldOrNew(const Answer& now, const Answer& before, const Answer& after) {
  ASSERT_TRUE(now.client == before.client || now.client == after.client);
  for (size_t i = 0; i < now.services.size(); ++i) {
    ASSERT_TRUE(now.services[i] == before.services[i] || now.services[i] == after.services[i])
        << (i == 0 ? "outside" : "inside");
  }
}

// The configuration and the names are not rows.
Image WithoutRows(Image image, const Image& to) {
  image.configuration = to.configuration;
  image.counter_names = to.counter_names;
  return image;
}

// Applies the plan from `from` to `to` and checks the probes after every write.
void ExpectNoThirdAnswer(const Image& from, const Image& to, const std::vector<FlowKey>& probes) {
  std::vector<Answer> before;
  std::vector<Answer> after;
  for (const FlowKey& probe : probes) {
    before.push_back(LookUp(from, probe));
    after.push_back(LookUp(to, probe));
  }
  Image now = from;
  const Plan plan = MakePlan(from, to);
  for (size_t write = 0; write < plan.writes.size(); ++write) {
    Apply(plan.writes[write], now);
    if (plan.writes[write].table == TableId::kSlots && write % 32 != 0) continue;
    for (size_t i = 0; i < probes.size(); ++i) {
      ExpectOldOrNew(LookUp(now, probes[i]), before[i], after[i]);
      ASSERT_FALSE(testing::Test::HasFatalFailure())
          << "probe " << i << " after write " << write << " of " << plan.writes.size();
    }
  }
  ASSERT_TRUE(WithoutRows(now, to) == to);
}

TEST(Plan, GivesTheOldOrTheNewAnswerAfterEveryWrite) {
  std::mt19937_64 random = TestRandom();
  Forwarding wanted;
  wanted.gateway.destination_mac = MacAddress{0x020000aa0000};
  Image image = BuildImage(wanted, EmptyImage(kSmallSizes)).value();
  int refused = 0;
  for (int step = 0; step < 400; ++step) {
    Forwarding next = wanted;
    if (step % 8 == 7) {
      ChangeGateway(random, next);
    } else {
      ChangeFrontends(random, 60, next);
      ChangeSources(random, next);
    }
    const auto built = BuildImage(next, image);
    if (!built.ok()) {
      ASSERT_EQ(built.status().code(), absl::StatusCode::kResourceExhausted) << built.status();
      ++refused;
      continue;
    }
    std::vector<FlowKey> probes;
    for (int i = 0; i < 60; ++i) probes.push_back(RandomKey(random));
    ExpectNoThirdAnswer(image, *built, probes);
    ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    image = *built;
    wanted = next;
  }
  std::cout << refused << " of 400 steps refused for lack of room\n";
  EXPECT_LT(refused, 300);
}

}  // namespace
}  // namespace pointsman
