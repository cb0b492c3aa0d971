#include "driver/settings.h"

#include <fmt/format.h>

#include <vector>

#include "driver/registers.h"
#include "driver/status_macros.h"

namespace pointsman {
namespace {

uint32_t HostProtocols(const Configuration& configuration) {
  const auto bit = [](HostProtocol protocol) { return 1u << static_cast<int>(protocol); };
  return (configuration.host_forwards_ipv6 ? bit(HostProtocol::kIpv6) : 0) |
         (configuration.host_forwards_sctp ? bit(HostProtocol::kSctp) : 0);
}

// A range is out of use, by its mask 0, while its address changes.
void AddServiceRanges(const Configuration& configuration, std::vector<RegisterWrite>& order) {
  using enum RegisterOffset;
  const auto& ranges = configuration.service_ranges;
  static_assert(kServiceRanges == 4);
  order.insert(order.end(), {{"service-range-0-mask", kServiceRange0Mask, 0},
                             {"service-range-0-address", kServiceRange0Address, ranges[0].address},
                             {"service-range-0-mask", kServiceRange0Mask, ranges[0].mask},
                             {"service-range-1-mask", kServiceRange1Mask, 0},
                             {"service-range-1-address", kServiceRange1Address, ranges[1].address},
                             {"service-range-1-mask", kServiceRange1Mask, ranges[1].mask},
                             {"service-range-2-mask", kServiceRange2Mask, 0},
                             {"service-range-2-address", kServiceRange2Address, ranges[2].address},
                             {"service-range-2-mask", kServiceRange2Mask, ranges[2].mask},
                             {"service-range-3-mask", kServiceRange3Mask, 0},
                             {"service-range-3-address", kServiceRange3Address, ranges[3].address},
                             {"service-range-3-mask", kServiceRange3Mask, ranges[3].mask}});
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
std::vector<RegisterWrite> Writes(const CardSettings& settings) {
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
                {"host-protocols", kHostProtocols, HostProtocols(configuration)}});
  AddServiceRanges(configuration, order);
  AddLife(settings, order);
  order.push_back({"capture", kCapture, settings.capture ? 1u : 0u});
  if (settings.mode != Mode::kBypass) order.push_back(mode);
  return order;
}

}  // namespace

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
    order = Writes(settings);
  }
  return WriteVerified(transport, order);
}

}  // namespace pointsman
