// What a failover costs: a card's process is killed again and again, while packets of a connection
// of the card come to ports of af_packet on a veth pair, one every 100 microseconds, numbered.
// Counted: those that came to the ports after the failure was noticed and did not leave translated;
// and the time from noticing to the first that leaves. Process, channel, ports and pipeline are the
// shipped ones, the card is memory in a process. In a network namespace of its own; without root it
// says so and prints no figure.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "host/cardd/failover_card.h"
#include "host/cardd/remote_card.h"
#include "host/ports/port_card.h"
#include "tests/bench/cables.h"
#include "tests/bench/figure.h"
#include "tests/host/cardd/fake_orders.h"
#include "tests/support/image_builder.h"
#include "tests/support/packet_builder.h"

namespace pointsman {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kFailures = 20;
constexpr uint32_t kPacketsMax = 1 << 20;
constexpr std::chrono::microseconds kPacketPeriod(100);
constexpr std::chrono::milliseconds kBetween(300);
constexpr std::chrono::seconds kDeadline(20);
constexpr std::chrono::microseconds kAgentNap(200);
constexpr Ipv4Address kService{0x0a600001};
constexpr Ipv4Address kClient{0x0a000005};
constexpr Ipv4Address kEndpoint{0x0af40001};

// When each packet was sent, and whether and when it came out: by its number.
struct Journal {
  std::vector<std::atomic<int64_t>> sent = std::vector<std::atomic<int64_t>>(kPacketsMax);
  std::vector<std::atomic<int64_t>> received = std::vector<std::atomic<int64_t>>(kPacketsMax);
  std::atomic<uint32_t> count = 0;
  std::atomic<bool> stop = false;
};

int64_t Ns(Clock::time_point time) { return time.time_since_epoch().count(); }

int OpenSocket(const char* interface_name) {
  const int socket_fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface_name));
  const timeval timeout{.tv_sec = 0, .tv_usec = 100'000};
  setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  const bool bound = bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  return bound ? socket_fd : -1;
}

void Send(Journal& journal, int socket_fd) {
  UdpSpec spec;
  spec.ip.source = kClient;
  spec.ip.destination = kService;
  spec.source_port = 1000;
  spec.destination_port = 80;
  spec.payload = std::vector<uint8_t>(64);
  FrameBytes frame = BuildUdp(spec);
  Clock::time_point next = Clock::now();
  for (uint32_t number = 0; number < kPacketsMax && !journal.stop; ++number) {
    std::memcpy(frame.data() + frame.size() - sizeof number, &number, sizeof number);
    journal.sent[number] = Ns(Clock::now());
    send(socket_fd, frame.data(), frame.size(), 0);
    journal.count = number + 1;
    next += kPacketPeriod;
    std::this_thread::sleep_until(next);
  }
}

void Receive(Journal& journal, int socket_fd) {
  std::vector<uint8_t> frame(2048);
  constexpr size_t kDestinationAt = 30;
  while (!journal.stop) {
    const ssize_t size = recv(socket_fd, frame.data(), frame.size(), 0);
    if (size < 64 || LoadBe32(&frame[kDestinationAt]) != kEndpoint.value) continue;
    uint32_t number = 0;
    std::memcpy(&number, frame.data() + size - sizeof number, sizeof number);
    if (number < kPacketsMax) journal.received[number] = Ns(Clock::now());
  }
}

Image World(const CardSizes& sizes) {
  ImageBuilder builder(sizes);
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  builder.AddFrontend(
      {.destination_address = Address(kService).bits(),
       .destination_port = 80,
       .protocol = static_cast<uint8_t>(Protocol::kUdp),
       .outside_slots_base = builder.AddSlots({builder.AddEndpoint(kEndpoint, 8080, hop)})});
  return builder.image();
}

class Bench {
 public:
  absl::Status Open() {
    auto source = std::make_unique<cardd::ChildCardSource>(
        std::vector<std::string>{FAKE_CARDD, "well"}, std::vector<std::string>{FAKE_CARDD, "well"});
    auto card = cardd::AwaitCard(*source);
    if (!card.ok()) return card.status();
    PortCardOptions options;
    options.ports = {"net_af_packet0,iface=uplink", "net_af_packet1,iface=node"};
    options.sizes = (*card)->description().sizes;
    auto ports = OpenPortCard(options);
    if (!ports.ok()) return ports.status();
    card_ = std::make_unique<cardd::FailoverCard>(std::move(source), *std::move(card),
                                                  *std::move(ports),
                                                  cardd::FailoverOptions{.longest_pause = {}});
    const Image image = World(card_->description().sizes);
    CardSettings settings;
    settings.mode = Mode::kOffload;
    settings.configuration = image.configuration;
    if (absl::Status status = card_->Configure(settings); !status.ok()) return status;
    absl::Status status = card_->Write(MakePlan(EmptyImage(image.sizes), image).writes);
    return status.ok() ? TellConnection() : status;
  }

