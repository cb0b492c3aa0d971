#include "host/softpath/schedulers.h"

#include <algorithm>
#include <utility>

#include "flow_tables/maglev.h"

namespace pointsman {
namespace {

constexpr size_t kSourceHashBuckets = 256;

uint32_t ClientHash(const Address& client, uint32_t seed) {
  FlowKey only_client;
  only_client.source = only_client.destination = client;
  return FlowHash(only_client, seed);
}

bool HasWeight(const FrontendHalf& half) {
  return std::ranges::any_of(half.endpoints, [](const Backend& b) { return b.weight != 0; });
}

// Buckets go round the endpoints, `weight` of them to each in its turn.
size_t SourceHashed(const FrontendHalf& half, uint32_t hash) {
  const size_t bucket = hash % kSourceHashBuckets;
  size_t endpoint = 0, left = half.endpoints[0].weight;
  for (size_t at = 0;; ++at) {
    while (left == 0) {
      endpoint = (endpoint + 1) % half.endpoints.size();
      left = half.endpoints[endpoint].weight;
    }
    if (at == bucket) return endpoint;
    --left;
  }
}

}  // namespace

std::optional<size_t> Schedulers::Choose(const Frontend& frontend, const FrontendHalf& half,
                                         const FlowKey& key) {
  switch (frontend.scheduler) {
    case Scheduler::kRandom: {
      const Slots& slots = SlotsOf(half, /*weighted=*/false);
      return slots[FlowHash(key, seed_) & (slots.size() - 1)];
    }
    case Scheduler::kRoundRobin: {
      const auto turn = turns_.find(frontend.name);
      return (turn == turns_.end() ? 0 : turn->second) % half.endpoints.size();
    }
    case Scheduler::kLeastConnection:
      return LeastConnections(half);
    case Scheduler::kSourceHash:
      if (!HasWeight(half)) return std::nullopt;
      return SourceHashed(half, ClientHash(key.source, seed_));
    case Scheduler::kMaglevHash: {
      if (!HasWeight(half)) return std::nullopt;
      const Slots& slots = SlotsOf(half, /*weighted=*/true);
      return slots[ClientHash(key.source, seed_) & (slots.size() - 1)];
    }
  }
  return std::nullopt;
}

void Schedulers::Took(const Frontend& frontend, const Backend& endpoint) {
  if (frontend.scheduler == Scheduler::kRoundRobin) ++turns_[frontend.name];
  Count(frontend, {endpoint.address, endpoint.port});
}

void Schedulers::Count(const Frontend& frontend, const EndpointId& endpoint) {
  if (frontend.scheduler == Scheduler::kLeastConnection) ++connections_[endpoint];
}

void Schedulers::Ended(const EndpointId& endpoint) {
  const auto found = connections_.find(endpoint);
  if (found != connections_.end() && --found->second == 0) connections_.erase(found);
}

void Schedulers::Forget(const FrontendHalf& half) {
  slots_.erase({&half, false});
  slots_.erase({&half, true});
}

void Schedulers::Inherit(Schedulers&& before) {
  turns_ = std::move(before.turns_);
  connections_ = std::move(before.connections_);
}

size_t Schedulers::LeastConnections(const FrontendHalf& half) const {
  const auto count = [this](const Backend& endpoint) {
    const auto found = connections_.find(EndpointId{endpoint.address, endpoint.port});
    return found == connections_.end() ? 0 : found->second;
  };
  const auto least = std::ranges::min_element(half.endpoints, {}, count);
  return static_cast<size_t>(least - half.endpoints.begin());
}

const Schedulers::Slots& Schedulers::SlotsOf(const FrontendHalf& half, bool weighted) {
  const auto [entry, is_new] = slots_.try_emplace(std::pair(&half, weighted));
  if (!is_new) return entry->second;
  std::vector<MaglevIdentity> identities;
  for (const Backend& endpoint : half.endpoints) {
    identities.push_back({.address = endpoint.address,
                          .port = endpoint.port,
                          .weight = weighted ? endpoint.weight : uint16_t{1}});
  }
  entry->second = MaglevSlots(identities, RunSlotsLog2(identities.size()));
  return entry->second;
}

}  // namespace pointsman
