#include "sim/card/table_mirror.h"

#include <gtest/gtest.h>

#include "flow_tables/flow.h"

namespace pointsman {
namespace {

const FlowKey kRequest{Ipv4Address{0x0af40105}, Ipv4Address{0x0a60000a}, 40000, 80, Protocol::kTcp};
const FlowKey kReply{Ipv4Address{0x0af4010a}, Ipv4Address{0xc0a80002}, 8080, 50000, Protocol::kTcp};
const Address kEndpointIpv6 = Address::FromWords(0xfd00001000f40000, 0xa);
const FlowKey kRequestIpv6{Address::FromWords(0xfd00001000f40000, 5),
                           Address::FromWords(0xfd00001000960000, 0xa), 40000, 80, Protocol::kTcp};
constexpr uint32_t kSeed = 17;

class TableMirrorTest : public testing::Test {
 protected:
  template <class Row>
  void Write(uint32_t index, const Row& row) {
    tables_.Write(Row::kTable, index, PackRow(row));
  }

  void WriteSource(uint32_t index, const AddressPrefix& prefix, ClientClass of, uint16_t next_hop) {
    Write(index, SourceRow{.valid = true,
                           .address = prefix.address.bits(),
                           .prefix_length = prefix.length_bits,
                           .client_class = of,
                           .next_hop = next_hop});
  }

  void WriteFrontend(uint32_t index, FrontendAction inside, const FlowKey& for_request = kRequest) {
    Write(index, FrontendRow{.valid = true,
                             .destination_address = for_request.destination.bits(),
                             .destination_port = for_request.destination_port,
                             .protocol = static_cast<uint8_t>(for_request.protocol),
                             .outside_action = FrontendAction::kForward,
                             .outside_slots_log2 = 0,
                             .outside_slots_base = 64,
                             .inside_action = inside,
                             .inside_slots_log2 = 3,
                             .inside_slots_base = 32});
  }

  void Record(uint32_t original_row, uint32_t reply_row) {
    tables_.Record(EventLine{.kind = EventKind::kLearn,
                             .original_row = original_row,
                             .reply_row = reply_row,
                             .original = ToTuple(kRequest),
                             .reply = ToTuple(kReply),
                             .endpoint = 5,
                             .frontend_counter = 4});
  }

  void RecordIpv6(bool masqueraded) {
    tables_.Record(EventIpv6Line{.kind = EventKind::kLearn,
                                 .original_row = 100,
                                 .reply_row = 200,
                                 .original = ToTupleIpv6(kRequestIpv6),
                                 .endpoint = 5,
                                 .frontend_counter = 4,
                                 .new_source_port = 50000,
                                 .masqueraded = masqueraded});
  }

  ServiceRows Find(std::optional<uint32_t> directed = std::nullopt) const {
    return tables_.FindService(kRequest, kSeed, directed);
  }

