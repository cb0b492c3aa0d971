#include "host/agent/node_update.h"

#include <gtest/gtest.h>

#include "flow_tables/image_keeper.h"

namespace pointsman {
namespace {

constexpr int kChanges = 1000;

kube::ObjectKey Service(const char* name) { return {kube::Kind::kService, "shop", name}; }

Frontend FrontendOf(uint32_t service, uint32_t endpoint) {
  Frontend frontend;
  frontend.address = Ipv4Address{0x0a600000 + service};
  frontend.port = 80;
  frontend.outside = {FrontendAction::kForward, false, {}};
  frontend.outside.endpoints = {
      {.address = Ipv4Address{0x0af40000 + endpoint}, .port = 8080, .next_hop = {}}};
  return frontend;
}

NodeUpdate ChangeOf(const char* name, const Frontend& frontend, absl::Time heard_at) {
  NodeUpdate update;
  update.change.frontends[KeyOf(frontend)] = frontend;
  ServiceReport report;
  report.service = Service(name);
  update.change.services[Service(name)] = report;
  update.heard.endpoint_slices = 1;
  update.heard.waiting[Service(name)] = heard_at;
  return update;
}

// One Service changes a thousand times while the agent is busy, another one once in the middle:
// what the agent then takes is one change of two frontends, and one plan.
TEST(NodeUpdateTest, ChangesThatWaitBecomeOnePlan) {
  ImageKeeper keeper(EmptyImage(kSimSizes));
  Forwarding wanted;
  wanted.frontends = {FrontendOf(1, 0), FrontendOf(2, 0)};
  ASSERT_TRUE(keeper.Replace(wanted).ok());

  NodeUpdate waiting;
  for (int i = 1; i <= kChanges; ++i) {
    const absl::Time now = absl::UnixEpoch() + absl::Milliseconds(i);
    waiting.Append(ChangeOf("noisy", FrontendOf(1, static_cast<uint32_t>(i)), now));
    if (i == kChanges / 2) waiting.Append(ChangeOf("quiet", FrontendOf(2, 5), now));
  }
  EXPECT_EQ(waiting.change.frontends.size(), 2u);
  EXPECT_EQ(waiting.heard.endpoint_slices, kChanges + 1u);
  EXPECT_EQ(waiting.heard.waiting.at(Service("noisy")), absl::UnixEpoch() + absl::Milliseconds(1));
  EXPECT_EQ(waiting.heard.waiting.at(Service("quiet")),
            absl::UnixEpoch() + absl::Milliseconds(kChanges / 2));

  const ForwardingChange change = ForwardingChangeOf(waiting.change, wanted);
  const auto plan = keeper.Update(change);
  ASSERT_TRUE(plan.ok()) << plan.status();
  size_t rows_of_one_change = 0;
  {
    ImageKeeper other(EmptyImage(kSimSizes));
    ASSERT_TRUE(other.Replace(wanted).ok());
    rows_of_one_change =
        other.Update({.frontends = {FrontendOf(1, kChanges)}, .gone = {}}).value().writes.size();
  }
  EXPECT_LE(plan->writes.size(), 3 * rows_of_one_change);
}

TEST(NodeUpdateTest, AWholeStateStandsForAllBefore) {
  NodeUpdate waiting = ChangeOf("noisy", FrontendOf(1, 1), absl::UnixEpoch());
  NodeUpdate whole;
  whole.whole.emplace().forwarding.frontends = {FrontendOf(7, 7)};
  whole.heard.gone = {Service("noisy")};
  waiting.Append(std::move(whole));
  EXPECT_TRUE(waiting.change.empty());
  EXPECT_TRUE(waiting.heard.waiting.empty());
  waiting.Append(ChangeOf("noisy", FrontendOf(1, 2), absl::UnixEpoch() + absl::Seconds(2)));
  EXPECT_TRUE(waiting.heard.gone.empty());
  NodeForwarding state;
  waiting.ApplyTo(state);
  EXPECT_EQ(state.forwarding.frontends,
            std::vector<Frontend>({FrontendOf(1, 2), FrontendOf(7, 7)}));
}

}  // namespace
}  // namespace pointsman
