// Random clusters, small enough that addresses and ports collide, and packets aimed at them.
#ifndef POINTSMAN_TESTS_MODEL_RANDOM_CLUSTER_H_
#define POINTSMAN_TESTS_MODEL_RANDOM_CLUSTER_H_

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "tests/model/service_model.h"

namespace pointsman::model {

class RandomCluster {
 public:
  explicit RandomCluster(uint64_t seed) : random_(seed) {}

  NodeFacts Facts();
  // Adds, replaces and removes Services and their slices.
  void Change(kube::ObjectSet& objects);
  AskedPacket Packet(const kube::ObjectSet& objects, const NodeFacts& facts);

 private:
  uint32_t Pick(uint32_t first, uint32_t last);  // both may come
  bool Chance(uint32_t percent) { return Pick(1, 100) <= percent; }
  kube::IpAddress At(std::string_view prefix, uint32_t last);
  kube::IpAddress ServiceIp(kube::IpFamily family);
  kube::IpAddress PodIp(kube::IpFamily family);
  kube::Service RandomService(const std::string& name);
  kube::EndpointSlice RandomSlice(const kube::Service& service, kube::IpFamily family, int number);
  void AddOutsideAddresses(kube::Service& service, kube::IpFamily family);
  kube::IpAddress Source(const kube::ObjectSet& objects, kube::IpFamily family);

  std::mt19937_64 random_;
};

}  // namespace pointsman::model

#endif  // POINTSMAN_TESTS_MODEL_RANDOM_CLUSTER_H_
