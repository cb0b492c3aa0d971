// Functional coverage of a test program: which of a list of points its tests met. Printed when the
// program ends, which fails if a point was met by none; not where only some tests ran (a filter).
#ifndef POINTSMAN_TESTS_SUPPORT_COVERAGE_H_
#define POINTSMAN_TESTS_SUPPORT_COVERAGE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace pointsman {

class Coverage : public testing::Environment {
 public:
  // The one of this program: register it with testing::AddGlobalTestEnvironment(&Coverage::Get())
  // once.
  static Coverage& Get();

  // Points that must be met, "verdict forward".
  void Expect(const std::string& point) { expected_.insert(point); }
  void Hit(const std::string& point, uint64_t times = 1) { hits_[point] += times; }

  void TearDown() override;

 private:
  std::set<std::string> expected_;
  std::map<std::string, uint64_t> hits_;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SUPPORT_COVERAGE_H_
