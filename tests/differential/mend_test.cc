// Rows of a card lose their content, and the host mends them: packets are punted meanwhile, never
// answered wrongly. The card is the RTL, driven by the shipped driver through XRT.
#include "host/agent/mend.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "host/cli/open_datapath.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

class MendCardTest : public testing::Test {
 protected:
  void SetUp() override {
    auto card = OpenChosenCard({});
    ASSERT_TRUE(card.ok()) << card.status();
    card_ = *std::move(card);
    ImageBuilder builder(card_->description().sizes);
    const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
    endpoint_ = builder.AddEndpoint({0x0af40001}, 8080, hop);
    const uint32_t slots = builder.AddSlots({endpoint_});
    builder.AddFrontend({.destination_address = Address(Ipv4Address{0x0a600001}).bits(),
                         .destination_port = 80,
                         .protocol = static_cast<uint8_t>(Protocol::kTcp),
                         .outside_action = FrontendAction::kForward,
                         .outside_slots_base = slots});
    image_ = builder.image();
    ASSERT_TRUE(
        card_
            ->Configure(
                {.mode = Mode::kOffload, .capture = true, .configuration = image_.configuration})
            .ok());
    ASSERT_TRUE(card_->Write(MakePlan(EmptyImage(image_.sizes), image_).writes).ok());
  }

  // What becomes of a packet; events are served as the agent serves them.
  PuntedFrame Send() {
    InjectedFrame frame;
    const FrameBytes bytes = BuildTcp({});
    frame.frame = bytes;
    EXPECT_TRUE(card_->Inject({&frame, 1}).ok());
    PuntedFrame outcome;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    for (bool out = false; !out && std::chrono::steady_clock::now() < deadline;) {
      auto output = card_->Poll();
      if (!output.ok()) {
        ADD_FAILURE() << output.status();
        break;
      }
      connections_.Take(*output, image_);
      for (const EventLine& event : output->events) lost_ += event.kind == EventKind::kParity;
      const Mending mending = MendingOf(output->events, image_, SoftwarePath(1), connections_);
      EXPECT_TRUE(card_->Write(mending.writes).ok());
      out = !output->punts.empty();
      if (out) outcome = output->punts[0];
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return outcome;
  }

  void ExpectMended(RowWrite write) {
    const size_t lost_before = lost_;
    ASSERT_TRUE(card_->Write({&write, 1}).ok());
    const PuntLine damaged = Send().line;
    EXPECT_STREQ(Name(damaged.reason), "table-parity") << Name(write.table);
    EXPECT_GT(lost_, lost_before) << Name(write.table);
    EXPECT_STREQ(Name(Send().line.verdict), "forward") << Name(write.table);
  }

  std::unique_ptr<Card> card_;
  Image image_;
  uint32_t endpoint_ = 0;
  ConnectionList connections_;
  size_t lost_ = 0;
};

TEST_F(MendCardTest, RowsAreMendedWhereTheyAreMet) {
  RowWrite endpoint = *WriteOf(image_, TableId::kEndpoints, endpoint_);
  endpoint.parity = Parity::kWrongValue;
  ExpectMended(endpoint);
  ASSERT_EQ(connections_.by_row().size(), 1u);

  // The connection's own row: it begins anew.
  const uint32_t row = connections_.by_row().begin()->second.original_row;
  auto original = card_->Read(TableId::kOriginals, row, 1);
  ASSERT_TRUE(original.ok()) << original.status();
  ExpectMended({TableId::kOriginals, row, original->at(0), Parity::kWrongKey});
  EXPECT_EQ(connections_.by_row().size(), 1u);

  // Byte 0 of the tuple is the client's last one. The driver knows the row, nobody else does.
  auto key = card_->Read(TableId::kHashKeys, 1, 1);
  ASSERT_TRUE(key.ok()) << key.status();
  connections_ = {};
  for (const TableId table : {TableId::kOriginals, TableId::kReplies}) {
    std::vector<RowWrite> forget;
    for (uint32_t i = 0; i < image_.sizes.originals; ++i) forget.push_back({table, i, {}});
    ASSERT_TRUE(card_->Write(forget).ok());
  }
  ExpectMended({TableId::kHashKeys, 1, key->at(0), Parity::kWrongKey});
}

}  // namespace
}  // namespace pointsman
