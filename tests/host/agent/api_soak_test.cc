// Random changes under random faults: restarts, cut streams, lost versions, refusals, truncated,
// repeated and swapped events; from the API server to the rows of a card. POINTSMAN_SOAK_SECONDS
// lets it run longer than a minute; the seed is printed, and POINTSMAN_TEST_SEED sets it.
#include <cstdlib>
#include <mutex>
#include <random>

#include "driver/ring_card.h"
#include "flow_tables/plan.h"
#include "host/agent/api_feed.h"
#include "host/agent/reconciler.h"
#include "tests/driver/descriptions.h"
#include "tests/driver/fake_card.h"
#include "tests/host/apiserver/api_fixture.h"

namespace pointsman {
namespace {

using kube::kEndpointSlices;
using kube::kNodes;
using kube::kServices;
using kube::PutNode;
using kube::PutService;
using kube::PutSlice;
using test::ApiFaults;

constexpr char kOwnNode[] = "worker-own";

uint32_t NumberFrom(const char* variable, uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

class ApiSoakTest : public kube::ApiFixture {
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
        absl::SleepFor(absl::Milliseconds(Below(300)));
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

  void Open() {
    StartServer(Tls());
    PutNode(store_, kOwnNode);
    kube::ReflectorTiming timing;
    timing.watch_quiet = absl::Seconds(1);
    timing.max_backoff = absl::Seconds(1);
    const auto keep = [this](const kube::ObjectSet& objects) {
      const std::lock_guard lock(mutex_);
      known_ = objects;
    };
    auto feed = ApiFeed::Open(config_, kOwnNode, {}, metrics_, keep, timing);
    auto card = RingCard::Open(fake_.Connect(), {});
    ASSERT_TRUE(feed.ok() && card.ok()) << feed.status() << card.status();
    card_ = *std::move(card);
    reconciler_ = std::make_unique<Reconciler>(*card_, 0);
    feed_ = *std::move(feed);
    feed_->Start();
  }

  void Program() {
    while (const auto update = feed_->TakeNewest()) {
      update->ApplyTo(state_);
      const auto rows = reconciler_->Program(state_.forwarding);
      ASSERT_TRUE(rows.ok()) << rows.status();
    }
  }

  // What the server has, made from it at once.
  bool IsAsServer() {
    Program();
    const auto wanted = ForwardingOfNode(kube::ObjectsOf(store_), kOwnNode, {});
    return wanted.ok() && static_cast<const ServedState&>(*wanted) == state_;
  }
  void ExpectAsServer() {
    const absl::Time end = absl::Now() + kDeadline;
    while (!IsAsServer()) {
      if (absl::Now() > end) {
        ADD_FAILURE() << "not as the server has it\n" << WhatDiffers();
        return;
      }
      absl::SleepFor(absl::Milliseconds(5));
    }
    ExpectCardHasIt();
  }

  // Objects that `from` has and `other` has not, or has otherwise.
  template <class Map>
  static std::string OnlyIn(const Map& from, kube::ObjectSet other) {
    std::string text;
    for (const auto& [key, object] : from) {
      if (other.Apply(object)) text += fmt::format("  {}\n", key.ToString());
    }
    return text;
  }
  static std::string OnlyIn(const kube::ObjectSet& from, const kube::ObjectSet& other) {
    return OnlyIn(from.services, other) + OnlyIn(from.endpoint_slices, other) +
           OnlyIn(from.nodes, other);
  }

  // Where both lists of objects are empty, it is what was made of them that differs.
  std::string WhatDiffers() {
    const kube::ObjectSet wanted = kube::ObjectsOf(store_);
    const std::vector<std::string> requests = server_->Requests();
    const size_t last = std::min<size_t>(requests.size(), 12);
    const std::lock_guard lock(mutex_);
    return fmt::format(
        "only at the server:\n{}only known to the feed:\n{}requests, last:\n{}\n",
        OnlyIn(wanted, known_), OnlyIn(known_, wanted),
        fmt::join(requests.end() - static_cast<ptrdiff_t>(last), requests.end(), "\n"));
  }

  // The image needs no row to be what is wanted, and the card's rows are the image's.
  void ExpectCardHasIt() {
    const Image& image = reconciler_->image();
    const auto again = BuildImage(state_.forwarding, image);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(MakePlan(image, *again).writes.size(), 0u);
    for (const RowWrite& write : MakePlan(EmptyImage(image.sizes), image).writes) {
      ASSERT_EQ(fake_.Row(write.table, write.index), write.row) << write.index;
    }
  }

  std::mutex mutex_;
  kube::ObjectSet known_;  // to the feed, as it told last; guarded by mutex_
  std::mt19937 random_;
  AgentMetrics metrics_{absl::Now()};
  FakeCard fake_{SimulationBlob()};
  std::unique_ptr<Card> card_;
  std::unique_ptr<Reconciler> reconciler_;
  std::unique_ptr<ApiFeed> feed_;
  NodeForwarding state_;
};

TEST_F(ApiSoakTest, EndsWithWhatTheServerHas) {
  const uint32_t seed = NumberFrom("POINTSMAN_TEST_SEED", std::random_device()());
  const absl::Duration time = absl::Seconds(NumberFrom("POINTSMAN_SOAK_SECONDS", 60));
  SCOPED_TRACE(fmt::format("POINTSMAN_TEST_SEED={}", seed));
  random_.seed(seed);
  Open();
  ExpectAsServer();
  int faults = 0;
  for (const absl::Time end = absl::Now() + time; absl::Now() < end && !HasFailure(); ++faults) {
    Hurt();
    for (int i = 0; i < 50; ++i) {
      Change();
      if (Below(10) == 0) absl::SleepFor(absl::Milliseconds(Below(10)));
      if (Below(10) == 0) Program();
    }
    ExpectAsServer();
  }
  fmt::print("{} faults, {} requests, POINTSMAN_TEST_SEED={}\n", faults, RequestsWith(""), seed);
  EXPECT_GT(faults, 3);
}

}  // namespace
}  // namespace pointsman
