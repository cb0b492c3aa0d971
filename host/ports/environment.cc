#include "host/ports/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "host/ports/frame_note.h"
#include "host/ports/reserved_pages.h"

namespace pointsman {
namespace {

constexpr uint16_t kDescriptors = 1024;
constexpr unsigned kCachedBuffers = 256;
// A frame's buffer with what DPDK keeps beside it, and what ports and DPDK itself take; more than
// they do.
constexpr uint64_t kFrameBytes = 3 << 10;
constexpr uint64_t kMemoryBesideFrames = 16 << 20;
constexpr uint64_t kOrdinaryMegabytes = 512;  // at the least

// DPDK writes what went wrong to its log: this is where the text of errors comes from.
class DpdkLog {
 public:
  DpdkLog() : file_(std::tmpfile()) {
    if (file_ != nullptr) rte_openlog_stream(file_);
  }
  DpdkLog(const DpdkLog&) = delete;
  DpdkLog& operator=(const DpdkLog&) = delete;
  ~DpdkLog() {
    rte_openlog_stream(nullptr);
    if (file_ != nullptr) std::fclose(file_);
  }

  // The lines so far, in one.
  std::string Text() const {
    if (file_ == nullptr) return "";
    std::fflush(file_);
    std::rewind(file_);
    std::string text;
    std::array<char, 256> piece{};
    while (std::fgets(piece.data(), piece.size(), file_) != nullptr) text += piece.data();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) {
      text.replace(at, 1, "; ");
    }
    return text;
  }

 private:
  std::FILE* file_;
};

// "0000:3b:00.0" or "3b:00.0", perhaps with arguments of its driver behind.
bool IsPciAddress(std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find(','));
  return name.size() >= 7 && name.find('.') != std::string_view::npos &&
         std::ranges::all_of(
             name, [](unsigned char c) { return std::isxdigit(c) != 0 || c == ':' || c == '.'; });
}

int FirstCpu(const cpu_set_t& cpus) {
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) return cpu;
  }
  return 0;
}

// The megabytes of option -m, 0 where it is not given.
uint64_t GivenMegabytes(const std::vector<std::string>& arguments) {
  const auto option = std::ranges::find(arguments, "-m");
  uint64_t megabytes = 0;
  if (option == arguments.end() || option + 1 == arguments.end()) return 0;
  std::from_chars((option + 1)->data(), (option + 1)->data() + (option + 1)->size(), megabytes);
  return megabytes;
}

// Which memory DPDK is to take. Huge pages by descriptor (--in-memory): they need no mounted
// hugetlbfs, none are left over by a process that is killed, and two processes do not meet in
// files.
std::vector<std::string> MemoryArguments(const std::vector<std::string>& more, uint32_t frames) {
  const auto is_given = [&](std::string_view option) {
    return std::ranges::find(more, option) != more.end();
  };
  if (is_given("--in-memory") || is_given("--huge-dir")) return {};
  const uint64_t megabytes = GivenMegabytes(more);
  const uint64_t wanted =
      std::max(megabytes << 20, uint64_t{frames} * kFrameBytes + kMemoryBesideFrames);
  const std::vector<ReservedPages> pages = FindReservedPages();
  std::vector<std::string> arguments;
  if (is_given("--no-huge")) {
    spdlog::info("packets are in ordinary memory, as --no-huge says");
  } else if (CanTakeReservedPages(pages, wanted)) {
    spdlog::info("packets are in huge pages ({})", Describe(pages));
    return {"--in-memory"};
  } else {
    spdlog::info("packets are in ordinary memory: no {} MiB of huge pages can be had ({})",
                 wanted >> 20, Describe(pages));
    arguments.emplace_back("--no-huge");
  }
  if (megabytes == 0) {
    arguments.insert(arguments.end(),
                     {"-m", fmt::format("{}", std::max(kOrdinaryMegabytes, (wanted >> 20) + 1))});
  }
  return arguments;
}

