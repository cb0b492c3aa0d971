// What a node's host wants forwarded: the outcome of Service semantics (host/services) and the
// input of the image. Plain values without any placement; two equal ones mean the same forwarding.
#ifndef POINTSMAN_FLOW_TABLES_FORWARDING_H_
#define POINTSMAN_FLOW_TABLES_FORWARDING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "flow_tables/types.h"

namespace pointsman {

// How a frame leaves towards somebody: by which port of the card and with which MAC addresses.
struct NextHop {
  Port egress = Port::kUplink;
  MacAddress destination_mac;
  MacAddress source_mac;
  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

// An endpoint of a Service: where its connections end.
struct Backend {
  Ipv4Address address;
  uint16_t port = 0;
  NextHop next_hop;
  friend auto operator<=>(const Backend&, const Backend&) = default;
};

// What one kind of client gets at a frontend. `endpoints` is sorted, without repeats, and empty
// unless action is kForward.
struct FrontendHalf {
  FrontendAction action = FrontendAction::kReject;
  bool masquerade = false;
  std::vector<Backend> endpoints;
  friend bool operator==(const FrontendHalf&, const FrontendHalf&) = default;
};

// One address, port and protocol at which a Service is reached.
struct Frontend {
  std::string name;  // for people: "shop/cart:http NodePort"
  Ipv4Address address;
  uint16_t port = 0;
  Protocol protocol = Protocol::kTcp;
  FrontendHalf outside;  // clients of class outside
  FrontendHalf inside;   // local pods and the node itself
  friend bool operator==(const Frontend&, const Frontend&) = default;
};

// Who clients with addresses under a prefix are, and how replies reach them. Bits behind the prefix
// are 0.
struct Source {
  Ipv4Address address;
  uint8_t prefix_length = 32;  // 0..32
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
  Ipv4Address masquerade_address;
  MasqueradePorts masquerade_ports;
  uint32_t slot_hash_seed = 0;  // the same on every node of a cluster
  friend bool operator==(const Forwarding&, const Forwarding&) = default;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_FORWARDING_H_
