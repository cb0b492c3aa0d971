// Random changes under random faults: restarts, cut streams, lost versions, refusals, truncated,
// repeated and swapped events. POINTSMAN_SOAK_SECONDS lets it run longer than 10 s; the seed is
// printed, and POINTSMAN_TEST_SEED sets it.
#include <cstdlib>
#include <random>

#include "tests/host/apiserver/api_fixture.h"

namespace pointsman::kube {
namespace {

using test::ApiFaults;

uint32_t NumberFrom(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

class ApiSoakTest : public ApiFixture {
 protected:
  size_t Below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }

  void Change() {
    const std::string name = fmt::format("s-{}", Below(200));
    switch (Below(6)) {
      case 0:
        return store_.Delete(kServices, "shop", name);
      case 1:
        return store_.Delete(kEndpointSlices, "shop", name);
      case 2:
        return PutNode(store_, fmt::format("worker-{}", Below(5)));
      case 3:
        return PutService(
            store_, name, 1 + static_cast<int>(Below(1000)),
            Below(4) == 0 ? test::Labels{{"service.kubernetes.io/headless", ""}} : test::Labels());
      case 4:
        return store_.Delete(kNodes, "", fmt::format("worker-{}", Below(5)));
      default:
        return PutSlice(store_, name, static_cast<int>(Below(20)));
    }
  }

  void Hurt() {
    ApiFaults faults;
    faults.repeat_events = Below(2) == 0;
    faults.swap_events = Below(2) == 0;
    switch (Below(8)) {
      case 0:
        server_->Stop();
        if (Below(2) == 0) store_.Compact();
        for (int i = 0; i < 20; ++i) Change();
        PollFor(absl::Milliseconds(Below(300)));
        server_->Start();
        break;
      case 1:
        store_.Compact();
        server_->CutStreams();
        break;
      case 2:
        faults.error_events = 2;
        server_->CutStreams();
        break;
      case 3:
        faults.refuse = 3;
        server_->CutStreams();
        break;
      case 4:
        faults.truncate_events = 2;
        break;
      case 5:
        faults.silent_streams = 1;
        server_->CutStreams();
        break;
      case 6:
        faults.pause_of_streams = std::chrono::milliseconds(1);
        break;
      default:
        server_->CutStreams();
    }
    server_->SetFaults(faults);
  }

  std::mt19937 random_;
};

TEST_F(ApiSoakTest, EndsWithWhatTheServerHas) {
  const uint32_t seed = NumberFrom("POINTSMAN_TEST_SEED", std::random_device()());
  const absl::Duration time = absl::Seconds(NumberFrom("POINTSMAN_SOAK_SECONDS", 10));
  SCOPED_TRACE(fmt::format("POINTSMAN_TEST_SEED={}", seed));
  random_.seed(seed);
  timing_.watch_quiet = absl::Seconds(1);
  StartAndWatch();
  ExpectSameAsServer();
  int faults = 0;
  for (const absl::Time end = absl::Now() + time; absl::Now() < end && !HasFailure(); ++faults) {
    Hurt();
    for (int i = 0; i < 50; ++i) {
      Change();
      if (Below(10) == 0) PollFor(absl::Milliseconds(Below(10)));
    }
    // Within 5 s after each fault, all is as the server says.
    const absl::Time started = absl::Now();
    ExpectSameAsServer();
    EXPECT_LT(absl::Now() - started, absl::Seconds(5));
  }
  fmt::print("{} faults, {} requests, {} errors told, POINTSMAN_TEST_SEED={}\n", faults,
             RequestsWith(""), errors_.size(), seed);
  EXPECT_GT(faults, 3);
}

}  // namespace
}  // namespace pointsman::kube
