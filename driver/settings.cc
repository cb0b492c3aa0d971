#include "driver/settings.h"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {
namespace {

uint32_t HostProtocolBits(const Configuration& configuration) {
  const auto bit = [](bool set, HostProtocol protocol) {
    return uint32_t{set} << static_cast<int>(protocol);
  };
  const HostProtocols& protocols = configuration.host_protocols;
  return bit(protocols.sctp, HostProtocol::kSctp) | bit(protocols.tcp, HostProtocol::kTcp) |
         bit(protocols.udp, HostProtocol::kUdp);
}

constexpr uint32_t kWordsOf128Bits = 4;

// The words of an array of registers from `first` on, the least significant one first.
void AddBits(const char* name, RegisterOffset at, uint32_t first, const Bits128& bits,
             std::vector<RegisterWrite>& order) {
  const uint64_t halves[] = {bits.low, bits.high};
  for (uint32_t word = 0; word < kWordsOf128Bits; ++word) {
    const auto value = static_cast<uint32_t>(halves[word / 2] >> (32 * (word % 2)));
    order.push_back({name, at, value, first + word});
  }
}

// Ranges that differ from `before`. A range is out of use, by its mask 0, while its address
// changes.
void AddServiceRanges(const Configuration& configuration, const Configuration* before,
                      std::vector<RegisterWrite>& order) {
  const auto add = [&](uint32_t first, const Bits128& bits) {
    AddBits("service-ranges", RegisterOffset::kServiceRanges, first, bits, order);
  };
  for (uint32_t i = 0; i < kServiceRanges; ++i) {
    const ServiceRange& range = configuration.service_ranges[i];
    if (before != nullptr && before->service_ranges[i] == range) continue;
    const uint32_t address = 2 * kWordsOf128Bits * i;
    const uint32_t mask = address + kWordsOf128Bits;
    add(mask, {});
    add(address, range.address);
    add(mask, range.mask);
  }
}

// The tunnel is out of use, by its address 0, while it changes.
void AddTunnel(const Tunnel& tunnel, std::vector<RegisterWrite>& order) {
  using enum RegisterOffset;
  order.insert(order.end(),
               {{"vxlan-address", kVxlanAddress, 0},
                {"vxlan-port", kVxlanPort, tunnel.port},
                {"vxlan-vni", kVxlanVni, tunnel.vni},
                {"vxlan-mac-low", kVxlanMacLow, static_cast<uint32_t>(tunnel.mac.value)},
                {"vxlan-mac-high", kVxlanMacHigh, static_cast<uint32_t>(tunnel.mac.value >> 32)},
                {"vxlan-mtu", kVxlanMtu, tunnel.mtu},
                {"vxlan-address", kVxlanAddress, tunnel.address.value}});
}

void AddTick(const CardSettings& settings, std::vector<RegisterWrite>& order) {
  order.push_back({"tick-cycles", RegisterOffset::kTickCycles, settings.tick_cycles});
  // One that counts by itself does not read back.
  if (settings.tick_cycles == 0) order.push_back({"tick", RegisterOffset::kTick, settings.tick});
}

void AddLife(const CardSettings& settings, std::vector<RegisterWrite>& order) {
  using enum RegisterOffset;
  const ConnectionTimeouts& t = settings.configuration.timeouts;
  order.insert(order.end(), {{"timeout-tcp-unconfirmed", kTimeoutTcpUnconfirmed, t.tcp_unconfirmed},
                             {"timeout-tcp-half-open", kTimeoutTcpHalfOpen, t.tcp_half_open},
                             {"timeout-tcp-established", kTimeoutTcpEstablished, t.tcp_established},
                             {"timeout-tcp-closing", kTimeoutTcpClosing, t.tcp_closing},
                             {"timeout-tcp-closed", kTimeoutTcpClosed, t.tcp_closed},
                             {"timeout-udp-unconfirmed", kTimeoutUdpUnconfirmed, t.udp_unconfirmed},
                             {"timeout-udp-established", kTimeoutUdpEstablished, t.udp_established},
                             {"unconfirmed-quota", kUnconfirmedQuota,
                              settings.configuration.unconfirmed_quota}});
  AddTick(settings, order);
}

bool DiffersInTickOnly(const CardSettings& a, const CardSettings& b) {
  return a.mode == b.mode && a.capture == b.capture && a.configuration == b.configuration;
}

// What is to be written for `settings`, in order.
std::vector<RegisterWrite> Writes(const CardSettings& settings, const CardSettings* before) {
  using enum RegisterOffset;
  const Configuration& configuration = settings.configuration;
  const RegisterWrite mode{"mode", kMode, uint32_t(settings.mode)};
  std::vector<RegisterWrite> order;
  if (settings.mode == Mode::kBypass) order.push_back(mode);
  order.insert(order.end(),
               {{"slot-hash-seed", kSlotHashSeed, configuration.slot_hash_seed},
                {"masquerade-address", kMasqueradeAddress, configuration.masquerade_address.value},
                {"masquerade-port-base", kMasqueradePortBase, configuration.masquerade_ports.base},
                {"masquerade-port-mask", kMasqueradePortMask, configuration.masquerade_ports.mask},
                {"host-protocols", kHostProtocols, HostProtocolBits(configuration)}});
  AddBits("masquerade-ipv6-address", kMasqueradeIpv6Address, 0, configuration.masquerade_address_v6,
          order);
  if (before == nullptr || before->configuration.tunnel != configuration.tunnel) {
    AddTunnel(configuration.tunnel, order);
  }
  AddServiceRanges(configuration, before != nullptr ? &before->configuration : nullptr, order);
  AddLife(settings, order);
  order.push_back({"capture", kCapture, settings.capture ? 1u : 0u});
  if (settings.mode != Mode::kBypass) order.push_back(mode);
  return order;
}

absl::StatusOr<Bits128> ReadRangeWords(Transport& transport, uint32_t first) {
  std::array<uint64_t, kWordsOf128Bits> words{};
  for (uint32_t word = 0; word < kWordsOf128Bits; ++word) {
    POINTSMAN_ASSIGN_OR_RETURN(
        words[word], ReadRegister(transport, RegisterOffset::kServiceRanges, first + word));
  }
  return Bits128{.low = words[1] << 32 | words[0], .high = words[3] << 32 | words[2]};
}

absl::StatusOr<Tunnel> ReadTunnel(Transport& transport) {
  using enum RegisterOffset;
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t address, ReadRegister(transport, kVxlanAddress));
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t port, ReadRegister(transport, kVxlanPort));
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t vni, ReadRegister(transport, kVxlanVni));
  POINTSMAN_ASSIGN_OR_RETURN(const uint64_t mac_low, ReadRegister(transport, kVxlanMacLow));
  POINTSMAN_ASSIGN_OR_RETURN(const uint64_t mac_high, ReadRegister(transport, kVxlanMacHigh));
  POINTSMAN_ASSIGN_OR_RETURN(const uint32_t mtu, ReadRegister(transport, kVxlanMtu));
  return Tunnel{.address = {address},
                .port = static_cast<uint16_t>(port),
                .vni = vni,
                .mac = {mac_high << 32 | mac_low},
                .mtu = static_cast<uint16_t>(mtu)};
}

}  // namespace

