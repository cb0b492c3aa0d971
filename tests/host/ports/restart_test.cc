// One process after the other that carries the same node by ports, and is killed. Each has DPDK and
// cores of its own; frames come by the inject queue.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <thread>

#include "flow_tables/plan.h"
#include "host/ports/port_card.h"
#include "tests/support/image_builder.h"
#include "tests/support/kept_folder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

constexpr uint32_t kConnections = 4096;

Image World(const CardSizes& sizes) {
  ImageBuilder builder(sizes);
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  const uint32_t slots =
      builder.AddSlots({builder.AddEndpoint(Ipv4Address{0x0af40001}, 8080, hop)});
  builder.AddFrontend({.destination_address = Address(Ipv4Address{0x0a600001}).bits(),
                       .destination_port = 80,
                       .protocol = static_cast<uint8_t>(Protocol::kTcp),
                       .outside_slots_base = slots});
  return builder.image();
}

uint32_t CountConnections(Card& card) {
  const auto rows = card.Read(TableId::kOriginals, 0, kConnections);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.ok() ? static_cast<uint32_t>(std::ranges::count_if(
                         *rows, [](const auto& row) { return row != RowBits{}; }))
                   : 0;
}

bool Becomes(const std::function<bool()>& true_one) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!true_one() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true_one();
}

class RestartTest : public test::KeptFolderTest {
 protected:
  // The process that does so is killed when it has.
  void InProcess(const std::function<void(Card&)>& work) const {
    const pid_t child = fork();
    if (child == 0) {
      const auto card = OpenPortCard({.ports = {"net_null0,no-rx=1", "net_null1,no-rx=1"},
                                      .eal = {"-m", "64"},
                                      .connections = kConnections,
                                      .frames_per_core = 1024,
                                      .state_folder = folder_});
      EXPECT_TRUE(card.ok()) << card.status();
      if (card.ok()) work(**card);
      std::fflush(nullptr);
      if (HasFailure()) _exit(1);
      raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }
};

// Time has gone on since tables were changed last, and a connection has been seen then.
TEST_F(RestartTest, AConnectionThatIsSilentGoesOn) {
  InProcess([](Card& card) {
    const Image image = World(card.description().sizes);
    CardSettings settings{
        .mode = Mode::kOffload, .configuration = image.configuration, .tick = 100};
    ASSERT_TRUE(card.Configure(settings).ok());
    ASSERT_TRUE(card.Write(MakePlan(EmptyImage(image.sizes), image).writes).ok());
    settings.tick = 120;
    ASSERT_TRUE(card.Configure(settings).ok());
    const FrameBytes frame = BuildTcp({.ip = {.source = {0x0a000005}}, .flags = kTcpSyn});
    const InjectedFrame syn{.line = {}, .frame = frame};
    ASSERT_TRUE(card.Inject({&syn, 1}).ok());
    EXPECT_TRUE(Becomes([&] { return CountConnections(card) == 1; }));
  });
  InProcess([](Card& card) {
    EXPECT_TRUE(Becomes([&] { return card.Health()->sweeps != 0; }));
    EXPECT_EQ(CountConnections(card), 1u);
  });
}

}  // namespace
}  // namespace pointsman
