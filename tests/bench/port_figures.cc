// What the software path costs on packet ports: CPU time of a packet from a port of af_packet on a
// veth pair to another, through DPDK's ports alone and through a card made of ports, in turn, while
// another process sends as fast as it can; and what the kernel's nft costs for the same packets. In
// network namespaces of its own; without root it says so and prints no figure.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "host/ports/environment.h"
#include "host/ports/port_card.h"
#include "tests/bench/cables.h"
#include "tests/bench/figure.h"
#include "tests/bench/kernel_peer.h"
#include "tests/bench/service_image.h"

namespace pointsman {
namespace {

constexpr uint32_t kFlows = 1024;
constexpr uint32_t kFrames = 16384;
constexpr uint32_t kServices = 1000;
constexpr uint32_t kManyServices = 10'000;
constexpr uint32_t kFreshFlows = 1 << 21;
constexpr int kRounds = 5;
constexpr std::chrono::milliseconds kWarmUp(500);
constexpr std::chrono::seconds kMeasured(2);
const std::vector<std::string> kPorts = {"net_af_packet0,iface=uplink",
                                         "net_af_packet1,iface=node"};

double CpuNs(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Flows one after the other, again and again: kFlows, or so many that each packet measured is the
// first of its connection. Never returns.
[[noreturn]] void Send(uint32_t flows, uint32_t services) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int socket_fd = socket(AF_PACKET, SOCK_RAW, 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex("generator"));
  const int yes = 1;
  setsockopt(socket_fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
  if (bind(socket_fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) _exit(1);
  std::vector<std::vector<uint8_t>> frames(kFlows, std::vector<uint8_t>(FlowFrame().size()));
  std::vector<iovec> vectors(kFlows);
  std::vector<mmsghdr> messages(kFlows);
  for (uint32_t i = 0; i < kFlows; ++i) {
    vectors[i] = {frames[i].data(), frames[i].size()};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (uint32_t first = 0;; first = (first + kFlows) % flows) {
    for (uint32_t i = 0; i < kFlows; ++i) StampFlow(frames[i].data(), first + i, services);
    sendmmsg(socket_fd, messages.data(), kFlows, 0);
  }
}

// What any program that forwards by DPDK has to do, and nothing else.
absl::StatusOr<double> BareNs() {
  if (absl::Status status = BringUpDpdk(kPorts, {}, kFrames); !status.ok()) return status;
  const auto pool = MakeFramePool(kFrames);
  if (!pool.ok()) return pool.status();
  std::array<uint16_t, 2> ports{};
  for (size_t i = 0; i < 2; ++i) {
    const auto port = OpenPort(kPorts[i], 1, *pool);
    if (!port.ok()) return port.status();
    ports[i] = port->number;
  }
  uint64_t packets = 0;
  const auto forward_until = [&](std::chrono::steady_clock::time_point end) {
    while (std::chrono::steady_clock::now() < end) {
      for (int polls = 0; polls < 64; ++polls) {
        for (size_t i = 0; i < 2; ++i) {
          std::array<rte_mbuf*, 32> frames{};
          const uint16_t count = rte_eth_rx_burst(ports[i], 0, frames.data(), frames.size());
          uint16_t sent = 0;
          for (int tries = 0; sent < count && tries < 8; ++tries) {
            sent += rte_eth_tx_burst(ports[1 - i], 0, frames.data() + sent, count - sent);
          }
          packets += sent;
          for (; sent < count; ++sent) rte_pktmbuf_free(frames[sent]);
        }
      }
    }
  };
  forward_until(std::chrono::steady_clock::now() + kWarmUp);
  packets = 0;
  const double before = CpuNs(CLOCK_THREAD_CPUTIME_ID);
  forward_until(std::chrono::steady_clock::now() + kMeasured);
  return (CpuNs(CLOCK_THREAD_CPUTIME_ID) - before) / static_cast<double>(packets);
}

uint64_t Sent(Card& card) {
  const auto health = card.Health();
  if (!health.ok()) return 0;
  return uint64_t{health->statistics[static_cast<size_t>(Statistic::kUplinkTransmitted)]} +
         health->statistics[static_cast<size_t>(Statistic::kNodeTransmitted)];
}

absl::StatusOr<double> OursNs(uint32_t connections, uint32_t services) {
  PortCardOptions options;
  options.ports = kPorts;
  options.connections = connections;
  auto card = OpenPortCard(options);
  if (!card.ok()) return card.status();
  const auto image = MakeServiceImage(options.connections, services);
  if (absl::Status status =
          (*card)->Configure({.mode = Mode::kOffload, .configuration = image->configuration});
      !status.ok()) {
    return status;
  }
  absl::Status status = (*card)->Write(MakePlan(EmptyImage(image->sizes), *image).writes);
  if (!status.ok()) return status;
  std::this_thread::sleep_for(kWarmUp);
  if (const auto learned = (*card)->Poll(); !learned.ok()) return learned.status();
  const auto core_ns = [] {
    return CpuNs(CLOCK_PROCESS_CPUTIME_ID) - CpuNs(CLOCK_THREAD_CPUTIME_ID);
  };
  const double before = core_ns();
  const uint64_t sent = Sent(**card);
  std::this_thread::sleep_for(kMeasured);
  return (core_ns() - before) / static_cast<double>(Sent(**card) - sent);
}

int Measure(const std::string& what) {
  spdlog::set_level(spdlog::level::off);  // its only word is the figure
  const absl::StatusOr<double> ns = what == "bare"         ? BareNs()
                                    : what == "ours"       ? OursNs(1 << 16, kServices)
                                    : what == "ours-first" ? OursNs(kFreshFlows, kManyServices)
                                    : what == "kernel"     ? KernelNsPerPacket({kServices, false})
                                                       : KernelNsPerPacket({kManyServices, true});
  if (!ns.ok()) {
    fmt::print(stderr, "port_figures: {}\n", std::string(ns.status().message()));
    return 1;
  }
  fmt::print("{}\n", *ns);
  return 0;
}

// This program again, in a process of its own: DPDK comes up once in each.
double MeasureApart(const char* what) {
  const std::string command = fmt::format("/proc/{}/exe {}", getpid(), what);
  std::FILE* output = popen(command.c_str(), "r");
  double ns = 0;
  const bool is_number = output != nullptr && std::fscanf(output, "%lf", &ns) == 1;
  if (output == nullptr || pclose(output) != 0 || !is_number) return 0;
  return ns;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Sends while `measure` runs.
template <class Do>
void WhileSending(uint32_t flows, uint32_t services, Do measure) {
  const pid_t sender = fork();
  if (sender == 0) Send(flows, services);
  measure();
  kill(sender, SIGKILL);
  waitpid(sender, nullptr, 0);
}

Figure OverOurs(const char* name, double kernel, double ours, double goal) {
  fmt::print(stderr, "port_figures: {}: the kernel's nft {:.0f} ns a packet, ours {:.0f}\n", name,
             kernel, ours);
  return {.group = "softpath",
          .name = fmt::format("kernel_nft_over_ours.{}", name),
          .unit = "times",
          .value = kernel / ours,
          .goal = fmt::format("{}", goal),
          .ok = kernel / ours >= goal};
}

int Run() {
  if (!MakeCables()) {
    fmt::print(stderr, "port_figures: left out: root, network namespaces and veth are needed\n");
    fmt::print("[]\n");
    return 0;
  }
  std::vector<double> ratios, bare, ours;
  WhileSending(kFlows, kServices, [&] {
    for (int round = 0; round < kRounds; ++round) {
      bare.push_back(MeasureApart("bare"));
      ours.push_back(MeasureApart("ours"));
      if (bare.back() == 0 || ours.back() == 0) break;
      ratios.push_back(ours.back() / bare.back());
    }
  });
  if (ratios.size() != kRounds) return 1;
  fmt::print(stderr, "port_figures: bare {:.0f} ns a packet, ours {:.0f}\n", Median(bare),
             Median(ours));
  const double ratio = Median(ratios);
  std::vector<Figure> figures = {{.group = "softpath",
                                  .name = "over_bare_dpdk_loop",
                                  .unit = "times",
                                  .value = ratio,
                                  .goal = "1.10",
                                  .ok = ratio <= 1.10}};
  double ours_first = 0;
  WhileSending(kFreshFlows, kManyServices, [&] { ours_first = MeasureApart("ours-first"); });
  const double kernel = MeasureApart("kernel");
  const double kernel_first = MeasureApart("kernel-first");
  if (kernel > 0) figures.push_back(OverOurs("established", kernel, Median(ours), 1.5));
  if (kernel_first > 0 && ours_first > 0) {
    figures.push_back(OverOurs("first_10k", kernel_first, ours_first, 10));
  }
  fmt::print("{}", Json(figures));
  return 0;
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) {
  return argc == 2 ? pointsman::Measure(argv[1]) : pointsman::Run();
}