absl::StatusOr<CardSettings> ReadRangesAndTunnel(Transport& transport) {
  CardSettings settings;
  Configuration& configuration = settings.configuration;
  POINTSMAN_ASSIGN_OR_RETURN(configuration.tunnel, ReadTunnel(transport));
  for (uint32_t i = 0; i < kServiceRanges; ++i) {
    const uint32_t first = 2 * kWordsOf128Bits * i;
    ServiceRange& range = configuration.service_ranges[i];
    POINTSMAN_ASSIGN_OR_RETURN(range.address, ReadRangeWords(transport, first));
    POINTSMAN_ASSIGN_OR_RETURN(range.mask, ReadRangeWords(transport, first + kWordsOf128Bits));
  }
  return settings;
}

absl::Status WriteSettings(Transport& transport, const CardSettings& settings,
                           const CardSettings* before) {
  const MasqueradePorts& ports = settings.configuration.masquerade_ports;
  if ((ports.base & ports.mask) != 0) {
    return absl::InvalidArgumentError(fmt::format(
        "masquerade ports: base {:#06x} and mask {:#06x} share bits", ports.base, ports.mask));
  }
  std::vector<RegisterWrite> order;
  if (before != nullptr && DiffersInTickOnly(*before, settings)) {
    AddTick(settings, order);
  } else {
    order = Writes(settings, before);
  }
  return WriteVerified(transport, order);
}

}  // namespace pointsman
