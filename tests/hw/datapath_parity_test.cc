// Rows that have lost their content: no packet is answered by them, and the host is told which they
// are.
#include <algorithm>

#include "tests/hw/datapath_fixture.h"

namespace pointsman {
namespace {

struct Damage {
  const char* name;
  TableId table;
  Flip flip;
  bool hits;     // met by packets of a connection that is recorded
  bool replies;  // met by its replies
  bool firsts;   // met by first packets
  IpFamily family = IpFamily::kIpv4;
};

class ParityTest : public DatapathTest, public testing::WithParamInterface<Damage> {
 protected:
  void SetUp() override {
    first_ = card_.Process(Request());
    ASSERT_EQ(first_.verdict, Verdict::kForward);
    if (GetParam().family == IpFamily::kIpv4) {
      TakeRows(card_.TakeEvents().at(0));
    } else {
      TakeRows(card_.TakeIpv6Events().at(0));
    }
  }

  DatapathInput Request(uint16_t source_port = 40000) const {
    const IpFamily family = GetParam().family;
    return TcpTo(In(family, kService), source_port, In(family, kOutsideClient));
  }

  template <class Event>
  void TakeRows(const Event& learned) {
    original_row_ = learned.original_row;
    reply_row_ = learned.reply_row;
    slot_hash_ = SlotHash(learned.original, 0x12345678);
  }

  uint32_t FrontendRowOf(const Address& address) {
    const Image image = SmallWorld();
    for (uint32_t i = 0; i < image.frontends.size(); ++i) {
      const FrontendRow& row = image.frontends[i];
      if (row.valid && row.destination_address == address.bits() && row.protocol == 6) return i;
    }
    return 0;
  }

  // The row of GetParam()'s table that the recorded connection's packets need.
  uint32_t Row() {
    switch (GetParam().table) {
      case TableId::kFrontends:
        return FrontendRowOf(In(GetParam().family, kService));
      case TableId::kSlots:
        return SmallWorld()
                   .frontends[FrontendRowOf(In(GetParam().family, kService))]
                   .outside_slots_base +
               (slot_hash_ & 3);
      case TableId::kEndpoints:
        return first_.endpoint;
      case TableId::kNextHops:
        return SmallWorld().endpoints[first_.endpoint].next_hop;
      case TableId::kOriginals:
      case TableId::kOriginalsIpv6:
        return original_row_;
      case TableId::kReplies:
      case TableId::kRepliesIpv6:
        return reply_row_;
      default:
        return static_cast<uint8_t>(kOutsideClient.value);  // byte 0 of the tuple
    }
  }

  void Write(uint32_t row, const RowBits& bits, Flip flip) {
    card_.QueueRow(true, GetParam().table, row, bits, flip);
    card_.Drain();
  }

  void ExpectOutcome(const DatapathOutput& output, const FrameBytes& sent, bool damaged) {
    if (damaged) {
      EXPECT_STREQ(Name(output.verdict), "punt");
      EXPECT_STREQ(Name(output.reason), "table-parity");
      EXPECT_EQ(output.frame, sent);
    } else {
      EXPECT_STREQ(Name(output.verdict), "forward");
    }
    for (int i = 0; i < 8; ++i) card_.Clock();  // the report of what was met last
    const std::vector<EventLine> events = card_.TakeEvents();
    const bool told = std::any_of(events.begin(), events.end(), [&](const EventLine& event) {
      return event.kind == EventKind::kParity &&
             event.table == static_cast<uint8_t>(GetParam().table) && event.original_row == Row();
    });
    if (damaged) {
      EXPECT_TRUE(told) << "row " << Row() << ", " << events.size() << " events, the last "
                        << (events.empty() ? "none" : Name(events.back().kind)) << " of row "
                        << (events.empty() ? 0u : events.back().original_row);
    }
  }