  // Kills the card's process; until it is noticed.
  absl::Status Fail(Clock::time_point& killed) {
    const uint64_t failures = card_->status().failures;
    pid_t child = 0;
    std::ifstream("/proc/thread-self/children") >> child;
    killed = Clock::now();
    if (child == 0 || kill(child, SIGKILL) != 0) {
      return absl::InternalError("no card's process to kill");
    }
    return PollUntil([&] { return card_->status().failures != failures; });
  }
  absl::Status ComeBack() {
    return PollUntil([&] { return card_->status().state == CardState::kReady; });
  }
  absl::Status Wait(std::chrono::milliseconds time) {
    const auto end = Clock::now() + time;
    return PollUntil([&] { return Clock::now() > end; });
  }
  Clock::time_point noticed() const { return card_->status().failed_at; }

 private:
  // The fake has it learned.
  absl::Status TellConnection() {
    const EventLine event{.kind = EventKind::kLearn,
                          .table = static_cast<uint8_t>(TableId::kOriginals),
                          .original_row = 5,
                          .reply_row = 6,
                          .original = ToTuple({kClient, kService, 1000, 80, Protocol::kUdp}),
                          .reply = ToTuple({kEndpoint, kClient, 8080, 1000, Protocol::kUdp})};
    const auto bytes = cardd::OrderFrame(cardd::FakeOrder::kTell, PackLine(event));
    InjectedFrame frame;
    frame.line.action = InjectAction::kTransmit;
    frame.frame = bytes;
    return card_->Inject({&frame, 1});
  }

  // As an agent polls.
  template <class Enough>
  absl::Status PollUntil(Enough enough) {
    const auto deadline = Clock::now() + kDeadline;
    while (!enough()) {
      if (Clock::now() > deadline) return absl::DeadlineExceededError("the card is not back");
      if (absl::Status status = card_->Poll().status(); !status.ok()) return status;
      std::this_thread::sleep_for(kAgentNap);
    }
    return absl::OkStatus();
  }

  std::unique_ptr<cardd::FailoverCard> card_;
};

struct Failover {
  double noticing_ms = 0;
  double gap_ms = 0;
  uint32_t lost = 0;
};

// What the journal says of the time from `noticed` to `end`.
Failover Judge(const Journal& journal, Clock::time_point noticed, Clock::time_point end) {
  Failover result;
  int64_t first = Ns(end);
  for (uint32_t number = 0; number < journal.count; ++number) {
    if (journal.received[number] >= Ns(noticed))
      first = std::min(first, journal.received[number].load());
    if (journal.sent[number] < Ns(noticed) || journal.sent[number] > Ns(end)) continue;
    result.lost += journal.received[number] == 0;
  }
  result.gap_ms = static_cast<double>(first - Ns(noticed)) / 1e6;
  return result;
}

absl::StatusOr<std::vector<Failover>> Measure(Journal& journal) {
  Bench bench;
  if (absl::Status status = bench.Open(); !status.ok()) return status;
  const int generator = OpenSocket("generator");
  const int sink = OpenSocket("sink");
  if (generator < 0 || sink < 0) return absl::InternalError("no sockets");
  std::thread sender([&] { Send(journal, generator); });
  std::thread receiver([&] { Receive(journal, sink); });
  std::vector<Failover> failovers;
  absl::Status status = bench.Wait(kBetween);
  for (int i = 0; i < kFailures && status.ok(); ++i) {
    Clock::time_point killed;
    status = bench.Fail(killed);
    const Clock::time_point end = Clock::now() + std::chrono::milliseconds(30);
    // The card is back some time later: what is sent until then is the ports' to carry.
    while (Clock::now() < end + std::chrono::milliseconds(20)) {
      std::this_thread::sleep_for(kAgentNap);
    }
    if (status.ok()) {
      failovers.push_back(Judge(journal, bench.noticed(), end));
      failovers.back().noticing_ms =
          std::chrono::duration<double, std::milli>(bench.noticed() - killed).count();
      status = bench.ComeBack();
    }
    if (status.ok()) status = bench.Wait(kBetween);
  }
  journal.stop = true;
  sender.join();
  receiver.join();
  if (!status.ok()) return status;
  return failovers;
}

int Run() {
  if (!MakeCables()) {
    fmt::print(stderr,
               "failover_figures: left out: root, network namespaces and veth are needed\n");
    fmt::print("[]\n");
    return 0;
  }
  spdlog::set_level(spdlog::level::off);
  Journal journal;
  const auto failovers = Measure(journal);
  if (!failovers.ok()) {
    fmt::print(stderr, "failover_figures: {}\n", std::string(failovers.status().message()));
    return 1;
  }
  Failover worst;
  for (const Failover& failover : *failovers) {
    worst.lost += failover.lost;
    worst.gap_ms = std::max(worst.gap_ms, failover.gap_ms);
    worst.noticing_ms = std::max(worst.noticing_ms, failover.noticing_ms);
  }
  fmt::print(stderr, "failover_figures: {} failures, noticed within {:.2f} ms of the kill\n",
             failovers->size(), worst.noticing_ms);
  fmt::print("{}", Json({{.group = "control",
                          .name = "failover.lost_after_detection",
                          .unit = "packets",
                          .value = static_cast<double>(worst.lost),
                          .goal = "0",
                          .ok = worst.lost == 0},
                         {.group = "control",
                          .name = "failover.gap_ms",
                          .unit = "ms",
                          .value = worst.gap_ms,
                          .goal = "10",
                          .ok = worst.gap_ms <= 10}}));
  return 0;
}

}  // namespace
}  // namespace pointsman

int main() { return pointsman::Run(); }
