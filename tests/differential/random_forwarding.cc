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

NextHop RandomNextHop(Random& random) {
  return {Chance(random, 50) ? Port::kNode : Port::kUplink, MacAddress{kMacs + Pick(random, 1, 40)},
          MacAddress{kMacs + Pick(random, 256, 257)}};
}

Ipv4Address RandomPod(Random& random) { return {kPods + Pick(random, 1, 60)}; }

FrontendHalf RandomHalf(Random& random) {
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
    const Ipv4Address address = RandomPod(random);
    Random own(address.value);
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
  if (Chance(random, 10)) frontend.source_ranges = {Ipv4Prefix({kPods}, 20)};
  if (Chance(random, 10)) frontend.scheduler = static_cast<Scheduler>(Pick(random, 0, 4));
}

// What is sent to addresses of Services in vain.
void RandomRanges(Random& random, Forwarding& forwarding) {
  std::set<Address> cluster_ips;
  for (const Frontend& frontend : forwarding.frontends) {
    if (Chance(random, 50)) cluster_ips.insert(frontend.address);
  }
  forwarding.cluster_ips.assign(cluster_ips.begin(), cluster_ips.end());
  if (Chance(random, 50)) forwarding.service_ranges = {Ipv4Prefix({kServices}, 25)};
}

// A Service over IPv6 and one over SCTP, so that the card hands such packets over.
void AddHostProtocols(Random& random, Forwarding& forwarding) {
  Frontend frontend;
  frontend.name = "random/host";
  frontend.port = 80;
  if (Chance(random, 50)) {
    frontend.address = Address::FromWords(0xfd00001000960000, 1);
    forwarding.frontends.push_back(frontend);
  }
  if (Chance(random, 50)) {
    frontend.address = Ipv4Address{kServices + 1};
    frontend.protocol = Protocol::kSctp;
    forwarding.frontends.push_back(frontend);
  }
}

std::vector<Frontend> RandomFrontends(Random& random) {
  std::vector<Frontend> frontends;
  std::set<std::pair<Address, uint32_t>> taken;
  const uint32_t count = Pick(random, 1, 60);
  for (uint32_t i = 0; i < count; ++i) {
    Frontend frontend;
    frontend.name = "random/" + std::to_string(i);
    frontend.address = Ipv4Address{Chance(random, 20) ? kNode : kServices + Pick(random, 1, 100)};
    frontend.port = static_cast<uint16_t>(Pick(random, 80, 82));
    frontend.protocol = Chance(random, 60) ? Protocol::kTcp : Protocol::kUdp;
    const uint32_t socket = frontend.port << 8 | static_cast<uint32_t>(frontend.protocol);
    if (!taken.insert({frontend.address, socket}).second) continue;
    frontend.outside = RandomHalf(random);
    frontend.inside = Chance(random, 50) ? frontend.outside : RandomHalf(random);
    ChooseHost(random, frontend);
    frontends.push_back(std::move(frontend));
  }
  return frontends;
}

std::vector<Source> RandomSources(Random& random) {
  std::vector<Source> sources = {
      {Ipv4Prefix({kNode}, 32), ClientClass::kNode, RandomNextHop(random)},
      {Ipv4Prefix({kPods}, 16), ClientClass::kLocalPod, RandomNextHop(random)}};
  for (uint32_t address = kPods + 1; address <= kPods + 60; ++address) {
    const auto length = static_cast<uint8_t>(Chance(random, 20) ? Pick(random, 25, 31) : 32);
    const uint32_t first = length == 32 ? address : address & ~((1U << (32 - length)) - 1);
    const AddressPrefix prefix = Ipv4Prefix({first}, length);
    const auto same = [&](const Source& s) { return s.prefix == prefix; };
    if (sources.size() == 60 || !Chance(random, 50) ||
        std::any_of(sources.begin(), sources.end(), same))
      continue;
    const ClientClass client = Chance(random, 80) ? ClientClass::kLocalPod : ClientClass::kOutside;
    sources.push_back({prefix, client, RandomNextHop(random)});
  }
  if (Chance(random, 30))
    sources.push_back({Ipv4Prefix({0}, 0), ClientClass::kOutside, RandomNextHop(random)});
  return sources;
}

}  // namespace

Ipv4Address RandomClient(Random& random) {
  if (Chance(random, 50)) return RandomPod(random);
  return {Chance(random, 5) ? kNode : kOutside + Pick(random, 1, 30)};
}

Forwarding RandomForwarding(Random& random) {
  Forwarding forwarding;
  forwarding.frontends = RandomFrontends(random);
  RandomRanges(random, forwarding);
  AddHostProtocols(random, forwarding);
  forwarding.sources = RandomSources(random);
  forwarding.gateway = RandomNextHop(random);
  forwarding.masquerade_address = {kNode};
  if (Chance(random, 50)) forwarding.masquerade_ports = {.base = 0xf000, .mask = 0x003f};
  forwarding.slot_hash_seed = static_cast<uint32_t>(random());
  return forwarding;
}

}  // namespace pointsman
