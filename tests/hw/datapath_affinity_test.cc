// Session affinity: clients that table affinity knows, and those that it does not.
#include <algorithm>
#include <set>
#include <string>

#include "flow_tables/affinity_rows.h"
#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

constexpr uint32_t kFirstRow = 0, kSecondRow = 1;  // of endpoints, over IPv4
constexpr Ipv4Address kOtherClient{0xc0a80006};

class AffinityTest : public DatapathTest, public testing::WithParamInterface<IpFamily> {
 protected:
  Address At(Ipv4Address address) const { return In(GetParam(), address); }
  uint32_t EndpointRowOf(uint32_t row) const {
    return row + (GetParam() == IpFamily::kIpv6 ? 3 : 0);
  }
  DatapathInput Request(uint16_t source_port, Ipv4Address client = kOutsideClient) const {
    return TcpTo(At(kAffine), source_port, At(client));
  }
  // The run of the Service's slots, which lead to the first endpoint, twice to the second, and to
  // the first again.
  uint32_t SlotsBase() const {
    const Image image = SmallWorld();
    const auto row = std::ranges::find_if(image.frontends, [&](const FrontendRow& frontend) {
      return frontend.valid && frontend.destination_address == At(kAffine).bits();
    });
    return row->outside_slots_base;
  }

  void Meet(Ipv4Address client, uint32_t slot, uint32_t endpoint) {
    std::vector<RowWrite> writes;
    ASSERT_TRUE(rows_.Set({kAffinityGroup, At(client).bits()}, slot, endpoint, writes));
    Write(writes);
  }
  void Write(const std::vector<RowWrite>& writes) {
    for (const RowWrite& write : writes) {
      card_.QueueRow(true, write.table, write.index, write.row);
      pipeline_.affinity().Write(write.index, UnpackRow<AffinityRow>(write.row));
    }
    card_.Drain();
  }

  void ExpectHostDecides(const DatapathOutput& output) {
    EXPECT_STREQ(Name(output.verdict), "punt");
    EXPECT_STREQ(Name(output.reason), "host-decides");
  }

  AffinityRows rows_{4096};
};

TEST_P(AffinityTest, TheHostChoosesForAClientThatIsNotKnown) {
  ExpectHostDecides(Compare(Request(40000)));
  Meet(kOtherClient, SlotsBase(), EndpointRowOf(kFirstRow));
  ExpectHostDecides(Compare(Request(40000)));
  EXPECT_EQ(Compare(Request(40000, kOtherClient)).verdict, Verdict::kForward);
}

TEST_P(AffinityTest, AKnownClientMeetsItsEndpointByEveryPort) {
  for (const uint32_t endpoint : {kSecondRow, kFirstRow}) {
    Meet(kOutsideClient, SlotsBase() + endpoint, EndpointRowOf(endpoint));
    std::vector<DatapathInput> inputs;
    for (uint16_t port = 0; port < 64; ++port) {
      inputs.push_back(Request(static_cast<uint16_t>(1000 + endpoint * 64 + port)));
    }
    for (const DatapathOutput& output : Compare(std::move(inputs))) {
      EXPECT_EQ(output.verdict, Verdict::kForward);
      EXPECT_EQ(output.endpoint, EndpointRowOf(endpoint));
      EXPECT_TRUE(output.learned);
    }
  }
}

TEST_P(AffinityTest, ARowThatIsLeftBehindIsTheHosts) {
  const uint32_t base = SlotsBase();
  Meet(kOutsideClient, base + 1, EndpointRowOf(kFirstRow));  // the slot leads elsewhere
  ExpectHostDecides(Compare(Request(1)));
  Meet(kOutsideClient, base + 4, EndpointRowOf(kFirstRow));  // no slot of this run
  ExpectHostDecides(Compare(Request(2)));
  Meet(kOutsideClient, base, EndpointRowOf(kFirstRow));
  EXPECT_EQ(Compare(Request(3)).verdict, Verdict::kForward);
  std::vector<RowWrite> writes;
  rows_.Erase({kAffinityGroup, At(kOutsideClient).bits()}, writes);
  Write(writes);
  ExpectHostDecides(Compare(Request(4)));
}

