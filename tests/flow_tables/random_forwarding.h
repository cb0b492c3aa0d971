// Random wanted forwarding that changes a little from step to step, for tests of image and plan.
#ifndef POINTSMAN_TESTS_FLOW_TABLES_RANDOM_FORWARDING_H_
#define POINTSMAN_TESTS_FLOW_TABLES_RANDOM_FORWARDING_H_

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "flow_tables/forwarding.h"
#include "tests/flow_tables/random.h"

namespace pointsman {

// Small enough that tables get full and rows are reused.
inline constexpr CardSizes kSmallSizes = {.frontends = 64,
                                          .sources = 64,
                                          .slots = 65536,
                                          .endpoints = 256,
                                          .next_hops = 64,
                                          .originals = 64,
                                          .replies = 64,
                                          .hash_keys = 9472,
                                          .frontend_counters = 64,
                                          .endpoint_counters = 256,
                                          .originals_ipv6 = 64,
                                          .replies_ipv6 = 64};

inline constexpr uint32_t kRandomFrontendKeys = 128;

// 10.0.0.x or fd00::a00:x.
inline Address RandomAddress(bool v4, uint32_t number) {
  return v4 ? Address(Ipv4Address{number}) : Address::FromWords(0xfd00000000000000, number);
}
inline Address RandomClient(std::mt19937_64& random) {
  return RandomAddress(Below(random, 2) == 0, 0x0a000000 + Below(random, 256));
}

inline NextHop RandomNextHop(std::mt19937_64& random) {
  NextHop next_hop = {.egress = Port::kNode,
                      .destination_mac = MacAddress{uint64_t{0x020000000000} + Below(random, 12)},
                      .source_mac = MacAddress{0x020000ffffff}};
  if (Below(random, 4) == 0) {
    next_hop.vxlan_address = {0xc0a80000 + Below(random, 4)};
    next_hop.vxlan_mac = MacAddress{0x020000eeeeee};
  }
  return next_hop;
}

// Prefixes that hold some of the clients.
inline AddressPrefix RandomClientPrefix(std::mt19937_64& random, bool v4) {
  const Address address = RandomAddress(v4, 0x0a000000 + Below(random, 256));
  const uint32_t least = v4 ? kIpv4PrefixBits + 8 : 0;
  const auto length = static_cast<uint8_t>(128 - 4 * Below(random, (128 - least) / 4 + 1));
  const AddressPrefix mask{{}, length};
  return {Address::FromWords(address.high() & mask.HighMask(), address.low() & mask.LowMask()),
          length};
}

inline FrontendHalf RandomHalf(std::mt19937_64& random, const NextHop& gateway, bool v4) {
  FrontendHalf half;
  half.masquerade = Below(random, 2) == 0;
  half.action = static_cast<FrontendAction>(std::max(0, static_cast<int>(Below(random, 6)) - 3));
  if (half.action != FrontendAction::kForward) return half;
  const uint32_t count = Below(random, 3) == 0 ? 1 : 1 + Below(random, 6);
  for (uint32_t i = 0; i < count; ++i) {
    half.endpoints.push_back({.address = RandomAddress(v4, 0x0a010000 + Below(random, 24)),
                              .port = 8080,
                              .next_hop = Below(random, 3) == 0 ? gateway : RandomNextHop(random)});
  }
  std::ranges::sort(half.endpoints);
  const auto same_socket = [](const Backend& a, const Backend& b) {
    return a.address == b.address && a.port == b.port;
  };
  half.endpoints.erase(std::unique(half.endpoints.begin(), half.endpoints.end(), same_socket),
                       half.endpoints.end());
  return half;
}

inline Frontend RandomFrontend(std::mt19937_64& random, const NextHop& gateway) {
  const uint32_t key = Below(random, kRandomFrontendKeys);
  const bool v4 = key % 4 < 2;
  Frontend frontend = {.name = "test/frontend-" + std::to_string(key),
                       .address = RandomAddress(v4, 0x0a600000 + key * 77),
                       .port = 80,
                       .protocol = key % 2 == 0 ? Protocol::kTcp : Protocol::kUdp,
                       .outside = RandomHalf(random, gateway, v4),
                       .inside = RandomHalf(random, gateway, v4)};
  if (Below(random, 6) == 0) frontend.source_ranges = {RandomClientPrefix(random, v4)};
  if (Below(random, 8) == 0) frontend.scheduler = Scheduler::kRoundRobin;
  return frontend;
}

inline Source RandomSource(std::mt19937_64& random) {
  return {.prefix = RandomClientPrefix(random, Below(random, 2) == 0),
          .client_class = static_cast<ClientClass>(Below(random, 3)),
          .next_hop = RandomNextHop(random)};
}

// Adds, replaces and removes some frontends.
inline void ChangeFrontends(std::mt19937_64& random, size_t frontends_max, Forwarding& wanted) {
  const uint32_t changes = 1 + Below(random, 24);
  for (uint32_t i = 0; i < changes; ++i) {
    Frontend frontend = RandomFrontend(random, wanted.gateway);
    const auto same = std::ranges::find(wanted.frontends, frontend.name, &Frontend::name);
    if (same == wanted.frontends.end()) {
      if (wanted.frontends.size() < frontends_max) wanted.frontends.push_back(frontend);
    } else if (Below(random, 2) == 0) {
      *same = frontend;
    } else {
      wanted.frontends.erase(same);
    }
  }
}

inline void ChangeSources(std::mt19937_64& random, Forwarding& wanted) {
  for (int i = 0; i < 8; ++i) {
    const Source source = RandomSource(random);
    const auto same = std::ranges::find_if(
        wanted.sources, [&source](const Source& other) { return other.prefix == source.prefix; });
    if (same == wanted.sources.end()) {
      if (wanted.sources.size() < 16) wanted.sources.push_back(source);
    } else if (Below(random, 2) == 0) {
      *same = source;
    } else {
      wanted.sources.erase(same);
    }
  }
}

// A new gateway, which everything behind the old one follows.
inline void ChangeGateway(std::mt19937_64& random, Forwarding& wanted) {
  const NextHop old = wanted.gateway;
  wanted.gateway.destination_mac = MacAddress{uint64_t{0x020000aa0000} + Below(random, 1000)};
  for (Frontend& frontend : wanted.frontends) {
    for (FrontendHalf* half : {&frontend.outside, &frontend.inside}) {
      for (Backend& backend : half->endpoints) {
        if (backend.next_hop == old) backend.next_hop = wanted.gateway;
      }
      std::ranges::sort(half->endpoints);
    }
  }
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_FLOW_TABLES_RANDOM_FORWARDING_H_
