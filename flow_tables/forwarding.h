// What a node's host wants forwarded: the outcome of Service semantics (host/services) and the
// input of the image and of the software path. Plain values without any placement; two equal ones
// mean the same forwarding.
#ifndef POINTSMAN_FLOW_TABLES_FORWARDING_H_
#define POINTSMAN_FLOW_TABLES_FORWARDING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/types.h"

namespace pointsman {

// How a frame leaves towards somebody: by which port of the card and with which MAC addresses.
struct NextHop {
  Port egress = Port::kUplink;
  MacAddress destination_mac;
  MacAddress source_mac;
  // The end of the tunnel on another node, reached by these MAC addresses, and the MAC address of
  // that node inside. 0.0.0.0: not through the tunnel.
  Ipv4Address vxlan_address{};
  MacAddress vxlan_mac{};
  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

// The tunnel network that a node belongs to: VXLAN (RFC 7348) over IPv4.
struct Tunnel {
  Ipv4Address address;   // this node's end; 0.0.0.0: there is no tunnel
  uint16_t port = 4789;  // UDP, of all ends
  uint32_t vni = 0;      // 24 bits
  MacAddress mac;        // of this node inside
  uint16_t mtu = 1450;   // bytes of the longest IP packet that goes in
  friend bool operator==(const Tunnel&, const Tunnel&) = default;
};

// An endpoint of a Service: where its connections end.
struct Backend {
  Address address;
  uint16_t port = 0;
  NextHop next_hop;
  uint16_t weight = 1;  // of the schedulers that weigh; 0: no new connections from those
  friend auto operator<=>(const Backend&, const Backend&) = default;
};

// How a frontend chooses an endpoint for a new connection, by IPVS' names (ipvsadm(8)).
enum class Scheduler : uint8_t {
  kRandom,           // hash of the 5-tuple, even over the endpoints: what the card does itself
  kRoundRobin,       // rr: in turn
  kLeastConnection,  // lc: who has the fewest connections
  kSourceHash,       // sh: hash of the client's address, by weight
  kMaglevHash,       // mh: Maglev over the client's address, by weight
};

// What one kind of client gets at a frontend. `endpoints` is sorted, without repeats, and empty
// unless action is kForward (kHost is the image's word, never used here).
struct FrontendHalf {
  FrontendAction action = FrontendAction::kReject;
  bool masquerade = false;
  std::vector<Backend> endpoints;
  friend bool operator==(const FrontendHalf&, const FrontendHalf&) = default;
};

// One address, port and protocol at which a Service is reached. Endpoints are of its family.
struct Frontend {
  std::string name;  // for people: "shop/cart:http NodePort"
  Address address;
  uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;
  FrontendHalf outside{};  // clients of class outside
  FrontendHalf inside{};   // local pods and the node itself
  // Clients that may use it, by their original source; empty: all. Others are dropped.
  std::vector<AddressPrefix> source_ranges{};
  // Session affinity: a client meets its endpoint again within this time of its last new
  // connection. 0: none. Frontends with one group share what they remember.
  uint32_t affinity_seconds = 0;
  std::string affinity_group{};
  Scheduler scheduler = Scheduler::kRandom;
  friend bool operator==(const Frontend&, const Frontend&) = default;
};

// Who clients with addresses under a prefix are, and how replies reach them.
struct Source {
  AddressPrefix prefix;
  ClientClass client_class = ClientClass::kOutside;
  NextHop next_hop;
  friend auto operator<=>(const Source&, const Source&) = default;
};

// Source ports of masqueraded connections are base | (hash & mask); base and mask share no bit. The
// default is the dynamic range of RFC 6335, 49152..65535.
struct MasqueradePorts {
  uint16_t base = 0xc000;
  uint16_t mask = 0x3fff;
  friend bool operator==(const MasqueradePorts&, const MasqueradePorts&) = default;
};

struct Forwarding {
  std::vector<Frontend> frontends;  // no two with the same address, port and protocol
  std::vector<Source> sources;      // no two with the same prefix
  NextHop gateway;                  // towards clients that no source prefix holds
  Tunnel tunnel{};
  Ipv4Address masquerade_address;
  Address masquerade_address_v6;  // IPv4: IPv6 connections are not masqueraded, but punted
  MasqueradePorts masquerade_ports;
  uint32_t slot_hash_seed = 0;  // the same on every node of a cluster
  // Cluster IPs of the Services that are served, sorted: what is sent to other ports of them is
  // rejected. Addresses of the ranges that are none of them: dropped.
  std::vector<Address> cluster_ips;
  std::vector<AddressPrefix> service_ranges;
  // Connections without an answer that one frontend may have; more are dropped. 0: no limit.
  uint32_t unconfirmed_quota = 0;
  friend bool operator==(const Forwarding&, const Forwarding&) = default;
};

// The card's tables hold it: TCP or UDP. Others are the software path's.
inline bool IsForCard(const Frontend& frontend) { return frontend.protocol != Protocol::kSctp; }

// Why the host chooses the endpoint of each new connection ("scheduler"); empty: the slot hash
// does, or affinity (unless the card has no room for the frontend's source ranges: range_sets.h).
std::string_view WhyHostDecides(const Frontend& frontend);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FORWARDING_H_
