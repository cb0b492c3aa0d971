#include "host/datapath/pipeline_executor.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr Ipv4Address kBackend{0x0af4010a};

// One frontend at what BuildTcp's packets ask for.
Forwarding OneFrontend() {
  Forwarding wanted;
  Frontend frontend;
  frontend.address = Ipv4Address{0x0a600001};
  frontend.port = 80;
  frontend.outside = {FrontendAction::kForward, false, {{kBackend, 8080, {}}}};
  wanted.frontends = {frontend};
  return wanted;
}

absl::Status Program(Executor& executor, const Forwarding& wanted) {
  const Image empty = EmptyImage(executor.sizes());
  absl::StatusOr<Image> image = BuildImage(wanted, empty);
  if (!image.ok()) return image.status();
  const Plan plan = MakePlan(empty, *image);
  return executor.Adopt(plan, std::make_shared<const Image>(*std::move(image)));
}

TEST(PipelineExecutorTest, PassesWhatComesUntilItIsProgrammed) {
  const auto executor = MakePipelineExecutor(kSimSizes);
  const std::vector<PendingPacket> packets = {{Port::kUplink, 0, BuildTcp({})}};
  auto executed = executor->Run(packets);
  ASSERT_TRUE(executed.ok()) << executed.status();
  EXPECT_EQ(executed->at(0).outcome.verdict, Verdict::kPass);
  EXPECT_EQ(executed->at(0).frame, packets[0].frame);

  ASSERT_TRUE(Program(*executor, OneFrontend()).ok());
  executed = executor->Run(packets);
  ASSERT_TRUE(executed.ok()) << executed.status();
  EXPECT_EQ(executed->at(0).outcome.verdict, Verdict::kForward);
  EXPECT_TRUE(executed->at(0).outcome.learned);
  EXPECT_NE(executed->at(0).frame, packets[0].frame);
  EXPECT_TRUE(ChecksumsAreRight(executed->at(0).frame));
}

TEST(PipelineExecutorTest, ForgetsConnections) {
  const auto executor = MakePipelineExecutor(kSimSizes);
  ASSERT_TRUE(Program(*executor, OneFrontend()).ok());
  const std::vector<PendingPacket> packets = {{Port::kUplink, 0, BuildTcp({})}};
  for (const bool learned : {true, false}) {
    const auto executed = executor->Run(packets);
    ASSERT_TRUE(executed.ok());
    EXPECT_EQ(executed->at(0).outcome.learned, learned);
  }
  ASSERT_TRUE(executor->Forget().ok());
  const auto executed = executor->Run(packets);
  ASSERT_TRUE(executed.ok());
  EXPECT_TRUE(executed->at(0).outcome.learned);
}

}  // namespace
}  // namespace pointsman
