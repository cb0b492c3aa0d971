#include "flow_tables/range_sets.h"

#include <gmock/gmock.h>

#include "flow_tables/plan.h"

namespace pointsman {
namespace {

using ::testing::ElementsAre;

const NextHop kGateway{Port::kUplink, {1}, {2}};
const NextHop kPods{Port::kNode, {3}, {4}};
const AddressPrefix kOffice = Ipv4Prefix({0xc6336400}, 24);  // 198.51.100.0/24
const AddressPrefix kDesk = Ipv4Prefix({0xc6336410}, 28);    // inside it
const AddressPrefix kPodRange = Ipv4Prefix({0x0af40000}, 16);
const AddressPrefix kSomePods = Ipv4Prefix({0x0af40100}, 24);

Frontend For(uint16_t port, std::vector<AddressPrefix> ranges) {
  Frontend frontend;
  frontend.name = "web";
  frontend.address = Ipv4Address{0x0a600001};
  frontend.port = port;
  frontend.outside = {FrontendAction::kForward, false, {{Ipv4Address{0x0af40101}, 8080, kPods}}};
  frontend.inside = frontend.outside;
  frontend.source_ranges = std::move(ranges);
  return frontend;
}

Forwarding Wanting(std::vector<Frontend> frontends) {
  Forwarding wanted;
  wanted.frontends = std::move(frontends);
  wanted.sources = {{kPodRange, ClientClass::kLocalPod, kPods}};
  wanted.gateway = kGateway;
  return wanted;
}

Image Build(const Forwarding& wanted, const Image& previous = EmptyImage(kSimSizes)) {
  absl::StatusOr<Image> image = BuildImage(wanted, previous);
  EXPECT_TRUE(image.ok()) << image.status();
  return image.ok() ? *std::move(image) : previous;
}

const FrontendRow& RowFor(const Image& image, uint16_t port) {
  static const FrontendRow kNone;
  for (const FrontendRow& row : image.frontends) {
    if (row.valid && row.destination_port == port) return row;
  }
  return kNone;
}

TEST(RangeSetsTest, FrontendsWithTheSameRangesShareASet) {
  const Image image = Build(Wanting(
      {For(1, {kOffice}), For(2, {kDesk, kSomePods}), For(3, {kSomePods, kDesk}), For(4, {})}));
  EXPECT_NE(RowFor(image, 1).range_set, 0);
  EXPECT_NE(RowFor(image, 1).range_set, RowFor(image, 2).range_set);
  EXPECT_EQ(RowFor(image, 2).range_set, RowFor(image, 3).range_set);
  EXPECT_EQ(RowFor(image, 4).range_set, 0);
  EXPECT_EQ(RowFor(image, 1).outside_action, FrontendAction::kForward);
}

TEST(RangeSetsTest, PrefixesInheritClassAndSets) {
  const Forwarding wanted = Wanting({For(1, {kOffice}), For(2, {kDesk, kSomePods})});
  const Image image = Build(wanted);
  const uint32_t office = 1U << (RowFor(image, 1).range_set - 1);
  const uint32_t desk = 1U << (RowFor(image, 2).range_set - 1);
  EXPECT_EQ(RangeSetsOf(kOffice, image), office);
  EXPECT_EQ(RangeSetsOf(kDesk, image), office | desk);
  EXPECT_EQ(RangeSetsOf(kSomePods, image), desk);
  EXPECT_EQ(RangeSetsOf(kPodRange, image), 0U);
  const std::vector<Source> sources = SourcesWithRanges(wanted, image);
  EXPECT_THAT(sources,
              testing::UnorderedElementsAre(Source{kPodRange, ClientClass::kLocalPod, kPods},
                                            Source{kSomePods, ClientClass::kLocalPod, kPods},
                                            Source{kOffice, ClientClass::kOutside, kGateway},
                                            Source{kDesk, ClientClass::kOutside, kGateway}));
}

// While rows are written one by one, every frontend's number means what it meant.
TEST(RangeSetsTest, ASetInUseStaysUntilNobodyUsesIt) {
  const Image first = Build(Wanting({For(1, {kOffice})}));
  const uint8_t number = RowFor(first, 1).range_set;
  const Image second = Build(Wanting({For(1, {kDesk})}), first);
  EXPECT_NE(RowFor(second, 1).range_set, number);
  EXPECT_THAT(second.range_sets[number - 1U], ElementsAre(kOffice));
  const Image third = Build(Wanting({For(1, {kDesk})}), second);
  EXPECT_EQ(RowFor(third, 1).range_set, RowFor(second, 1).range_set);
  EXPECT_TRUE(third.range_sets[number - 1U].empty());
}

TEST(RangeSetsTest, TheHostDecidesWhereThereIsNoRoom) {
  std::vector<Frontend> frontends;
  for (uint16_t port = 1; port <= 40; ++port) {
    frontends.push_back(For(port, {Ipv4Prefix({0xc6336400U + port}, 32)}));
  }
  const Image image = Build(Wanting(frontends));
  size_t by_card = 0;
  for (uint16_t port = 1; port <= 40; ++port) {
    const FrontendRow& row = RowFor(image, port);
    by_card += row.range_set != 0;
    EXPECT_EQ(row.outside_action,
              row.range_set != 0 ? FrontendAction::kForward : FrontendAction::kHost);
  }
  EXPECT_EQ(by_card, kSimSizes.sources / 2 - 1);
}

TEST(RangeSetsTest, RangesThatNoClientOfItsFamilyIsInAreTheHosts) {
  const Image image = Build(Wanting({For(1, {{Address::FromWords(1, 0), 64}})}));
  EXPECT_EQ(RowFor(image, 1).outside_action, FrontendAction::kHost);
}

TEST(RangeSetsTest, AFrontendHasTheRangesOfItsFamily) {
  const AddressPrefix office6{Address::FromWords(0x20010db800000000, 0), 48};
  Frontend six = For(2, {kOffice, office6});
  six.address = Address::FromWords(0xfd00009600000000, 1);
  for (FrontendHalf* half : {&six.outside, &six.inside}) {
    half->endpoints[0].address = Address::FromWords(0xfd0000f400000000, 1);
  }
  const Image image = Build(Wanting({For(1, {kOffice, office6}), six}));
  EXPECT_THAT(image.range_sets[RowFor(image, 1).range_set - 1U], ElementsAre(kOffice));
  EXPECT_THAT(image.range_sets[RowFor(image, 2).range_set - 1U], ElementsAre(office6));
  EXPECT_EQ(RowFor(image, 2).outside_action, FrontendAction::kForward);
}

}  // namespace
}  // namespace pointsman
