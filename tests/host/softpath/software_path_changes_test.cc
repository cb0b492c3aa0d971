// The software path after any number of changes answers as one that was told everything at once.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "flow_tables/image_keeper.h"
#include "host/conformance/probe.h"
#include "host/softpath/software_path.h"
#include "tests/flow_tables/random_forwarding.h"

namespace pointsman {
namespace {

using conformance::ProbeFrame;

std::optional<FlowKey> KnowsNone(const FlowKey&) { return std::nullopt; }

// Whose choice does not depend on the choices before.
bool ChoosesByHash(const Frontend& frontend) { return frontend.scheduler == Scheduler::kRandom; }

struct Followed {
  Followed() {
    CardSizes sizes = kSmallSizes;
    sizes.frontends = sizes.frontend_counters = 256;
    sizes.endpoints = 1024;
    sizes.next_hops = 256;
    keeper = std::make_unique<ImageKeeper>(EmptyImage(sizes));
    EXPECT_TRUE(keeper->Replace(wanted).ok());
    path.SetForwarding(wanted, keeper->image());
  }

  void Change(std::mt19937_64& random) {
    ForwardingChange change;
    for (uint32_t i = 0; i <= Below(random, 3); ++i) {
      Frontend frontend = RandomFrontend(random, wanted.gateway);
      const FrontendKey key = KeyOf(frontend);
      if (!touched.insert(key).second) continue;
      if (present.size() > 40 || Below(random, 3) == 0) {
        change.gone.push_back(key);
        present.erase(key);
      } else {
        present.insert_or_assign(key, frontend);
        change.frontends.push_back(std::move(frontend));
      }
    }
    touched.clear();
    if (Below(random, 10) == 0) {
      wanted.cluster_ips = {RandomAddress(true, 0x0a600000 + Below(random, 256))};
      change.rest = RestOf(wanted);
    }
    const auto plan = keeper->Update(change);
    ASSERT_TRUE(plan.ok()) << plan.status();
    path.RowsWritten(plan->writes);
    path.Update(change);
    wanted.frontends.clear();
    for (const auto& [held, frontend] : present) wanted.frontends.push_back(frontend);
  }

  std::optional<EndpointRow> RowFor(SoftwarePath& asked, const FlowKey& key) const {
    const std::vector<uint8_t> frame = ProbeFrame(key);
    const PuntService service =
        asked.Serve({frame, Port::kUplink, Reason::kHostDecides, 0}, absl::UnixEpoch(), KnowsNone);
    if (!service.directed_endpoint) return std::nullopt;
    return keeper->image().endpoints.at(*service.directed_endpoint);
  }

  Forwarding wanted;
  std::map<FrontendKey, Frontend> present;
  std::set<FrontendKey> touched;
  std::unique_ptr<ImageKeeper> keeper;
  SoftwarePath path{64};
};

TEST(SoftwarePathChangesTest, LeadToTheSameAsEverythingAtOnce) {
  std::mt19937_64 random = TestRandom();
  Followed followed;
  int directed = 0;
  for (int step = 0; step < 300; ++step) {
    ASSERT_NO_FATAL_FAILURE(followed.Change(random));
    SoftwarePath afresh(64);
    afresh.SetForwarding(followed.wanted, followed.keeper->image());
    for (int probe = 0; probe < 20; ++probe) {
      const Frontend frontend = RandomFrontend(random, {});
      const FlowKey key{RandomAddress(frontend.address.is_v4(), 0x0a000000 + Below(random, 256)),
                        frontend.address, static_cast<uint16_t>(1024 + Below(random, 60000)), 80,
                        frontend.protocol};
      const Decision mine = followed.path.Decide(key, absl::UnixEpoch());
      const Decision others = afresh.Decide(key, absl::UnixEpoch());
      ASSERT_EQ(mine.frontend == nullptr, others.frontend == nullptr);
      if (mine.frontend == nullptr) continue;
      ASSERT_EQ(*mine.frontend, *others.frontend);
      ASSERT_EQ(mine.action, others.action);
      ASSERT_EQ(mine.client, others.client);
      if (mine.endpoint == nullptr || !ChoosesByHash(*mine.frontend)) continue;
      ASSERT_EQ(*mine.endpoint, *others.endpoint);
      const auto row = followed.RowFor(followed.path, key);
      ASSERT_EQ(row, followed.RowFor(afresh, key)) << "step " << step;
      directed += row ? 1 : 0;
    }
  }
  EXPECT_GT(directed, 500);
}

}  // namespace
}  // namespace pointsman
