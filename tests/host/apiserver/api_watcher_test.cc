// Against a test API server over TLS: what a server tells, in every way in which it may tell it.
#include "host/apiserver/api_watcher.h"

#include "tests/host/apiserver/api_fixture.h"

namespace pointsman::kube {
namespace {

using test::ApiFaults;
using test::ApiServerOptions;
using test::StreamingLists;
using ::testing::IsEmpty;

using ApiWatcherTest = ApiFixture;

TEST_F(ApiWatcherTest, TakesStreamingLists) {
  StartAndWatch();
  ExpectSameAsServer();
  EXPECT_EQ(RequestsWith("limit="), 0u);
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(ApiWatcherTest, ListsInPagesWhereTheServerRefusesStreams) {
  ApiServerOptions options = Tls();
  options.streaming_lists = StreamingLists::kRefused;
  for (int i = 0; i < 1200; ++i) PutService(store_, fmt::format("s-{}", i), 80);
  StartAndWatch(options);
  ExpectSameAsServer();
  EXPECT_EQ(watcher_->objects().services.size(), 1201u);
  // A refused stream, three pages, a watch.
  EXPECT_TRUE(Await([this] { return RequestsWith("services?") == 1 + 3 + 1u; }));
  EXPECT_GT(server_->gzipped_answers(), 0u);
  EXPECT_THAT(errors_, IsEmpty()) << "an older server is no error";
}

TEST_F(ApiWatcherTest, ListsWhereTheServerIgnoresThatAStreamIsWanted) {
  for (const bool bookmarks : {true, false}) {
    ApiServerOptions options = Tls();
    options.streaming_lists = StreamingLists::kIgnored;
    options.bookmarks = bookmarks;
    timing_.initial_events_quiet = absl::Milliseconds(300);
    StartAndWatch(options);
    ExpectSameAsServer();
    EXPECT_EQ(RequestsWith("limit="), 3u);
    PutService(store_, "web", 443);
    ExpectSameAsServer();
  }
}

TEST_F(ApiWatcherTest, NothingIsKnownBeforeEveryKindIs) {
  StartServer(Tls());
  ApiFaults faults;
  faults.silent_requests = 1;
  server_->SetFaults(faults);
  timing_.list_quiet = absl::Seconds(1);
  Watch();
  PollFor(absl::Milliseconds(500));
  EXPECT_FALSE(watcher_->synced());
  ExpectSameAsServer();
}

TEST_F(ApiWatcherTest, FollowsChanges) {
  StartAndWatch();
  ExpectSameAsServer();
  watcher_->TakeChanges().any;
  EXPECT_FALSE(watcher_->TakeChanges().any);
  PutService(store_, "web", 443);
  PutSlice(store_, "cart", 5);
  store_.Delete(kNodes, "", "worker-1");
  ExpectSameAsServer();
  EXPECT_TRUE(watcher_->TakeChanges().any);
  EXPECT_THAT(watcher_->objects().nodes, IsEmpty());
}

TEST_F(ApiWatcherTest, TakesServiceCidrsWhereTheServerHasThem) {
  test::ApiServerOptions options = Tls();
  options.service_cidrs = true;
  store_.Put("/apis/networking.k8s.io/v1/servicecidrs",
             {{"metadata", {{"name", "kubernetes"}}}, {"spec", {{"cidrs", {"10.96.0.0/16"}}}}});
  StartAndWatch(options);
  ExpectSameAsServer();
  ASSERT_EQ(watcher_->objects().service_cidrs.size(), 1u);
  EXPECT_EQ(watcher_->objects().service_cidrs.begin()->second.cidrs[0].ToString(), "10.96.0.0/16");
}

TEST_F(ApiWatcherTest, AServerWithoutServiceCidrsIsAskedForBothVersionsAndIsNoError) {
  StartAndWatch();
  ExpectSameAsServer();
  EXPECT_GE(RequestsWith("networking.k8s.io/v1/servicecidrs"), 1u);
  EXPECT_EQ(RequestsWith("networking.k8s.io/v1beta1/servicecidrs"), 1u);
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(ApiWatcherTest, AProxyWithANameFollowsTheServicesThatNameIt) {
  proxy_name_ = "canary";
  StartAndWatch();
  ExpectSameAsServer();
  EXPECT_THAT(watcher_->objects().services, IsEmpty());
  EXPECT_EQ(watcher_->objects().endpoint_slices.size(), 1u) << "its label may come later";
  PutService(store_, "cart", 80, {{"service.kubernetes.io/service-proxy-name", "canary"}});
  ExpectSameAsServer();
  EXPECT_EQ(watcher_->objects().services.size(), 1u);
}

TEST_F(ApiWatcherTest, SelectsAsKubeProxyDoes) {
  PutService(store_, "others", 80, {{"service.kubernetes.io/service-proxy-name", "other"}});
  PutService(store_, "headless", 80, {{"service.kubernetes.io/headless", ""}});
  StartAndWatch();
  ExpectSameAsServer();
  EXPECT_EQ(watcher_->objects().services.size(), 1u);
  PutService(store_, "cart", 80, {{"service.kubernetes.io/service-proxy-name", "other"}});
  ExpectSameAsServer();
  EXPECT_THAT(watcher_->objects().services, IsEmpty()) << "it was given to another proxy";
}

TEST_F(ApiWatcherTest, AnOutageChangesNothingAndARestartIsSurvived) {
  StartAndWatch();
  ExpectSameAsServer();
  const ObjectSet before = watcher_->objects();
  server_->Stop();
  store_.Delete(kServices, "shop", "cart");
  PutService(store_, "web", 443);
  PollFor(absl::Milliseconds(700));
  EXPECT_EQ(watcher_->objects(), before);
  EXPECT_TRUE(watcher_->synced());
  EXPECT_GE(errors_.size(), 3u);
  EXPECT_LE(errors_.size(), 30u) << "a busy loop";
  server_->Start();
  ExpectSameAsServer();
  EXPECT_EQ(RequestsWith("sendInitialEvents"), 3u) << "a watch is resumed, not begun anew";
}

TEST_F(ApiWatcherTest, AfterALostVersionWholeSetsAreCompared) {
  StartAndWatch();
  ExpectSameAsServer();
  server_->Stop();
  store_.Delete(kServices, "shop", "cart");
  PutService(store_, "web", 443);
  store_.Compact();
  server_->Start();
  ExpectSameAsServer();
  EXPECT_EQ(watcher_->objects().services.count({Kind::kService, "shop", "cart"}), 0u);
  EXPECT_GT(RequestsWith("sendInitialEvents"), 3u);
}

TEST_F(ApiWatcherTest, AnErrorEventMeansANewList) {
  StartAndWatch();
  ExpectSameAsServer();
  ApiFaults faults;
  faults.error_events = 3;
  server_->SetFaults(faults);
  server_->CutStreams();
  ExpectError("410 Expired: too old resource version");
  PutService(store_, "web", 443);
  ExpectSameAsServer();
}

TEST_F(ApiWatcherTest, APageThatHasExpiredMeansAListInOne) {
  for (int i = 0; i < 600; ++i) PutService(store_, fmt::format("s-{}", i), 80);
  ApiServerOptions options = Tls();
  options.streaming_lists = StreamingLists::kRefused;
  StartServer(options);
  ApiFaults faults;
  faults.expire_continue = 1;
  server_->SetFaults(faults);
  Watch();
  ExpectSameAsServer();
}

TEST_F(ApiWatcherTest, WaitsAsLongAsAnOverloadedServerAsks) {
  StartServer(Tls());
  ApiFaults faults;
  faults.refuse = 3;
  faults.refuse_code = 429;
  faults.retry_after_seconds = 1;
  server_->SetFaults(faults);
  Watch();
  PollFor(absl::Milliseconds(900));
  EXPECT_EQ(RequestsWith(""), 3u);
  ExpectSameAsServer();
  ExpectError("HTTP 429 Refused: the server is overloaded");
}

TEST_F(ApiWatcherTest, TruncatedJsonIsRefusedAndAskedForAgain) {
  ApiServerOptions options = Tls();
  options.streaming_lists = StreamingLists::kRefused;
  StartServer(options);
  ApiFaults faults;
  faults.truncate_lists = 2;
  server_->SetFaults(faults);
  Watch();
  ExpectSameAsServer();
  ExpectError("not JSON");
}

TEST_F(ApiWatcherTest, AnEventThatIsCutOffComesAgain) {
  StartAndWatch();
  ExpectSameAsServer();
  ApiFaults faults;
  faults.truncate_events = 2;
  server_->SetFaults(faults);
  PutService(store_, "web", 443);
  PutSlice(store_, "web", 3);
  ExpectSameAsServer();
  ExpectError("the last event is cut off");
}

TEST_F(ApiWatcherTest, EventsMayComeTwiceAndInAnotherOrder) {
  StartAndWatch();
  ExpectSameAsServer();
  ApiFaults faults;
  faults.repeat_events = true;
  faults.swap_events = true;
  server_->SetFaults(faults);
  for (int i = 0; i < 200; ++i) {
    const std::string name = fmt::format("s-{}", i % 7);
    if (i % 3 == 0) store_.Delete(kServices, "shop", name);
    PutService(store_, fmt::format("s-{}", i % 11), 1000 + i);
  }
  ExpectSameAsServer();
}

TEST_F(ApiWatcherTest, SlowStreamsAreWaitedFor) {
  StartServer(Tls());
  ApiFaults faults;
  faults.pause_of_streams = std::chrono::milliseconds(20);
  server_->SetFaults(faults);
  timing_.list_quiet = timing_.watch_quiet = absl::Seconds(2);
  Watch();
  ExpectSameAsServer();
  PutSlice(store_, "cart", 30);
  ExpectSameAsServer();
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(ApiWatcherTest, AServerThatDoesNotAnswerIsGivenUp) {
  StartServer(Tls());
  ApiFaults faults;
  faults.silent_requests = 3;
  server_->SetFaults(faults);
  timing_.list_quiet = absl::Milliseconds(300);
  Watch();
  ExpectSameAsServer();
}

TEST_F(ApiWatcherTest, AStreamThatLeadsNowhereIsReplaced) {
  StartAndWatch();
  ExpectSameAsServer();
  timing_.watch_quiet = absl::Milliseconds(500);
  Watch();
  ExpectSameAsServer();
  ApiFaults faults;
  faults.silent_streams = 3;
  server_->SetFaults(faults);
  server_->CutStreams();
  PollFor(absl::Milliseconds(300));
  PutService(store_, "web", 443);
  ExpectSameAsServer();
}

TEST_F(ApiWatcherTest, ARefusedObjectKeepsItsLastGoodState) {
  StartAndWatch();
  ExpectSameAsServer();
  PutService(store_, "cart", 0);
  EXPECT_TRUE(Await([this] { return !watcher_->problems().empty(); }));
  EXPECT_EQ(watcher_->problems()[0].ToString(),
            "API server: Service shop/cart: spec.ports[0].port: 0 is not a port number (1..65535)");
  EXPECT_EQ(watcher_->objects().services.begin()->second.ports[0].port, 80);
}

TEST_F(ApiWatcherTest, AListMayBe100Megabytes) {
  const std::string text(1 << 20, 'x');
  for (int i = 0; i < 100; ++i) {
    store_.Put(kNodes,
               {{"metadata", {{"name", fmt::format("n-{}", i)}, {"annotations", {{"a", text}}}}}});
  }
  store_.Compact();
  ApiServerOptions options = Tls();
  options.streaming_lists = StreamingLists::kRefused;
  StartAndWatch(options);
  ExpectSameAsServer();
  EXPECT_EQ(watcher_->objects().nodes.size(), 101u);
}

TEST_F(ApiWatcherTest, AWakeEndsAWait) {
  StartAndWatch();
  ExpectSameAsServer();
  PollFor(absl::Milliseconds(50));
  watcher_->Wake();
  const absl::Time started = absl::Now();
  watcher_->Poll(absl::Seconds(10));
  EXPECT_LT(absl::Now() - started, absl::Seconds(5));
}

}  // namespace
}  // namespace pointsman::kube
