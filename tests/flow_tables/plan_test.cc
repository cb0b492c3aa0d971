#include "flow_tables/plan.h"

#include <iostream>
#include <vector>

#include "gmock/gmock.h"
#include "tests/flow_tables/plan_probes.h"

namespace pointsman {
namespace {

TEST(Plan, GivesTheOldOrTheNewAnswerAfterEveryWrite) {
  std::mt19937_64 random = TestRandom();
  Forwarding wanted;
  wanted.gateway.destination_mac = MacAddress{0x020000aa0000};
  Image image = BuildImage(wanted, EmptyImage(kSmallSizes)).value();
  int refused = 0;
  for (int step = 0; step < 300; ++step) {
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
    Image now = image;
    ExpectNoThirdAnswer(MakePlan(image, *built), image, *built, RandomProbes(random, 60), now);
    ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    ASSERT_TRUE(SameRows(now, *built)) << "step " << step;
    image = *built;
    wanted = next;
  }
  std::cout << refused << " of 300 steps refused for lack of room\n";
  EXPECT_LT(refused, 200);
}

}  // namespace
}  // namespace pointsman
