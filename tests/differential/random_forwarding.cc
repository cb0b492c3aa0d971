#include "tests/differential/random_forwarding.h"

#include <algorithm>
#include <set>
#include <utility>

namespace pointsman {
namespace {

constexpr uint32_t kPods = 0x0af40000;     // 10.244.0.0
constexpr uint32_t kOutside = 0xcb007100;  // 203.0.113.0
constexpr uint32_t kNode = 0xc0a80002;     // 192.168.0.2
constexpr uint64_t kMacs = 0x020000000000;
constexpr uint32_t kServices = 0x0a600000;  // 10.96.0.0

// Over IPv6 an address has its number at both ends, so that all of it counts.
Address Of(bool v4, uint32_t number) {
  if (v4) return Ipv4Address{number};
  return Address::FromWords(0xfd00001000000000 | (number & 0xff), number);
}

// Addresses that share the number but for its last `free_bits`.
AddressPrefix PrefixOf(bool v4, uint32_t number, uint8_t free_bits) {
  if (v4)
    return Ipv4Prefix({number >> free_bits << free_bits}, static_cast<uint8_t>(32 - free_bits));
  const Address address = Of(false, number);
  return {Address::FromWords(address.high(), address.low() >> free_bits << free_bits),
          static_cast<uint8_t>(128 - free_bits)};
}

NextHop RandomNextHop(Random& random) {
  NextHop hop{Chance(random, 50) ? Port::kNode : Port::kUplink,
              MacAddress{kMacs + Pick(random, 1, 40)}, MacAddress{kMacs + Pick(random, 256, 257)}};
  if (Chance(random, 25)) {
    hop.vxlan_address = {kNode + Pick(random, 1, 3)};
    hop.vxlan_mac = {kMacs + Pick(random, 512, 515)};
  }
  return hop;
}

Address RandomPod(Random& random, bool v4) { return Of(v4, kPods + Pick(random, 1, 60)); }

FrontendHalf RandomHalf(Random& random, bool v4) {
  FrontendHalf half;
  const uint32_t kind = Pick(random, 1, 10);
  half.action = kind == 1   ? FrontendAction::kReject
                : kind == 2 ? FrontendAction::kDrop
                            : FrontendAction::kForward;
  half.masquerade = Chance(random, 40);
  if (half.action != FrontendAction::kForward) return half;
  const uint32_t count = Chance(random, 5) ? Pick(random, 9, 32) : Pick(random, 1, 5);
  for (uint32_t i = 0; i < count; ++i) {
    // An endpoint has one next hop wherever it is used.
    const Address address = RandomPod(random, v4);
    Random own(address.low());
    half.endpoints.push_back(
        {address, static_cast<uint16_t>(Pick(random, 8000, 8003)), RandomNextHop(own)});
  }
  std::sort(half.endpoints.begin(), half.endpoints.end());
  half.endpoints.erase(std::unique(half.endpoints.begin(), half.endpoints.end()),
                       half.endpoints.end());
  return half;
}

// Some frontends' endpoints are chosen by the host.
void ChooseHost(Random& random, Frontend& frontend) {
  if (Chance(random, 10)) {
    frontend.affinity_seconds = 60;
    frontend.affinity_group = frontend.name;
  }
  if (Chance(random, 10)) {
    const bool v4 = frontend.address.is_v4();
    frontend.source_ranges = {v4 ? Ipv4Prefix({kPods}, 20) : PrefixOf(v4, kPods + 16, 4)};
  }
  if (Chance(random, 10)) frontend.scheduler = static_cast<Scheduler>(Pick(random, 0, 4));
}

// What is sent to addresses of Services in vain.
void RandomRanges(Random& random, Forwarding& forwarding) {
  std::set<Address> cluster_ips;
  for (const Frontend& frontend : forwarding.frontends) {
    if (Chance(random, 50)) cluster_ips.insert(frontend.address);
  }
  forwarding.cluster_ips.assign(cluster_ips.begin(), cluster_ips.end());
  for (const bool v4 : {true, false}) {
    if (Chance(random, 50)) forwarding.service_ranges.push_back(PrefixOf(v4, kServices, 7));
  }
}

// A Service over SCTP, so that the card hands such packets over.
void AddSctp(Random& random, Forwarding& forwarding) {
  if (Chance(random, 50)) return;
  Frontend frontend;
  frontend.name = "random/host";
  frontend.address = Of(Chance(random, 50), kServices + 1);
  frontend.port = 80;
  frontend.protocol = Protocol::kSctp;
  forwarding.frontends.push_back(frontend);
}

std::vector<Frontend> RandomFrontends(Random& random) {
  std::vector<Frontend> frontends;
  std::set<std::pair<Address, uint32_t>> taken;
  const uint32_t count = Pick(random, 1, 60);
  for (uint32_t i = 0; i < count; ++i) {
    Frontend frontend;
    frontend.name = "random/" + std::to_string(i);
    const bool v4 = Chance(random, 60);
    frontend.address = Of(v4, Chance(random, 20) ? kNode : kServices + Pick(random, 1, 100));
    frontend.port = static_cast<uint16_t>(Pick(random, 80, 82));
    frontend.protocol = Chance(random, 60) ? Protocol::kTcp : Protocol::kUdp;
    const uint32_t socket = frontend.port << 8 | static_cast<uint32_t>(frontend.protocol);
    if (!taken.insert({frontend.address, socket}).second) continue;
    frontend.outside = RandomHalf(random, v4);
    frontend.inside = Chance(random, 50) ? frontend.outside : RandomHalf(random, v4);
    ChooseHost(random, frontend);
    frontends.push_back(std::move(frontend));
  }
  return frontends;
}

// Pods by single addresses and by prefixes around some of them: so few that those of two
// forwardings have room side by side.
void AddPods(Random& random, bool v4, std::vector<Source>& sources) {
  for (uint32_t number = kPods + 1; number <= kPods + 60; ++number) {
    const auto free_bits = static_cast<uint8_t>(Chance(random, 20) ? Pick(random, 1, 7) : 0);
    const AddressPrefix prefix = PrefixOf(v4, number, free_bits);
    const auto same = [&](const Source& s) { return s.prefix == prefix; };
    if (!Chance(random, 15) || std::any_of(sources.begin(), sources.end(), same)) continue;
    const ClientClass client = Chance(random, 80) ? ClientClass::kLocalPod : ClientClass::kOutside;
    sources.push_back({prefix, client, RandomNextHop(random)});
  }
}

std::vector<Source> RandomSources(Random& random) {
  std::vector<Source> sources = {
      {Ipv4Prefix({kNode}, 32), ClientClass::kNode, RandomNextHop(random)},
      {Ipv4Prefix({kPods}, 16), ClientClass::kLocalPod, RandomNextHop(random)},
      {{Of(false, kNode), 128}, ClientClass::kNode, RandomNextHop(random)}};
  // Of any length, also one that ends inside the upper half of the addresses.
  if (Chance(random, 50)) {
    const auto length = static_cast<uint8_t>(Pick(random, 16, 56));
    sources.push_back(
        {{Address::FromWords(0xfd00000000000000 | (length >= 28 ? 0x1000000000 : 0), 0), length},
         ClientClass::kLocalPod,
         RandomNextHop(random)});
  }
  for (const bool v4 : {true, false}) AddPods(random, v4, sources);
  if (Chance(random, 30))
    sources.push_back({Ipv4Prefix({0}, 0), ClientClass::kOutside, RandomNextHop(random)});
  // Around IPv4, too.
  if (Chance(random, 30))
    sources.push_back(
        {{Address::FromWords(0, 0), 0}, ClientClass::kOutside, RandomNextHop(random)});
  return sources;
}

}  // namespace

Address RandomClient(Random& random, bool v4) {
  if (Chance(random, 50)) return RandomPod(random, v4);
  return Of(v4, Chance(random, 5) ? kNode : kOutside + Pick(random, 1, 30));
}

Address RandomService(Random& random, bool v4) { return Of(v4, kServices + Pick(random, 0, 300)); }

Forwarding RandomForwarding(Random& random) {
  Forwarding forwarding;
  forwarding.frontends = RandomFrontends(random);
  RandomRanges(random, forwarding);
  AddSctp(random, forwarding);
  forwarding.sources = RandomSources(random);
  forwarding.gateway = RandomNextHop(random);
  forwarding.tunnel = {.address = {kNode},
                       .port = static_cast<uint16_t>(Chance(random, 50) ? 4789 : 8472),
                       .vni = Pick(random, 0, 0xffffff),
                       .mac = {kMacs + 0x700},
                       .mtu = static_cast<uint16_t>(Chance(random, 70) ? 1450 : 300)};
  forwarding.masquerade_address = {kNode};
  if (Chance(random, 80)) forwarding.masquerade_address_v6 = Of(false, kNode);
  if (Chance(random, 50)) forwarding.masquerade_ports = {.base = 0xf000, .mask = 0x003f};
  forwarding.slot_hash_seed = static_cast<uint32_t>(random());
  return forwarding;
}

}  // namespace pointsman
