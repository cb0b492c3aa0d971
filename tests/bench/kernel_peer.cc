#include "tests/bench/kernel_peer.h"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"
#include "tests/bench/cables.h"
#include "tests/bench/service_image.h"

namespace pointsman {
namespace {

constexpr uint32_t kPackets = 100'000;
constexpr uint32_t kKnownFlows = 1024;
constexpr uint32_t kServicesATransaction = 500;  // more in one take nft quadratically long
constexpr char kTable[] = "ip kube-proxy";

double ThreadNs() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

bool Succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

std::string MacOfFrames() {
  const auto frame = FlowFrame();
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", frame[0], frame[1], frame[2],
                     frame[3], frame[4], frame[5]);
}

bool MakeRouter() {
  return MakeCables() &&
         Succeeds(fmt::format(
             "ip link set uplink address {} && "
             "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 "
             "net.ipv4.conf.uplink.rp_filter=0 && "
             "ip addr add 10.0.0.1/8 dev uplink && ip addr add 172.31.0.1/24 dev node && "
             "ip neigh add 172.31.0.2 lladdr 02:00:00:00:bb:00 dev node && "
             "ip route add 10.245.0.0/16 via 172.31.0.2",
             MacOfFrames()));
}

bool LoadRules(std::string rules) {
  std::FILE* nft = popen("nft -f -", "w");
  if (nft == nullptr) return false;
  const bool written = std::fwrite(rules.data(), 1, rules.size(), nft) == rules.size();
  return pclose(nft) == 0 && written;
}

std::string RulesOf(uint32_t service) {
  const std::string address = fmt::format("10.96.{}.{}", service >> 8 & 255, service & 255);
  const std::string chain = fmt::format("service-{:08x}-ns/svc{}/tcp/p80", service, service);
  const std::string endpoint =
      fmt::format("endpoint-{:08x}-ns/svc{}/tcp/p80__e/8080", service, service);
  return fmt::format(
      "add chain {0} {3}\nadd chain {0} {2}\n"
      "add rule {0} {3} meta l4proto tcp dnat to 10.245.{4}.{5}:8080\n"
      "add rule {0} {2} ip daddr {1} tcp dport 80 ip saddr != 10.0.0.0/8 jump mark-for-masquerade\n"
      "add rule {0} {2} numgen random mod 1 vmap {{ 0 : goto {3} }}\n"
      "add element {0} service-ips {{ {1} . tcp . 80 : goto {2} }}\n",
      kTable, address, chain, endpoint, service >> 8 & 255, service & 255);
}

bool LoadServices(uint32_t services) {
  std::string rules = fmt::format(
      "add table {0}\n"
      "add map {0} service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict ; }}\n"
      "add chain {0} mark-for-masquerade\n"
      "add rule {0} mark-for-masquerade mark set mark or 0x4000\n"
      "add chain {0} nat-prerouting {{ type nat hook prerouting priority -100 ; }}\n"
      "add rule {0} nat-prerouting ip daddr . meta l4proto . th dport vmap @service-ips\n",
      kTable);
  for (uint32_t service = 0; service < services; ++service) {
    rules += RulesOf(service);
    if ((service + 1) % kServicesATransaction != 0 && service + 1 != services) continue;
    if (!LoadRules(std::exchange(rules, {}))) return false;
  }
  return true;
}

uint64_t ReceivedBySink() {
  std::ifstream devices("/proc/net/dev");
  for (std::string line; std::getline(devices, line);) {
    const size_t name = line.find("sink:");
    unsigned long long bytes = 0, packets = 0;
    if (name != std::string::npos &&
        std::sscanf(line.c_str() + name, "sink: %llu %llu", &bytes, &packets) == 2) {
      return packets;
    }
  }
  return 0;
}

class Sender {
 public:
  explicit Sender(uint32_t services) : services_(services) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(if_nametoindex("generator"));
    const int yes = 1;
    setsockopt(socket_, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
    is_open_ = bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() { close(socket_); }
  bool is_open() const { return is_open_; }

  // CPU time of a packet, over kPackets of `flows` flows, from this one on. `wanted`: by the
  // router.
  double Send(uint32_t first_flow, uint32_t flows, bool wanted) {
    std::vector<uint8_t> frame(FlowFrame().size());
    const double before = ThreadNs();
    for (uint32_t i = 0; i < kPackets; ++i) {
      StampFlow(frame.data(), first_flow + i % flows, services_);
      if (!wanted) frame[5] ^= 1;
      StoreBe16(&frame[kIpv4ChecksumOffset], 0);
      StoreBe16(&frame[kIpv4ChecksumOffset],
                InternetChecksum(std::span(frame).subspan(kIpv4ChecksumOffset - 10, 20)));
      static_cast<void>(
          send(socket_, frame.data(), frame.size(), 0));  // those that are lost are missed below
    }
    return (ThreadNs() - before) / kPackets;
  }

 private:
  const uint32_t services_;
  const int socket_ = socket(AF_PACKET, SOCK_RAW, 0);
  bool is_open_ = false;
};

}  // namespace

absl::StatusOr<double> KernelNsPerPacket(const KernelLoad& load) {
  // A flow has no checksum of TCP that is right, which none of the routers looks at.
  if (!MakeRouter() || !LoadServices(load.services) ||
      !Succeeds("sysctl -qw net.netfilter.nf_conntrack_checksum=0")) {
    return absl::UnavailableError("the kernel's router needs root, veth and nft");
  }
  Sender sender(load.services);
  if (!sender.is_open()) return absl::UnavailableError("no packet socket");
  if (!load.first_packets) sender.Send(kKnownFlows, kKnownFlows, true);
  const double unwanted = sender.Send(0, kKnownFlows, false);
  const uint64_t received = ReceivedBySink();
  const double forwarded =
      sender.Send(kKnownFlows, load.first_packets ? kPackets : kKnownFlows, true);
  const uint64_t through = ReceivedBySink() - received;
  if (through < kPackets * 9 / 10) {
    return absl::InternalError(
        fmt::format("{} of {} packets got through the kernel's router", through, kPackets));
  }
  return forwarded - unwanted;
}

}  // namespace pointsman
