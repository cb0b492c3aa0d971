#include "flow_tables/image.h"

#include <map>
#include <set>
#include <tuple>

#include "flow_tables/frontend_index.h"
#include "flow_tables/maglev.h"
#include "gmock/gmock.h"
#include "tests/flow_tables/image_lookup.h"
#include "tests/flow_tables/random_forwarding.h"

namespace pointsman {
namespace {

using testing::HasSubstr;

constexpr NextHop kGateway = {
    .egress = Port::kUplink, .destination_mac = MacAddress{0x02aa}, .source_mac = {}};
constexpr NextHop kPodHop = {
    .egress = Port::kNode, .destination_mac = MacAddress{0x02bb}, .source_mac = {}};

Backend Pod(uint32_t last, const NextHop& next_hop = kPodHop) {
  return {.address = Ipv4Address{0x0a010000 + last}, .port = 8080, .next_hop = next_hop};
}

FrontendHalf To(std::vector<Backend> endpoints) {
  return {
      .action = FrontendAction::kForward, .masquerade = false, .endpoints = std::move(endpoints)};
}

Frontend Service(uint32_t last, const FrontendHalf& half) {
  return {.name = "shop/" + std::to_string(last),
          .address = Ipv4Address{0x0a600000 + last},
          .port = 80,
          .protocol = Protocol::kTcp,
          .outside = half,
          .inside = half};
}

Forwarding Wanted(std::vector<Frontend> frontends) {
  Forwarding wanted;
  wanted.frontends = std::move(frontends);
  wanted.gateway = kGateway;
  return wanted;
}

Image Build(const Forwarding& wanted, const Image& previous = EmptyImage(kSmallSizes)) {
  auto image = BuildImage(wanted, previous);
  EXPECT_TRUE(image.ok()) << image.status();
  return image.ok() ? *image : previous;
}

FrontendRow RowOf(const Image& image, uint32_t last) {
  const Address service = Ipv4Address{0x0a600000 + last};
  const auto row = FindFrontend(image, {service, service, 0, 80, Protocol::kTcp});
  EXPECT_TRUE(row.has_value());
  return row.value_or(FrontendRow{});
}

template <class Row>
int Valid(const std::vector<Row>& rows) {
  return static_cast<int>(std::ranges::count_if(rows, [](const Row& row) { return row.valid; }));
}

TEST(Image, SharesWhatIsEqual) {
  const Image image =
      Build(Wanted({Service(1, To({Pod(1), Pod(2, kGateway)})),
                    Service(2, To({Pod(1), Pod(2, kGateway)})), Service(3, To({Pod(1)}))}));
  EXPECT_EQ(Valid(image.frontends), 3);
  EXPECT_EQ(Valid(image.endpoints), 2);
  EXPECT_EQ(Valid(image.next_hops), 2);
  EXPECT_EQ(image.next_hops[0].destination_mac, 0x02aau);
  EXPECT_EQ(RowOf(image, 1).outside_slots_base, RowOf(image, 2).inside_slots_base);
  EXPECT_EQ(RowOf(image, 1).outside_slots_log2, 10);
  EXPECT_EQ(RowOf(image, 3).outside_slots_log2, 0);
  EXPECT_NE(RowOf(image, 1).counter, RowOf(image, 2).counter);
  EXPECT_EQ(image.counter_names[RowOf(image, 3).counter], "shop/3");
}

TEST(Image, WantedAgainIsTheSameImage) {
  std::mt19937_64 random = TestRandom();
  Forwarding wanted = Wanted({});
  for (int i = 0; i < 4; ++i) {
    ChangeFrontends(random, 40, wanted);
    ChangeSources(random, wanted);
  }
  const Image image = Build(wanted);
  std::ranges::shuffle(wanted.frontends, random);
  std::ranges::shuffle(wanted.sources, random);
  EXPECT_TRUE(Build(wanted, image) == image);
}

TEST(Image, ANewGatewayIsOneRow) {
  Forwarding wanted = Wanted({Service(1, To({Pod(1), Pod(2, kGateway)}))});
  const Image before = Build(wanted);
  wanted.gateway.destination_mac = MacAddress{0x02ab};
  wanted.frontends = {Service(1, To({Pod(1), Pod(2, wanted.gateway)}))};
  Image after = Build(wanted, before);
  EXPECT_EQ(after.next_hops[0].destination_mac, 0x02abu);
  after.next_hops[0] = before.next_hops[0];
  EXPECT_TRUE(after == before);
}

TEST(Image, AChangedFrontendKeepsItsRowAndCounter) {
  const Image before = Build(Wanted({Service(1, To({Pod(1)})), Service(2, To({Pod(2)}))}));
  const Image after = Build(Wanted({Service(2, To({Pod(1), Pod(2)}))}), before);
  EXPECT_EQ(RowOf(after, 2).counter, RowOf(before, 2).counter);
  EXPECT_EQ(IndexFrontends(after.frontends).at(KeyOf(RowOf(after, 2))),
            IndexFrontends(before.frontends).at(KeyOf(RowOf(before, 2))));
  EXPECT_EQ(after.endpoints, before.endpoints);
}

TEST(Image, SlotsNameEveryEndpointOfTheHalf) {
  std::vector<Backend> pods;
  for (uint32_t i = 0; i < 100; ++i) pods.push_back(Pod(i));
  const Image image = Build(Wanted({Service(1, To(pods))}));
  const FrontendRow row = RowOf(image, 1);
  std::map<uint32_t, int> shares;
  for (uint32_t i = 0; i < uint32_t{1} << row.outside_slots_log2; ++i) {
    ++shares[image.endpoints[image.slots[row.outside_slots_base + i].endpoint].address.low];
  }
  ASSERT_EQ(shares.size(), 100u);
  for (const auto& [address, share] : shares) EXPECT_NEAR(share, 327, 1) << address;
}

TEST(Image, RefusesWhatBreaksThePromises) {
  Source source;
  source.prefix = Ipv4Prefix({0x0a000000}, 8);
  Source crooked = source;
  crooked.prefix.address = Ipv4Address{0x0a000001};
  Forwarding twice = Wanted({});
  twice.sources = {source, source};
  Forwarding no_prefix = Wanted({});
  no_prefix.sources = {crooked};
  Forwarding ports = Wanted({});
  ports.masquerade_ports = {.base = 0xc001, .mask = 0x3fff};
  struct Case {
    Forwarding wanted;
    std::string message;
  };
  for (const Case& c :
       {Case{Wanted({Service(1, To({}))}), "frontend shop/1 (10.96.0.1:80 TCP): action forward"},
        Case{Wanted({Service(1, {}), Service(1, {})}),
             "frontend shop/1 (10.96.0.1:80 TCP): another"},
        Case{Wanted({Service(1, To({Pod(2), Pod(1)}))}), "endpoints are not sorted"},
        Case{Wanted({Service(1, To({Pod(1), Pod(1)}))}), "repeat"},
        Case{twice, "source 10.0.0.0/8 is there twice"}, Case{no_prefix, "source 10.0.0.1/8: not"},
        Case{ports, "share bits"}}) {
    const auto image = BuildImage(c.wanted, EmptyImage(kSmallSizes));
    EXPECT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(image.status().message()), HasSubstr(c.message));
  }
}

TEST(Image, FrontendsWithAffinityHaveSlotsAndTheNumberOfTheirGroup) {
  Frontend sticky = Service(1, To({Pod(1), Pod(2)}));
  sticky.affinity_seconds = 60;
  sticky.affinity_group = "shop/1";
  Frontend shares = Service(2, To({Pod(1)}));
  shares.affinity_seconds = 60;
  shares.affinity_group = "shop/1";
  Frontend other = Service(3, To({Pod(1)}));
  other.affinity_seconds = 60;
  other.affinity_group = "shop/3";
  const Image image = Build(Wanted({sticky, shares, other, Service(4, To({Pod(1)}))}));
  EXPECT_EQ(RowOf(image, 1).outside_action, FrontendAction::kForward);
  EXPECT_NE(RowOf(image, 1).affinity_group, 0u);
  EXPECT_EQ(RowOf(image, 2).affinity_group, RowOf(image, 1).affinity_group);
  EXPECT_NE(RowOf(image, 3).affinity_group, RowOf(image, 1).affinity_group);
  EXPECT_EQ(RowOf(image, 4).affinity_group, 0u);
}

TEST(Image, HalvesThatTheHostDecidesHaveEndpointsButNoSlots) {
  Frontend sticky = Service(1, To({Pod(1), Pod(2)}));
  sticky.affinity_seconds = 60;
  sticky.scheduler = Scheduler::kLeastConnection;
  Frontend guarded = Service(2, To({Pod(1)}));
  guarded.source_ranges = {Ipv4Prefix({0x0a000000}, 8)};
  guarded.inside = {};
  guarded.scheduler = Scheduler::kRoundRobin;
  Frontend turns = Service(3, {});
  turns.scheduler = Scheduler::kRoundRobin;
  const Image image = Build(Wanted({sticky, guarded, turns}));
  EXPECT_EQ(RowOf(image, 1).outside_action, FrontendAction::kHost);
  EXPECT_EQ(RowOf(image, 2).inside_action, FrontendAction::kHost);
  EXPECT_EQ(RowOf(image, 3).inside_action, FrontendAction::kReject);
  EXPECT_EQ(Valid(image.endpoints), 2);
  for (const SlotRow& slot : image.slots) ASSERT_EQ(slot, SlotRow{});
}

TEST(Image, HasRowsOfBothFamilies) {
  const Address service = Address::FromWords(0xfd00001000960000, 1);
  const Address pod = Address::FromWords(0xfd00001000f40000, 5);
  Frontend six = Service(1, To({{.address = pod, .port = 8080, .next_hop = kGateway}}));
  six.address = service;
  Forwarding wanted = Wanted({six, Service(1, To({Pod(1)}))});
  const AddressPrefix pods{Address::FromWords(0xfd00001000f40000, 0), 64};
  wanted.sources = {{pods, ClientClass::kLocalPod, kGateway}};
  wanted.masquerade_address_v6 = Address::FromWords(0xfd00001000000000, 2);
  wanted.service_ranges = {{Address::FromWords(0xfd00001000960000, 0), 112}};
  const Image image = Build(wanted);
  EXPECT_EQ(Valid(image.frontends), 2);
  const auto row = FindFrontend(image, {pod, service, 0, 80, Protocol::kTcp});
  ASSERT_TRUE(row.has_value());
  const uint32_t endpoint = image.slots[row->outside_slots_base].endpoint;
  EXPECT_EQ(image.endpoints[endpoint].address, pod.bits());
  EXPECT_EQ(image.sources[0].address, pods.address.bits());
  EXPECT_EQ(image.sources[0].prefix_length, 64);
  EXPECT_EQ(image.configuration.masquerade_address_v6, wanted.masquerade_address_v6.bits());
  EXPECT_TRUE(image.configuration.service_ranges[0].Contains(service.bits()));
  EXPECT_EQ(Build(Wanted({})).configuration.masquerade_address_v6, Bits128{});
}

TEST(Image, ASourceIsAPrefixOfItsFamily) {
  Forwarding wanted;
  for (const AddressPrefix& wrong :
       {AddressPrefix{Ipv4Address{0x0a000000}, 90}, AddressPrefix{Ipv4Address{0x0a000001}, 104},
        AddressPrefix{Address::FromWords(0xfd00000000000001, 0), 63},
        AddressPrefix{Address::FromWords(0xfd00000000000000, 1), 64}}) {
    wanted.sources = {{wrong, ClientClass::kNode, kGateway}};
    const auto image = BuildImage(wanted, EmptyImage(kSmallSizes));
    EXPECT_EQ(image.status().code(), absl::StatusCode::kInvalidArgument) << Describe(wrong);
  }
}

TEST(Image, WhatIsNotForTheCardMakesNoRows) {
  Frontend sctp = Service(2, To({Pod(1)}));
  sctp.protocol = Protocol::kSctp;
  const Image image = Build(Wanted({sctp}));
  EXPECT_EQ(Valid(image.frontends), 0);
  EXPECT_EQ(Valid(image.endpoints), 0);
  EXPECT_TRUE(image.configuration.host_protocols.sctp);
  EXPECT_FALSE(Build(Wanted({Service(1, {})})).configuration.host_protocols.sctp);
}

// As many slots an endpoint as there is room for, and what was there before stays where it fits.
TEST(Image, ManySetsHaveShorterRuns) {
  std::vector<Frontend> frontends;
  for (uint32_t i = 0; i < 60; ++i) frontends.push_back(Service(i, To({Pod(i), Pod(i + 1)})));
  const Image many = Build(Wanted(frontends));
  EXPECT_EQ(RowOf(many, 1).outside_slots_log2, 9);
  frontends.resize(8);
  const Image few = Build(Wanted(frontends), many);
  EXPECT_EQ(RowOf(few, 1).outside_slots_log2, 10);
}

TEST(Image, NamesTheTableThatIsFull) {
  struct Case {
    std::string table;
    CardSizes sizes;
  };
  std::vector<Case> cases(5, {.table = "", .sizes = kSmallSizes});
  cases[0].table = "frontends";
  cases[0].sizes.frontends = 8;
  cases[1].table = "slots";
  cases[1].sizes.slots = 16;
  cases[2].table = "endpoints";
  cases[2].sizes.endpoints = 4;
  cases[3].table = "next-hops";
  cases[3].sizes.next_hops = 1;
  cases[4].table = "frontend-counters";
  cases[4].sizes.frontend_counters = 4;
  std::vector<Frontend> frontends;
  for (uint32_t i = 0; i < 9; ++i) frontends.push_back(Service(i, To({Pod(i), Pod(i + 1)})));
  for (const Case& c : cases) {
    const auto image = BuildImage(Wanted(frontends), EmptyImage(c.sizes));
    EXPECT_EQ(image.status().code(), absl::StatusCode::kResourceExhausted) << c.table;
    EXPECT_THAT(std::string(image.status().message()), HasSubstr("table " + c.table + ":"));
    EXPECT_THAT(std::string(image.status().message()), HasSubstr("frontend shop/"));
  }
}

// Whether following each frontend to its new row comes back to where it began.
bool HasCircle(const Image& before, const Image& after) {
  const FrontendIndex new_rows = IndexFrontends(after.frontends);
  for (uint32_t start = 0; start < before.frontends.size(); ++start) {
    uint32_t row = start;
    for (size_t steps = 0; steps < before.frontends.size(); ++steps) {
      const FrontendRow& held = before.frontends[row];
      const auto next = new_rows.find(KeyOf(held));
      if (!held.valid || next == new_rows.end() || next->second == row) break;
      row = next->second;
      if (row == start) return true;
    }
  }
  return false;
}

TEST(Image, FrontendsNeverChangeRowsInACircle) {
  std::mt19937_64 random = TestRandom();
  CardSizes sizes = kSmallSizes;
  sizes.frontends = 1024;
  sizes.frontend_counters = 1024;
  Image image = EmptyImage(sizes);
  std::vector<uint32_t> wanted;
  for (int step = 0; step < 600; ++step) {
    std::ranges::shuffle(wanted, random);
    if (wanted.size() > 700) wanted.resize(700);
    std::set<uint32_t> next(wanted.begin(), wanted.end());
    while (next.size() < 990) next.insert(Below(random, 1 << 24));
    std::vector<Frontend> frontends;
    for (const uint32_t last : next) frontends.push_back(Service(last, {}));
    const auto built = BuildImage(Wanted(frontends), image);
    if (!built.ok()) continue;
    ASSERT_FALSE(HasCircle(image, *built)) << "step " << step;
    for (const uint32_t last : next) RowOf(*built, last);
    image = *built;
    wanted.assign(next.begin(), next.end());
  }
  EXPECT_GT(wanted.size(), 0u);
}

}  // namespace
}  // namespace pointsman
