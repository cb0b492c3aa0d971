#include "host/apiserver/reflector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/apiserver/api_texts.h"

namespace pointsman::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReflectorTest : public testing::Test {
 protected:
  // The next request, at the time it is due.
  std::string Request() {
    now_ = std::max(now_, reflector_.due());
    const std::optional<ApiRequest> request = reflector_.Next(now_);
    if (request) reflector_.Heard(now_);
    return request ? request->target : "none";
  }

  // Until the watch that follows a list.
  void ListAndWatch(const std::vector<std::string>& items, int version) {
    Request();
    reflector_.Fail({.code = 422, .reason = "Invalid", .message = "", .retry_after = {}}, now_);
    Request();
    reflector_.TakePage(ListOf(ListJson(items, version)), now_);
    EXPECT_THAT(Request(), HasSubstr(fmt::format("resourceVersion={}&", version)));
  }

  bool Take(const std::string& event) { return reflector_.TakeEvent(EventOf(event), now_); }
  bool Take(const std::string& type, const std::string& object) {
    return Take(EventJson(type, object));
  }
  void Fail(int code = 0) {
    reflector_.Fail({.code = code, .reason = "", .message = "", .retry_after = {}}, now_);
  }
  absl::Duration Wait() const { return reflector_.due() - now_; }
  size_t count() const { return objects_.services.size(); }

