// Random numbers for tests: the seed is printed, and taken from POINTSMAN_TEST_SEED when set.
#ifndef POINTSMAN_TESTS_FLOW_TABLES_RANDOM_H_
#define POINTSMAN_TESTS_FLOW_TABLES_RANDOM_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace pointsman {

inline std::mt19937_64 TestRandom() {
  const char* wanted = std::getenv("POINTSMAN_TEST_SEED");
  const uint64_t seed =
      wanted != nullptr ? std::strtoull(wanted, nullptr, 0) : uint64_t{std::random_device{}()};
  std::cout << "POINTSMAN_TEST_SEED=" << seed << std::endl;
  return std::mt19937_64(seed);
}

// A number below `bound`.
inline uint32_t Below(std::mt19937_64& random, uint32_t bound) {
  return static_cast<uint32_t>(random() % bound);
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_FLOW_TABLES_RANDOM_H_