  DatapathOutput first_;
  uint32_t original_row_ = 0;
  uint32_t reply_row_ = 0;
  uint32_t slot_hash_ = 0;
};

TEST_P(ParityTest, AnswersNothingFromADamagedRowAndNamesIt) {
  const Damage& damage = GetParam();
  const uint32_t row = Row();
  card_.QueueRow(false, damage.table, row, {});
  card_.Drain();
  const RowBits content = card_.TakeReads().back();
  Write(row, content, damage.flip);
  card_.TakeEvents();

  const DatapathInput again = Request(), reply = ReplyTo(first_);
  ExpectOutcome(card_.Process(again), again.frame, damage.hits);
  ExpectOutcome(card_.Process(reply), reply.frame, damage.replies);
  // Of the same client, so that the same hash row is met; by another port, so that it is new.
  const bool by_slot = damage.table == TableId::kSlots || damage.table == TableId::kEndpoints;
  for (uint16_t port = 41000; port < 41064; ++port) {
    const DatapathInput fresh = Request(port);
    const DatapathOutput output = card_.Process(fresh);
    if (by_slot && output.verdict == Verdict::kForward) continue;  // it met another slot
    ExpectOutcome(output, fresh.frame, damage.firsts);
    break;
  }

  Write(row, content, Flip::kNothing);
  card_.TakeEvents();
  EXPECT_EQ(card_.Process(Request()).frame, first_.frame);
  EXPECT_EQ(card_.Process(ReplyTo(first_)).verdict, Verdict::kForward);
  EXPECT_EQ(card_.Process(Request(42000)).verdict, Verdict::kForward);
  for (const EventLine& event : card_.TakeEvents()) EXPECT_NE(event.kind, EventKind::kParity);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, ParityTest,
    testing::Values(Damage{"Frontends", TableId::kFrontends, Flip::kKey, false, false, true},
                    Damage{"Slots", TableId::kSlots, Flip::kKey, false, false, true},
                    Damage{"Endpoints", TableId::kEndpoints, Flip::kKey, false, false, true},
                    Damage{"NextHops", TableId::kNextHops, Flip::kValue, true, false, true},
                    Damage{"OriginalsKey", TableId::kOriginals, Flip::kKey, true, false, false},
                    Damage{"OriginalsValue", TableId::kOriginals, Flip::kValue, true, true, false},
                    Damage{"RepliesKey", TableId::kReplies, Flip::kKey, false, true, false},
                    Damage{"RepliesValue", TableId::kReplies, Flip::kValue, true, true, false},
                    Damage{"HashKeys", TableId::kHashKeys, Flip::kKey, false, false, true},
                    Damage{"FrontendsIpv6", TableId::kFrontends, Flip::kKey, false, false, true,
                           IpFamily::kIpv6},
                    Damage{"EndpointsIpv6", TableId::kEndpoints, Flip::kKey, false, false, true,
                           IpFamily::kIpv6},
                    Damage{"OriginalsIpv6Key", TableId::kOriginalsIpv6, Flip::kKey, true, false,
                           false, IpFamily::kIpv6},
                    Damage{"OriginalsIpv6Value", TableId::kOriginalsIpv6, Flip::kValue, true, true,
                           false, IpFamily::kIpv6},
                    Damage{"RepliesIpv6Key", TableId::kRepliesIpv6, Flip::kKey, false, true, false,
                           IpFamily::kIpv6},
                    Damage{"RepliesIpv6Value", TableId::kRepliesIpv6, Flip::kValue, true, true,
                           false, IpFamily::kIpv6},
                    Damage{"HashKeysIpv6", TableId::kHashKeys, Flip::kKey, false, false, true,
                           IpFamily::kIpv6}),
    [](const auto& param) { return param.param.name; });

// Every row of a bucket bad, packets of all kinds in every clock: nothing is forwarded by what it
// holds, and nothing hangs.
TEST_F(DatapathTest, ManyDamagedRowsUnderTraffic) {
  for (uint32_t row = 0; row < kSimSizes.frontends; ++row) {
    card_.QueueRow(true, TableId::kFrontends, row, {}, Flip::kKey);
  }
  card_.Drain();
  for (uint16_t i = 0; i < 2000; ++i) card_.Send(TcpTo(kService, i));
  for (const DatapathOutput& output : card_.Drain()) {
    ASSERT_EQ(output.verdict, Verdict::kPunt);
    ASSERT_EQ(output.reason, Reason::kTableParity);
  }
  EXPECT_GT(card_.TakeEvents().size(), 100u);
}

}  // namespace
}  // namespace pointsman