  const ReflectorTiming timing_;
  ObjectSet objects_;
  Reflector reflector_{ResourceOf(Kind::kService), timing_, 1, objects_};
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(ReflectorTest, TakesAStreamingListAndGoesOnWatching) {
  EXPECT_THAT(Request(), HasSubstr("sendInitialEvents=true"));
  EXPECT_TRUE(Take("ADDED", ServiceJson("a", 3)));
  EXPECT_TRUE(Take("ADDED", ServiceJson("b", 2)));
  EXPECT_FALSE(reflector_.synced());
  EXPECT_EQ(count(), 0u) << "nothing is known before the list is complete";
  EXPECT_TRUE(Take(BookmarkJson(5, true)));
  EXPECT_TRUE(reflector_.synced());
  EXPECT_EQ(count(), 2u);
  EXPECT_TRUE(Take("DELETED", ServiceJson("a", 6)));
  EXPECT_EQ(count(), 1u);
  Fail();
  EXPECT_THAT(Request(), HasSubstr("resourceVersion=6&"));
}

TEST_F(ReflectorTest, ListsWhereTheServerRefusesStreamingLists) {
  Request();
  Fail(422);
  EXPECT_EQ(Wait(), absl::ZeroDuration());
  EXPECT_THAT(Request(), HasSubstr("limit=500&resourceVersion=0"));
  reflector_.TakePage(ListOf(ListJson({ServiceJson("a", 1)}, 4, "more")), now_);
  EXPECT_FALSE(reflector_.synced());
  EXPECT_EQ(count(), 0u);
  EXPECT_THAT(Request(), HasSubstr("continue=more"));
  reflector_.TakePage(ListOf(ListJson({ServiceJson("b", 1)}, 4)), now_);
  EXPECT_TRUE(reflector_.synced());
  EXPECT_EQ(count(), 2u);
  EXPECT_THAT(Request(), HasSubstr("watch=true&allowWatchBookmarks=true&resourceVersion=4&"));
}

TEST_F(ReflectorTest, ListsWhereTheServerIgnoresStreamingLists) {
  Request();
  Take("ADDED", ServiceJson("a", 3));
  EXPECT_EQ(Wait(), timing_.initial_events_quiet);
  now_ += Wait();
  reflector_.GiveUp(now_);
  EXPECT_THAT(Request(), HasSubstr("limit=500"));
  reflector_.TakePage(ListOf(ListJson({}, 4)), now_);
  EXPECT_EQ(count(), 0u) << "what the stream had said is not of the list";
}

TEST_F(ReflectorTest, ABookmarkWithoutTheMarkShowsAServerThatIgnoresStreamingLists) {
  Request();
  Take("ADDED", ServiceJson("a", 3));
  EXPECT_FALSE(Take(BookmarkJson(9)));
  EXPECT_THAT(Request(), HasSubstr("limit=500"));
}

TEST_F(ReflectorTest, AStreamingListThatIsCutIsAskedForAgain) {
  Request();
  Take("ADDED", ServiceJson("a", 3));
  Fail();
  EXPECT_GT(Wait(), absl::ZeroDuration());
  EXPECT_THAT(Request(), HasSubstr("sendInitialEvents=true"));
  Take(BookmarkJson(9, true));
  EXPECT_EQ(count(), 0u) << "half a list was kept";
}

TEST_F(ReflectorTest, ResumesFromTheNewestVersionSeen) {
  ListAndWatch({}, 4);
  Take("ADDED", ServiceJson("a", 9));
  Take("ADDED", ServiceJson("b", 8));
  now_ += absl::Minutes(6);
  reflector_.End(now_);
  EXPECT_EQ(Wait(), absl::ZeroDuration());
  EXPECT_THAT(Request(), HasSubstr("resourceVersion=9&"));
  Take(BookmarkJson(20));
  now_ += absl::Minutes(6);
  reflector_.End(now_);
  EXPECT_THAT(Request(), HasSubstr("resourceVersion=20&"));
  EXPECT_EQ(count(), 2u);
}

TEST_F(ReflectorTest, ALostVersionMeansANewListOfTheNewestState) {
  ListAndWatch({ServiceJson("a", 1), ServiceJson("b", 2)}, 4);
  EXPECT_FALSE(Take("ERROR", GoneJson()));
  EXPECT_EQ(count(), 2u) << "an outage changes nothing";
  const std::string request = Request();
  EXPECT_THAT(request, HasSubstr("limit=500"));
  EXPECT_THAT(request, Not(HasSubstr("resourceVersion")));
  reflector_.TakePage(ListOf(ListJson({ServiceJson("b", 2)}, 9)), now_);
  EXPECT_EQ(count(), 1u);
  EXPECT_THAT(Request(), HasSubstr("resourceVersion=9&"));
}

TEST_F(ReflectorTest, AVersionOfTheFutureIsLostToo) {
  ListAndWatch({}, 4);
  reflector_.Fail({.code = 504,
                   .reason = "Timeout",
                   .message = "Too large resource version: 4, current: 2",
                   .retry_after = {}},
                  now_);
  EXPECT_THAT(Request(), HasSubstr("limit=500"));
}

TEST_F(ReflectorTest, APageThatIsForgottenMeansOneListWithoutPages) {
  Request();
  Fail(422);
  Request();
  reflector_.TakePage(ListOf(ListJson({ServiceJson("a", 1)}, 4, "more")), now_);
  Request();
  Fail(410);
  EXPECT_THAT(Request(), Not(HasSubstr("limit=")));
  reflector_.TakePage(ListOf(ListJson({ServiceJson("b", 1)}, 5)), now_);
  EXPECT_EQ(count(), 1u);
}

TEST_F(ReflectorTest, APageThatFailsIsAskedForAgain) {
  Request();
  Fail(422);
  Request();
  reflector_.TakePage(ListOf(ListJson({ServiceJson("a", 1)}, 4, "more")), now_);
  Request();
  Fail(500);
  EXPECT_THAT(Request(), HasSubstr("continue=more"));
  reflector_.TakePage(ListOf(ListJson({ServiceJson("b", 1)}, 4)), now_);
  EXPECT_EQ(count(), 2u);
}

TEST_F(ReflectorTest, FailuresInARowWaitLongerWithJitter) {
  absl::Duration bound = timing_.first_backoff;
  for (int i = 0; i < 20; ++i) {
    Request();
    Fail(500);
    EXPECT_LE(Wait(), bound);
    EXPECT_GE(Wait(), bound / 2);
    bound = std::min(2 * bound, timing_.max_backoff);
  }
  EXPECT_EQ(bound, timing_.max_backoff);
}

TEST_F(ReflectorTest, WaitsAsLongAsTheServerWishes) {
  Request();
  reflector_.Fail({.code = 429, .reason = "", .message = "", .retry_after = absl::Seconds(17)},
                  now_);
  EXPECT_EQ(Wait(), absl::Seconds(17));
  Request();
  reflector_.Fail({.code = 429, .reason = "", .message = "", .retry_after = absl::Hours(17)}, now_);
  EXPECT_EQ(Wait(), timing_.max_retry_after);
}

TEST_F(ReflectorTest, ListsWhoseVersionsAreLostAtOnceWaitLonger) {
  ListAndWatch({}, 4);
  for (int i = 0; i < 10; ++i) {
    Take("ERROR", GoneJson());
    Request();
    reflector_.TakePage(ListOf(ListJson({}, 4)), now_);
    Request();
  }
  Take("ERROR", GoneJson());
  EXPECT_GT(Wait(), absl::Seconds(10)) << "lists in a tight loop";
}

TEST_F(ReflectorTest, NewsEndsARowOfFailures) {
  ListAndWatch({}, 4);
  for (int i = 0; i < 10; ++i) {
    Fail();
    Request();
  }
  Take("ADDED", ServiceJson("a", 5));
  Fail();
  EXPECT_LE(Wait(), timing_.first_backoff);
}

TEST_F(ReflectorTest, ADuplicateIsNoNews) {
  ListAndWatch({}, 4);
  Take("ADDED", ServiceJson("a", 5));
  for (int i = 0; i < 10; ++i) {
    Fail();
    Request();
    Take("ADDED", ServiceJson("a", 5));
  }
  Fail();
  EXPECT_GT(Wait(), absl::Seconds(10));
}

TEST_F(ReflectorTest, AWatchThatEndsAtOnceIsAFailure) {
  ListAndWatch({}, 4);
  reflector_.End(now_);
  EXPECT_GT(Wait(), absl::ZeroDuration());
}

TEST_F(ReflectorTest, AQuietWatchIsResumed) {
  ListAndWatch({}, 4);
  EXPECT_EQ(Wait(), timing_.watch_quiet);
  now_ += absl::Seconds(60);
  reflector_.Heard(now_);
  EXPECT_EQ(Wait(), timing_.watch_quiet);
  now_ += Wait();
  reflector_.GiveUp(now_);
  EXPECT_THAT(Request(), HasSubstr("resourceVersion=4&"));
}

TEST_F(ReflectorTest, ASlowListIsGivenUp) {
  Request();
  Fail(422);
  Request();
  EXPECT_EQ(Wait(), timing_.list_quiet);
  const absl::Time started = now_;
  for (int i = 0; i < 29; ++i) {
    now_ += absl::Seconds(10);
    reflector_.Heard(now_);
  }
  EXPECT_EQ(reflector_.due(), started + timing_.list_total);
}

TEST_F(ReflectorTest, OneRequestAtATime) {
  Request();
  EXPECT_FALSE(reflector_.Next(now_).has_value());
}

TEST(ReflectorOfOptionalKindTest, AnAbsentKindIsAskedForInBothVersionsAndThenRarely) {
  ObjectSet objects;
  const ReflectorTiming timing;
  Reflector reflector(ResourceOf(Kind::kServiceCidr), timing, 1, objects);
  absl::Time now = absl::UnixEpoch();
  const ApiFailure absent{.code = 404, .reason = "", .message = "", .retry_after = {}};
  const auto ask = [&] { return reflector.Next(now)->target; };
  EXPECT_THAT(ask(), HasSubstr("/v1/servicecidrs?watch=true"));
  EXPECT_FALSE(reflector.Fail(absent, now)) << "no failure to report";
  EXPECT_THAT(ask(), HasSubstr("/v1/servicecidrs?limit"));
  EXPECT_FALSE(reflector.Fail(absent, now));
  EXPECT_FALSE(reflector.synced());
  EXPECT_THAT(ask(), HasSubstr("/v1beta1/servicecidrs?limit"));
  EXPECT_FALSE(reflector.Fail(absent, now));
  EXPECT_TRUE(reflector.synced());
  EXPECT_EQ(reflector.due(), now + timing.absent_retry);
  now = reflector.due();
  EXPECT_THAT(ask(), HasSubstr("/v1/servicecidrs?limit"));
}

TEST(ReflectorOfOptionalKindTest, ARefusalIsReportedAndWaitedForByNobody) {
  ObjectSet objects;
  Reflector reflector(ResourceOf(Kind::kServiceCidr), {}, 1, objects);
  const absl::Time now = absl::UnixEpoch();
  const ApiFailure refused{.code = 403, .reason = "", .message = "", .retry_after = {}};
  reflector.Next(now);
  reflector.Fail({.code = 422, .reason = "", .message = "", .retry_after = {}}, now);
  for (int version = 0; version < 2; ++version) {
    ASSERT_TRUE(reflector.Next(now));
    EXPECT_TRUE(reflector.Fail(refused, now));
  }
  EXPECT_TRUE(reflector.synced());
}

}  // namespace
}  // namespace pointsman::kube