  TableMirror tables_;
};

TEST_F(TableMirrorTest, EmptyTablesHaveNoRows) {
  EXPECT_FALSE(Find().source || Find().frontend || Find().slot || Find().endpoint);
  EXPECT_FALSE(tables_.FindConnection(kRequest));
}

TEST_F(TableMirrorTest, TheLongestPrefixIsTheSource) {
  WriteSource(1, Ipv4Prefix({0}, 0), ClientClass::kOutside, 0);
  WriteSource(2, Ipv4Prefix({0x0af40105}, 32), ClientClass::kLocalPod, 0);
  WriteSource(3, Ipv4Prefix({0x0af40100}, 24), ClientClass::kNode, 0);
  EXPECT_EQ(Find().source, 2u);
  Write(2, SourceRow{});
  EXPECT_EQ(Find().source, 3u);
  Write(3, SourceRow{});
  EXPECT_EQ(Find().source, 1u);
}

TEST_F(TableMirrorTest, TheSlotIsTheHashInTheHalfsRun) {
  const uint32_t slot = 32 + FlowHash(kRequest, kSeed) % 8;
  WriteFrontend(9, FrontendAction::kForward);
  Write(64, SlotRow{.endpoint = 70});
  Write(slot, SlotRow{.endpoint = 71});
  EXPECT_EQ(Find().frontend, 9u);
  EXPECT_EQ(Find().slot, 64u) << "a client that no row knows is outside";
  EXPECT_EQ(Find().endpoint, 70u);
  WriteSource(2, {kRequest.source, 128}, ClientClass::kLocalPod, 0);
  EXPECT_EQ(Find().slot, slot);
  EXPECT_EQ(Find().endpoint, 71u);
}

TEST_F(TableMirrorTest, OnlyAForwardingHalfHasASlot) {
  WriteSource(2, {kRequest.source, 128}, ClientClass::kLocalPod, 0);
  WriteFrontend(9, FrontendAction::kReject);
  EXPECT_EQ(Find().frontend, 9u);
  EXPECT_FALSE(Find().slot || Find().endpoint);
  WriteFrontend(9, FrontendAction::kHost);
  EXPECT_FALSE(Find().slot || Find().endpoint);
  EXPECT_EQ(Find(12).endpoint, 12u) << "the host's choice";
  EXPECT_FALSE(Find(12).slot);
}

TEST_F(TableMirrorTest, AFrontendThatIsErasedIsGone) {
  WriteFrontend(9, FrontendAction::kForward);
  Write(9, FrontendRow{});
  EXPECT_FALSE(Find().frontend);
}

TEST_F(TableMirrorTest, AConnectionIsFoundInBothDirections) {
  WriteSource(2, {kRequest.source, 128}, ClientClass::kLocalPod, 6);
  Write(5, EndpointRow{.valid = true, .next_hop = 3});
  Record(100, 200);
  const auto original = tables_.FindConnection(kRequest);
  ASSERT_TRUE(original);
  EXPECT_FALSE(original->reply);
  EXPECT_EQ(original->original_row, 100u);
  EXPECT_EQ(original->reply_row, 200u);
  EXPECT_EQ(original->next_hop, 3u);
  EXPECT_EQ(original->frontend_counter, 4u);
  EXPECT_EQ(original->endpoint, 5u);
  const auto reply = tables_.FindConnection(kReply);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->reply);
  EXPECT_EQ(reply->next_hop, 6u) << "of the client's source row";
}

TEST_F(TableMirrorTest, AConnectionThatHasExpiredIsGone) {
  Record(100, 200);
  tables_.Record(EventLine{.kind = EventKind::kExpire, .original_row = 100, .reply_row = 200});
  EXPECT_FALSE(tables_.FindConnection(kRequest));
  EXPECT_FALSE(tables_.FindConnection(kReply));
}

TEST_F(TableMirrorTest, ARowThatIsWrittenIsAConnectionGone) {
  Record(100, 200);
  tables_.Write(TableId::kOriginals, 100, {});
  EXPECT_FALSE(tables_.FindConnection(kRequest));
  EXPECT_TRUE(tables_.FindConnection(kReply));
  tables_.Write(TableId::kReplies, 200, {});
  EXPECT_FALSE(tables_.FindConnection(kReply));
}

TEST_F(TableMirrorTest, FollowsIpv6) {
  WriteSource(2, {Address::FromWords(0xfd00001000f40000, 0), 64}, ClientClass::kLocalPod, 6);
  WriteFrontend(9, FrontendAction::kForward, kRequestIpv6);
  Write(5,
        EndpointRow{.valid = true, .address = kEndpointIpv6.bits(), .port = 8080, .next_hop = 3});
  const ServiceRows rows = tables_.FindService(kRequestIpv6, kSeed, std::nullopt);
  EXPECT_EQ(rows.source, 2u);
  EXPECT_EQ(rows.frontend, 9u);
  EXPECT_EQ(rows.slot, 32 + FlowHash(kRequestIpv6, kSeed) % 8);

  // Where the answers of a masqueraded connection go is not known.
  const Address node = Address::FromWords(0x20010db800000000, 1);
  for (const auto& [masqueraded, to] : {std::pair{false, kRequestIpv6.source}, {true, node}}) {
    RecordIpv6(masqueraded);
    const FlowKey answer{kEndpointIpv6, to, 8080, 50000, Protocol::kTcp};
    ASSERT_TRUE(tables_.FindConnection(kRequestIpv6));
    EXPECT_EQ(tables_.FindConnection(kRequestIpv6)->next_hop, 3u);
    ASSERT_TRUE(tables_.FindConnection(answer));
    EXPECT_TRUE(tables_.FindConnection(answer)->reply);
    EXPECT_EQ(tables_.FindConnection(answer)->next_hop, 6u);
  }
  tables_.Record(EventIpv6Line{.kind = EventKind::kExpire, .original_row = 100, .reply_row = 200});
  EXPECT_FALSE(tables_.FindConnection(kRequestIpv6));
}

}  // namespace
}  // namespace pointsman
