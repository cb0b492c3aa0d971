#include "flow_tables/image_keeper.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "flow_tables/image_check.h"
#include "gmock/gmock.h"
#include "tests/flow_tables/plan_probes.h"

namespace pointsman {
namespace {

constexpr CardSizes Roomy() {
  CardSizes sizes = kSmallSizes;
  sizes.frontends = 256;
  sizes.frontend_counters = 256;
  sizes.slots = 1 << 14;
  sizes.endpoints = 1024;
  sizes.next_hops = 256;
  return sizes;
}

// Frontends may stand in any order.
ForwardingChange ChangeBetween(const Forwarding& from, const Forwarding& to) {
  ForwardingChange change;
  absl::flat_hash_map<FrontendKey, const Frontend*> old;
  for (const Frontend& frontend : from.frontends) old.emplace(KeyOf(frontend), &frontend);
  for (const Frontend& frontend : to.frontends) {
    const auto known = old.find(KeyOf(frontend));
    if (known == old.end() || *known->second != frontend) change.frontends.push_back(frontend);
    if (known != old.end()) old.erase(known);
  }
  for (const auto& [key, frontend] : old) change.gone.push_back(key);
  if (Forwarding rest = RestOf(to); rest != RestOf(from)) change.rest = std::move(rest);
  return change;
}

Forwarding Nothing() {
  Forwarding wanted;
  wanted.gateway.destination_mac = MacAddress{0x020000aa0000};
  return wanted;
}

Forwarding Changed(std::mt19937_64& random, const Forwarding& wanted, int step) {
  Forwarding next = wanted;
  if (step % 8 == 7) {
    ChangeGateway(random, next);
    return next;
  }
  ChangeFrontends(random, 60, next);
  if (step % 3 == 0) ChangeSources(random, next);
  return next;
}

template <class Row>
size_t Valid(const std::vector<Row>& rows) {
  return static_cast<size_t>(std::ranges::count_if(rows, [](const Row& row) { return row.valid; }));
}

size_t SlotsInUse(const Image& image) {
  std::set<std::pair<uint32_t, int>> runs;
  for (const FrontendRow& row : image.frontends) {
    if (!row.valid) continue;
    if (row.outside_action == FrontendAction::kForward) {
      runs.emplace(row.outside_slots_base, row.outside_slots_log2);
    }
    if (row.inside_action == FrontendAction::kForward) {
      runs.emplace(row.inside_slots_base, row.inside_slots_log2);
    }
  }
  size_t slots = 0;
  for (const auto& [base, log2] : runs) slots += size_t{1} << log2;
  return slots;
}

// Next hops that something refers to; others may stay.
size_t NextHopsInUse(const Image& image) {
  std::set<uint16_t> used = {0};
  for (const EndpointRow& row : image.endpoints) {
    if (row.valid) used.insert(row.next_hop);
  }
  for (const SourceRow& row : image.sources) {
    if (row.valid) used.insert(row.next_hop);
  }
  return used.size();
}

void ExpectSameAnswers(const Image& image, const Image& other, const std::vector<FlowKey>& probes) {
  const auto without_counter = [](ServiceAnswer answer) {
    answer.counter = 0;  // which one is history
    return answer;
  };
  for (const FlowKey& probe : probes) {
    const PacketAnswer mine = LookUpPacket(image, probe);
    const PacketAnswer others = LookUpPacket(other, probe);
    ASSERT_EQ(mine.client_class, others.client_class);
    ASSERT_TRUE(mine.reply_next_hop == others.reply_next_hop);
    for (const size_t side : {0, 1}) {
      ASSERT_TRUE(without_counter(mine.services[side]) == without_counter(others.services[side]));
    }
  }
}

// The image that changes led to is as good as one that was built of the same in one go: the same
// answers, and as many rows. One more change, of nothing, ends what outlives a change by one.
void ExpectAsIfBuiltAfresh(ImageKeeper& keeper, const Forwarding& wanted,
                           const std::vector<FlowKey>& probes) {
  ASSERT_TRUE(keeper.Update({}).ok());
  const auto afresh = BuildImage(wanted, EmptyImage(keeper.image().sizes));
  ASSERT_TRUE(afresh.ok()) << afresh.status();
  const Image& image = keeper.image();
  ASSERT_TRUE(image.configuration == afresh->configuration);
  ASSERT_EQ(Valid(image.frontends), Valid(afresh->frontends));
  ASSERT_EQ(Valid(image.sources), Valid(afresh->sources));
  ASSERT_EQ(Valid(image.endpoints), Valid(afresh->endpoints));
  ASSERT_EQ(SlotsInUse(image), SlotsInUse(*afresh));
  ASSERT_EQ(NextHopsInUse(image), NextHopsInUse(*afresh));
  ExpectSameAnswers(image, *afresh, probes);
}

// POINTSMAN_CHANGES=10000000: a day of 115 a second.
int Changes(int in_short) {
  const char* changes = std::getenv("POINTSMAN_CHANGES");
  return changes == nullptr ? in_short : std::atoi(changes);
}

TEST(ImageKeeper, ChangesLeadWhereBuildingAfreshDoes) {
  std::mt19937_64 random = TestRandom();
  Forwarding wanted = Nothing();
  ImageKeeper keeper(EmptyImage(Roomy()));
  ASSERT_TRUE(keeper.Replace(wanted).ok());
  for (int step = 0; step < 120; ++step) {
    const Forwarding next = Changed(random, wanted, step);
    const Image before = keeper.image();
    const auto plan = keeper.Update(ChangeBetween(wanted, next));
    ASSERT_TRUE(plan.ok()) << plan.status();
    ASSERT_TRUE(keeper.misfits().empty());
    const std::vector<FlowKey> probes = RandomProbes(random, 60);
    Image now = before;
    ExpectNoThirdAnswer(*plan, before, keeper.image(), probes, now);
    ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    ASSERT_TRUE(SameRows(now, keeper.image())) << "step " << step;
    wanted = next;
    ExpectAsIfBuiltAfresh(keeper, wanted, probes);
    ASSERT_FALSE(HasFatalFailure()) << "step " << step;
  }
}

// Events one at a time, as a day brings them; and in the end everything goes.
TEST(ImageKeeper, ALongTimeLeavesNothingBehind) {
  std::mt19937_64 random = TestRandom();
  Forwarding wanted = Nothing();
  ImageKeeper keeper(EmptyImage(Roomy()));
  ASSERT_TRUE(keeper.Replace(wanted).ok());
  std::map<FrontendKey, Frontend> present;
  const int changes = Changes(100'000);
  size_t writes = 0;
  for (int i = 0; i < changes; ++i) {
    Frontend frontend = RandomFrontend(random, wanted.gateway);
    ForwardingChange change;
    if (present.size() > 60 || Below(random, 3) == 0) {
      change.gone = {KeyOf(frontend)};
      present.erase(KeyOf(frontend));
    } else {
      present.insert_or_assign(KeyOf(frontend), frontend);
      change.frontends = {std::move(frontend)};
    }
    const auto plan = keeper.Update(change);
    ASSERT_TRUE(plan.ok()) << plan.status();
    writes += plan->writes.size();
    if (i % (changes / 20) != 0) continue;
    wanted.frontends.clear();
    for (const auto& [key, held] : present) wanted.frontends.push_back(held);
    ExpectAsIfBuiltAfresh(keeper, wanted, RandomProbes(random, 200));
    ASSERT_FALSE(HasFatalFailure()) << "change " << i;
  }
  std::cout << changes << " changes, " << writes << " row writes\n";
  ForwardingChange all;
  for (const auto& [key, held] : present) all.gone.push_back(key);
  ASSERT_TRUE(keeper.Update(all).ok());
  ASSERT_TRUE(keeper.Update({}).ok());
  EXPECT_EQ(Valid(keeper.image().frontends) + Valid(keeper.image().endpoints), 0u);
  EXPECT_EQ(NextHopsInUse(keeper.image()), 1u);
}

// Where tables are too small for what is wanted: no third answer, and misfits find room when there
// is some.
TEST(ImageKeeper, WhatDoesNotFitWaitsForRoom) {
  std::mt19937_64 random = TestRandom();
  CardSizes tight = kSmallSizes;
  tight.frontends = 32;
  tight.endpoints = 48;
  tight.slots = 256;
  Forwarding wanted = Nothing();
  ImageKeeper keeper(EmptyImage(tight));
  ASSERT_TRUE(keeper.Replace(wanted).ok());
  size_t misfits = 0;
  for (int step = 0; step < 300; ++step) {
    Forwarding next = wanted;
    ChangeFrontends(random, 50, next);
    const Image before = keeper.image();
    const auto plan = keeper.Update(ChangeBetween(wanted, next));
    ASSERT_TRUE(plan.ok()) << plan.status();
    Image now = before;
    ExpectNoThirdAnswer(*plan, before, keeper.image(), RandomProbes(random, 60), now);
    ASSERT_FALSE(HasFatalFailure()) << "step " << step;
    ASSERT_TRUE(SameRows(now, keeper.image())) << "step " << step;
    for (const auto& [key, misfit] : keeper.misfits()) {
      ASSERT_THAT(misfit.why, testing::HasSubstr("table "));
      const auto& ranges = keeper.image().configuration.service_ranges;
      ASSERT_TRUE(misfit.has_row ||
                  std::ranges::any_of(ranges,
                                      [&](const ServiceRange& range) {
                                        return range.Contains(std::get<Address>(key).bits());
                                      }))
          << "a packet to it would pass";
    }
    misfits += keeper.misfits().size();
    wanted = next;
  }
  EXPECT_GT(misfits, 300u);
  ForwardingChange fewer;
  for (size_t i = 5; i < wanted.frontends.size(); ++i) {
    fewer.gone.push_back(KeyOf(wanted.frontends[i]));
  }
  ASSERT_TRUE(keeper.Update(fewer).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(keeper.Update({}).ok());
  EXPECT_TRUE(keeper.misfits().empty());
  wanted.frontends.resize(5);
  ExpectAsIfBuiltAfresh(keeper, wanted, RandomProbes(random, 200));
}

// Wherever a plan breaks off, what the card holds then can be taken over, and leads to what is
// wanted with the old or the new answer all the way.
TEST(ImageKeeper, APlanIsResumedWhereverItBrokeOff) {
  std::mt19937_64 random = TestRandom();
  Forwarding wanted = Nothing();
  CardSizes sizes = kSmallSizes;
  sizes.slots = 1 << 12;
  Image image = BuildImage(wanted, EmptyImage(sizes)).value();
  int resumed = 0;
  for (int step = 0; step < 16; ++step) {
    const Forwarding next = Changed(random, wanted, step);
    const auto built = BuildImage(next, image);
    if (!built.ok()) continue;
    const Plan plan = MakePlan(image, *built);
    const std::vector<FlowKey> probes = RandomProbes(random, 20);
    Image broken = image;
    broken.configuration = built->configuration;
    const size_t stride = plan.writes.size() / 24 + 1;
    for (size_t done = 0; done <= plan.writes.size(); ++done) {
      if (done != 0) Apply(plan.writes[done - 1], broken);
      const bool is_slot = done < plan.writes.size() && plan.writes[done].table == TableId::kSlots;
      if (is_slot && done % stride != 0) continue;
      ASSERT_TRUE(CheckImage(broken).ok()) << CheckImage(broken);
      Image now = broken;
      ImageKeeper keeper(broken);
      ExpectNoThirdAnswer(keeper.first_plan(), image, *built, probes, now);
      ASSERT_TRUE(SameRows(now, keeper.image()));
      const auto rest = keeper.Replace(next);
      ASSERT_TRUE(rest.ok()) << rest.status();
      ASSERT_TRUE(keeper.misfits().empty() || done < plan.writes.size());
      if (!keeper.misfits().empty()) continue;  // no room for a third image beside two
      ExpectNoThirdAnswer(*rest, broken, keeper.image(), probes, now);
      ASSERT_FALSE(HasFatalFailure()) << "step " << step << ", broken off after " << done;
      ASSERT_TRUE(SameRows(now, keeper.image()));
      ExpectSameAnswers(keeper.image(), *built, probes);
      ASSERT_FALSE(HasFatalFailure()) << "step " << step << ", broken off after " << done;
      ++resumed;
    }
    image = *built;
    wanted = next;
  }
  std::cout << resumed << " times resumed\n";
  EXPECT_GT(resumed, 200);
}

TEST(ImageKeeper, AChangeOfOneEndpointWritesRowsOfItsServiceOnly) {
  for (const uint32_t services : {200U, 2000U}) {
    Forwarding wanted = Nothing();
    for (uint32_t i = 0; i < services; ++i) {
      Frontend frontend{.name = "shop", .address = Ipv4Address{0x0a600000 + i}, .port = 80};
      for (uint32_t j = 0; j < 4; ++j) {
        frontend.outside.endpoints.push_back(
            {.address = Ipv4Address{0x0af40000 + i * 4 + j}, .port = 8080, .next_hop = {}});
      }
      frontend.outside.action = FrontendAction::kForward;
      frontend.inside = frontend.outside;
      wanted.frontends.push_back(frontend);
    }
    ImageKeeper keeper(EmptyImage(kAlveoU55cSizes));
    ASSERT_TRUE(keeper.Replace(wanted).ok());
    ForwardingChange change;
    change.frontends = {wanted.frontends[7]};
    for (FrontendHalf* half : {&change.frontends[0].outside, &change.frontends[0].inside}) {
      half->endpoints[3].address = Ipv4Address{0x0afa0000};
    }
    const auto plan = keeper.Update(change);
    ASSERT_TRUE(plan.ok());
    // A run of its length, an endpoint that comes, one that goes, and the frontend.
    const FlowKey key{{}, wanted.frontends[7].address, 0, 80, Protocol::kTcp};
    const auto row = FindFrontend(keeper.image(), key);
    ASSERT_TRUE(row.has_value());
    EXPECT_LE(plan->writes.size(), (size_t{1} << row->outside_slots_log2) + 3);
  }
}

}  // namespace
}  // namespace pointsman