TEST_P(AffinityTest, WhatTheHostDirectsAndWhatIsConnectedGoesOn) {
  DatapathInput directed = Request(1);
  directed.injected = true;
  directed.directed_endpoint = EndpointRowOf(kSecondRow);
  EXPECT_EQ(Compare(directed).endpoint, EndpointRowOf(kSecondRow));
  Meet(kOutsideClient, SlotsBase(), EndpointRowOf(kFirstRow));
  EXPECT_EQ(Compare(Request(1)).endpoint, EndpointRowOf(kSecondRow)) << "a connection stays";
  EXPECT_EQ(Compare(Request(2)).endpoint, EndpointRowOf(kFirstRow));
  directed = Request(3);
  directed.injected = true;
  directed.directed_endpoint = EndpointRowOf(kSecondRow);
  EXPECT_EQ(Compare(directed).endpoint, EndpointRowOf(kSecondRow)) << "known, and yet directed";
}

// A row is written while packets pass, in any distance: each meets the old endpoint or the new one.
TEST_P(AffinityTest, PacketsBesideAWriteMeetTheOldEndpointOrTheNewOne) {
  const std::vector<uint32_t> endpoints = {EndpointRowOf(kFirstRow), EndpointRowOf(kSecondRow)};
  std::set<uint32_t> met;
  uint16_t port = 0;
  Meet(kOutsideClient, SlotsBase(), endpoints[0]);
  for (uint32_t round = 0; round < 40; ++round) {
    const uint32_t now = (round + 1) % 2;
    std::vector<RowWrite> writes;
    rows_.Set({kAffinityGroup, At(kOutsideClient).bits()}, SlotsBase() + now, endpoints[now],
              writes);
    for (uint32_t i = 0; i < 40; ++i) card_.Send(Request(++port));
    for (uint32_t clock = 0; clock < round; ++clock) card_.Clock();
    card_.QueueRow(true, writes[0].table, writes[0].index, writes[0].row);
    bool is_new = false;
    for (const DatapathOutput& output : card_.Drain()) {
      ASSERT_EQ(output.verdict, Verdict::kForward) << Name(output.reason);
      if (output.endpoint == endpoints[now]) is_new = true;
      EXPECT_EQ(output.endpoint, endpoints[is_new ? now : 1 - now]) << "old again after new";
      met.insert(output.endpoint);
    }
  }
  EXPECT_EQ(met.size(), 2u);
}

TEST_P(AffinityTest, ADamagedRowIsAsGoodAsNoneAndNamed) {
  Meet(kOutsideClient, SlotsBase(), EndpointRowOf(kFirstRow));
  std::vector<RowWrite> writes;
  rows_.Set({kAffinityGroup, At(kOutsideClient).bits()}, SlotsBase(), EndpointRowOf(kFirstRow),
            writes);
  for (const Flip flip : {Flip::kKey, Flip::kValue}) {
    card_.QueueRow(true, writes[0].table, writes[0].index, writes[0].row, flip);
    card_.Drain();
    card_.TakeEvents();
    ExpectHostDecides(card_.Process(Request(1)));
    for (int i = 0; i < 8; ++i) card_.Clock();
    const std::vector<EventLine> events = card_.TakeEvents();
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, EventKind::kParity);
    EXPECT_EQ(events[0].table, static_cast<uint8_t>(TableId::kAffinity));
    EXPECT_EQ(events[0].original_row, writes[0].index);
  }
  Write(writes);
  EXPECT_EQ(Compare(Request(2)).verdict, Verdict::kForward);
}

INSTANTIATE_TEST_SUITE_P(Family, AffinityTest, testing::Values(IpFamily::kIpv4, IpFamily::kIpv6),
                         [](const auto& param) {
                           return param.param == IpFamily::kIpv4 ? "Ipv4" : "Ipv6";
                         });

}  // namespace
}  // namespace pointsman
