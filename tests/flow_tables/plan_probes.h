// Probes of a plan: random packets' keys, and what each of them meets before, after, and in the
// middle of it.
#ifndef POINTSMAN_TESTS_FLOW_TABLES_PLAN_PROBES_H_
#define POINTSMAN_TESTS_FLOW_TABLES_PLAN_PROBES_H_

#include <array>
#include <vector>

#include "flow_tables/plan.h"
#include "gmock/gmock.h"
#include "tests/flow_tables/image_lookup.h"
#include "tests/flow_tables/random_forwarding.h"

namespace pointsman {

// Everything one packet meets. Class, halves and reply's next hop are looked up in different
// tables, so between two writes each is old or new by itself.
struct PacketAnswer {
  ClientClass client_class;
  NextHopRow reply_next_hop;
  std::array<ServiceAnswer, 2> services;  // outside and inside
};

inline PacketAnswer LookUpPacket(const Image& image, const FlowKey& key) {
  const ClientAnswer client = LookUpClient(image, key.source);
  return {client.client_class,
          client.next_hop,
          {LookUpService(image, key, false), LookUpService(image, key, true)}};
}

inline std::vector<FlowKey> RandomProbes(std::mt19937_64& random, int count) {
  std::vector<FlowKey> probes;
  for (int i = 0; i < count; ++i) {
    const Frontend frontend = RandomFrontend(random, NextHop{});
    const uint32_t client = 0x0a000000 + Below(random, 256);
    probes.push_back({RandomAddress(frontend.address.is_v4(), client), frontend.address,
                      static_cast<uint16_t>(random()), frontend.port, frontend.protocol});
  }
  return probes;
}

inline void ExpectOldOrNew(const PacketAnswer& now, const PacketAnswer& before,
                           const PacketAnswer& after) {
  ASSERT_TRUE(now.client_class == before.client_class || now.client_class == after.client_class);
  ASSERT_TRUE(now.reply_next_hop == before.reply_next_hop ||
              now.reply_next_hop == after.reply_next_hop);
  for (size_t i = 0; i < now.services.size(); ++i) {
    ASSERT_TRUE(now.services[i] == before.services[i] || now.services[i] == after.services[i])
        << (i == 0 ? "outside" : "inside");
  }
}

// Applies the plan to `now` and checks the probes after every write; `before` and `after` are what
// it leads from and to.
inline void ExpectNoThirdAnswer(const Plan& plan, const Image& before, const Image& after,
                                const std::vector<FlowKey>& probes, Image& now) {
  std::vector<PacketAnswer> old_answers, new_answers;
  for (const FlowKey& probe : probes) {
    old_answers.push_back(LookUpPacket(before, probe));
    new_answers.push_back(LookUpPacket(after, probe));
  }
  for (size_t write = 0; write < plan.writes.size(); ++write) {
    Apply(plan.writes[write], now);
    if (plan.writes[write].table == TableId::kSlots && write % 32 != 0) continue;
    for (size_t i = 0; i < probes.size(); ++i) {
      ExpectOldOrNew(LookUpPacket(now, probes[i]), old_answers[i], new_answers[i]);
      ASSERT_FALSE(testing::Test::HasFatalFailure())
          << "probe " << i << " after write " << write << " of " << plan.writes.size();
    }
  }
}

// The rows are the same; the configuration, the names and the sets' prefixes are not rows.
inline bool SameRows(const Image& a, const Image& b) {
  return a.frontends == b.frontends && a.sources == b.sources && a.slots == b.slots &&
         a.endpoints == b.endpoints && a.next_hops == b.next_hops;
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_FLOW_TABLES_PLAN_PROBES_H_
