#include "host/agent/node_network.h"

#include <fmt/format.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <vector>

namespace pointsman {
namespace {

using kube::IpAddress;
using kube::IpPrefix;

using Socket = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;
using Cache = std::unique_ptr<nl_cache, decltype(&nl_cache_free)>;

constexpr uint16_t kKnownStates =
    NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
constexpr size_t kMacBytes = 6;

absl::Status Refused(const char* what, int error) {
  return absl::InternalError(fmt::format("netlink: {}: {}", what, nl_geterror(error)));
}

// Objects of one kind.
template <class Object, class Visit>
void ForEach(const Cache& cache, Visit visit) {
  for (nl_object* object = nl_cache_get_first(cache.get()); object != nullptr;
       object = nl_cache_get_next(object)) {
    visit(reinterpret_cast<Object*>(object));
  }
}

std::optional<IpAddress> AddressOf(const nl_addr* address) {
  if (address == nullptr) return std::nullopt;
  const auto* bytes = static_cast<const uint8_t*>(nl_addr_get_binary_addr(address));
  const size_t size = nl_addr_get_len(address);
  if (size != 4 && size != 16) return std::nullopt;
  return IpAddress::FromBytes(std::span(bytes, size));
}

std::optional<MacAddress> MacOf(const nl_addr* address) {
  if (address == nullptr || nl_addr_get_len(address) != kMacBytes) return std::nullopt;
  const auto* bytes = static_cast<const uint8_t*>(nl_addr_get_binary_addr(address));
  MacAddress mac{};
  for (size_t i = 0; i < kMacBytes; ++i) mac.value = mac.value << 8 | bytes[i];
  return mac;
}

// A route by a gateway.
struct Via {
  IpPrefix prefix;
  bool is_default = false;
  uint32_t metric = 0;
  int interface = 0;
  IpAddress gateway;
};

std::optional<Via> ViaOf(rtnl_route* route) {
  if (rtnl_route_get_table(route) != RT_TABLE_MAIN || rtnl_route_get_nnexthops(route) != 1 ||
      rtnl_route_get_type(route) != RTN_UNICAST) {
    return std::nullopt;
  }
  rtnl_nexthop* hop = rtnl_route_nexthop_n(route, 0);
  const std::optional<IpAddress> gateway = AddressOf(rtnl_route_nh_get_gateway(hop));
  if (!gateway) return std::nullopt;
  Via via{.prefix = {},
          .is_default = true,
          .metric = rtnl_route_get_priority(route),
          .interface = rtnl_route_nh_get_ifindex(hop),
          .gateway = *gateway};
  const nl_addr* destination = rtnl_route_get_dst(route);
  const std::optional<IpAddress> address = AddressOf(destination);
  if (!address || nl_addr_get_prefixlen(destination) == 0) return via;
  const auto prefix = IpPrefix::Parse(
      fmt::format("{}/{}", address->ToString(), nl_addr_get_prefixlen(destination)));
  if (!prefix.ok()) return std::nullopt;
  via.prefix = *prefix;
  via.is_default = false;
  return via;
}

class Network {
 public:
  absl::Status Read() {
    if (const int error = nl_connect(socket_.get(), NETLINK_ROUTE); error < 0) {
      return Refused("connecting", error);
    }
    nl_cache* cache = nullptr;
    if (const int e = rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &cache); e < 0) {
      return Refused("links", e);
    }
    links_.reset(cache);
    if (const int e = rtnl_neigh_alloc_cache(socket_.get(), &cache); e < 0) {
      return Refused("neighbours", e);
    }
    neighbours_.reset(cache);
    if (const int e = rtnl_route_alloc_cache(socket_.get(), AF_UNSPEC, 0, &cache); e < 0) {
      return Refused("routes", e);
    }
    routes_.reset(cache);
    return absl::OkStatus();
  }

  NodeNetwork Evaluate() const {
    std::vector<Via> vias;
    ForEach<rtnl_route>(routes_, [&](rtnl_route* route) {
      if (auto via = ViaOf(route)) vias.push_back(*via);
    });
    const Via* best = nullptr;
    for (const Via& via : vias) {
      const bool counts = via.is_default && via.gateway.family() == kube::IpFamily::kIPv4;
      if (counts && (best == nullptr || via.metric < best->metric)) best = &via;
    }
    NodeNetwork network;
    if (best == nullptr) return network;
    network.node_mac = MacOfInterface(best->interface);
    const std::map<IpAddress, MacAddress> macs = NeighboursBy(best->interface);
    if (const auto known = macs.find(best->gateway); known != macs.end()) {
      network.gateway_mac = known->second;
    }
    for (const Via& via : vias) {
      const auto known = macs.find(via.gateway);
      const bool counts = !via.is_default && via.interface == best->interface;
      if (counts && known != macs.end()) network.routes.push_back({via.prefix, known->second});
    }
    std::ranges::sort(network.routes, {}, [](const NodeRoute& route) {
      return std::tuple(-route.prefix.length_bits(), route.prefix.address());
    });
    return network;
  }

 private:
  std::optional<MacAddress> MacOfInterface(int interface) const {
    rtnl_link* link = rtnl_link_get(links_.get(), interface);
    if (link == nullptr) return std::nullopt;
    const std::optional<MacAddress> mac = MacOf(rtnl_link_get_addr(link));
    rtnl_link_put(link);
    return mac;
  }

  std::map<IpAddress, MacAddress> NeighboursBy(int interface) const {
    std::map<IpAddress, MacAddress> macs;
    ForEach<rtnl_neigh>(neighbours_, [&](rtnl_neigh* neighbour) {
      if (rtnl_neigh_get_ifindex(neighbour) != interface) return;
      if ((rtnl_neigh_get_state(neighbour) & kKnownStates) == 0) return;
      const std::optional<IpAddress> address = AddressOf(rtnl_neigh_get_dst(neighbour));
      const std::optional<MacAddress> mac = MacOf(rtnl_neigh_get_lladdr(neighbour));
      if (address && mac) macs.emplace(*address, *mac);
    });
    return macs;
  }

  Socket socket_{nl_socket_alloc(), nl_socket_free};
  Cache links_{nullptr, nl_cache_free};
  Cache neighbours_{nullptr, nl_cache_free};
  Cache routes_{nullptr, nl_cache_free};
};

}  // namespace

absl::StatusOr<NodeNetwork> ReadNodeNetwork() {
  Network network;
  if (absl::Status status = network.Read(); !status.ok()) return status;
  return network.Evaluate();
}

}  // namespace pointsman