std::vector<std::string> EalArguments(const std::vector<std::string>& port_arguments,
                                      const std::vector<std::string>& more, uint32_t frames,
                                      int cpu) {
  std::vector<std::string> arguments = {"pointsman", "--no-telemetry", "--no-shconf", "-l",
                                        fmt::format("{}", cpu)};
  const std::vector<std::string> memory = MemoryArguments(more, frames);
  arguments.insert(arguments.end(), memory.begin(), memory.end());
  bool pci = false;
  for (const std::string& argument : port_arguments) {
    if (!IsPciAddress(argument)) continue;
    arguments.insert(arguments.end(), {"-a", argument});
    pci = true;
  }
  if (!pci) arguments.emplace_back("--no-pci");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// Drivers of ports that are installed, by the names their arguments begin with.
std::vector<std::string> PortDrivers() {
  std::vector<std::string> drivers;
  std::error_code ignored;
  for (const char* folder : {"/usr/lib/x86_64-linux-gnu/dpdk", "/usr/lib/aarch64-linux-gnu/dpdk",
                             "/usr/local/lib/x86_64-linux-gnu/dpdk"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string();
      constexpr std::string_view kPrefix = "librte_net_";
      if (!name.starts_with(kPrefix) || !name.ends_with(".so")) continue;
      drivers.push_back(name.substr(7, name.size() - 10));
    }
  }
  std::ranges::sort(drivers);
  return drivers;
}

std::vector<std::string> Interfaces() {
  std::vector<std::string> names;
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> list(
      ::if_nameindex(), ::if_freenameindex);
  for (const struct if_nameindex* one = list.get(); one != nullptr && one->if_index != 0; ++one) {
    names.emplace_back(one->if_name);
  }
  return names;
}

absl::Status CannotOpen(const std::string& argument, int error, const DpdkLog& log) {
  std::string said = log.Text();
  if (said.empty()) said = rte_strerror(-error);
  const std::string name = argument.substr(0, argument.find(','));
  const bool by_interface = name.starts_with("net_af_") || argument.find("iface=") != argument.npos;
  const std::string there =
      by_interface ? fmt::format("interfaces here: {}", fmt::join(Interfaces(), ", "))
                   : fmt::format("port drivers here: {}; interfaces: {}",
                                 fmt::join(PortDrivers(), ", "), fmt::join(Interfaces(), ", "));
  return absl::InvalidArgumentError(
      fmt::format("--port {}: DPDK cannot open it: {}; {}", argument, said, there));
}

absl::Status Configure(uint16_t port, const std::string& argument, uint16_t receive_queues,
                       uint16_t transmit_queues, rte_mempool* pool) {
  const DpdkLog log;
  const auto failed = [&](const char* what, int error) {
    return absl::FailedPreconditionError(
        fmt::format("--port {}: {}: {} {}", argument, what, rte_strerror(-error), log.Text()));
  };
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(port, &info); error != 0) {
    return failed("it does not say what it can", error);
  }
  rte_eth_conf configuration{};
  if (receive_queues > 1 && info.flow_type_rss_offloads != 0) {
    configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    configuration.rx_adv_conf.rss_conf.rss_hf =
        (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
  }
  if (const int error =
          rte_eth_dev_configure(port, receive_queues, transmit_queues, &configuration);
      error != 0) {
    return failed("queues cannot be configured", error);
  }
  uint16_t receive = kDescriptors;
  uint16_t transmit = kDescriptors;
  rte_eth_dev_adjust_nb_rx_tx_desc(port, &receive, &transmit);
  const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(port));
  for (uint16_t queue = 0; queue < receive_queues; ++queue) {
    const int error = rte_eth_rx_queue_setup(port, queue, receive, socket, nullptr, pool);
    if (error != 0) return failed("a receive queue cannot be set up", error);
  }
  for (uint16_t queue = 0; queue < transmit_queues; ++queue) {
    const int error = rte_eth_tx_queue_setup(port, queue, transmit, socket, nullptr);
    if (error != 0) return failed("a transmit queue cannot be set up", error);
  }
  if (const int error = rte_eth_dev_start(port); error != 0) return failed("cannot start", error);
  // Frames are for others. Ports without addresses (rings, pcap) take everything as it is.
  if (const int error = rte_eth_promiscuous_enable(port); error != 0 && error != -ENOTSUP) {
    return failed("cannot be promiscuous", error);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BringUpDpdk(const std::vector<std::string>& port_arguments,
                         const std::vector<std::string>& eal_arguments, uint32_t frames) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  std::vector<std::string> texts =
      EalArguments(port_arguments, eal_arguments, frames, FirstCpu(cpus));
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  const DpdkLog log;
  const int result = rte_eal_init(static_cast<int>(arguments.size()), arguments.data());
  sched_setaffinity(0, sizeof cpus, &cpus);
  if (result >= 0) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format(
      "DPDK cannot be brought up with {}: {}; {}. Huge pages: {} (sysctl vm.nr_hugepages=256 "
      "reserves "
      "some; without, --eal=-m --eal=MEGABYTES takes less than {} MiB); bound network cards and "
      "raw "
      "sockets need root or CAP_NET_RAW, CAP_NET_ADMIN and CAP_IPC_LOCK",
      fmt::join(texts.begin() + 1, texts.end(), " "), rte_strerror(rte_errno), log.Text(),
      Describe(FindReservedPages()), kOrdinaryMegabytes));
}

absl::StatusOr<rte_mempool*> MakeFramePool(uint32_t count) {
  constexpr uint16_t kNoteBytes =
      (sizeof(FrameNote) + RTE_MBUF_PRIV_ALIGN - 1) / RTE_MBUF_PRIV_ALIGN * RTE_MBUF_PRIV_ALIGN;
  rte_mempool* pool = rte_pktmbuf_pool_create("frames", count, kCachedBuffers, kNoteBytes,
                                              RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (pool != nullptr) return pool;
  return absl::ResourceExhaustedError(fmt::format(
      "no memory for {} frames of {} bytes: {}; --eal=-m --eal=MEGABYTES gives DPDK more", count,
      RTE_MBUF_DEFAULT_BUF_SIZE, rte_strerror(rte_errno)));
}

absl::StatusOr<OpenedPort> OpenPort(const std::string& argument, uint16_t queues,
                                    rte_mempool* pool) {
  OpenedPort opened;
  const std::string name = argument.substr(0, argument.find(','));
  {
    const DpdkLog log;
    const int error = rte_dev_probe(argument.c_str());
    if (error != 0 && error != -EEXIST) return CannotOpen(argument, error, log);
    if (rte_eth_dev_get_port_by_name(name.c_str(), &opened.number) != 0) {
      return CannotOpen(argument, -ENODEV, log);
    }
  }
  rte_eth_dev_info info{};
  rte_eth_dev_info_get(opened.number, &info);
  if (info.max_tx_queues < queues) {
    return absl::InvalidArgumentError(
        fmt::format("--port {}: it has {} transmit queues, {} cores need as many (net_af_packet: "
                    "qpairs={}, net_af_xdp: queue_count={}), or fewer cores: --cores",
                    argument, info.max_tx_queues, queues, queues, queues));
  }
  opened.receive_queues = std::min(queues, info.max_rx_queues);
  if (absl::Status status = Configure(opened.number, argument, opened.receive_queues, queues, pool);
      !status.ok()) {
    return status;
  }
  return opened;
}

}  // namespace pointsman
