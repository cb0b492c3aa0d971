// A test API server with objects, and a watcher of it, for tests that talk over a real socket.
#ifndef POINTSMAN_TESTS_HOST_APISERVER_API_FIXTURE_H_
#define POINTSMAN_TESTS_HOST_APISERVER_API_FIXTURE_H_

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "host/apiserver/api_watcher.h"
#include "tests/host/kube/temp_folder.h"
#include "tests/support/api_server.h"
#include "tests/support/test_certificates.h"

namespace pointsman::kube {

inline constexpr char kServices[] = "/api/v1/services";
inline constexpr char kEndpointSlices[] = "/apis/discovery.k8s.io/v1/endpointslices";
inline constexpr char kNodes[] = "/api/v1/nodes";

inline void PutService(test::ApiStore& store, const std::string& name, int port,
                       const test::Labels& labels = {}) {
  store.Put(
      kServices,
      {{"metadata", {{"name", name}, {"namespace", "shop"}, {"labels", labels}}},
       {"spec", {{"clusterIP", "10.96.0.1"}, {"ports", {{{"name", "http"}, {"port", port}}}}}}});
}

inline void PutSlice(test::ApiStore& store, const std::string& name, int endpoints) {
  nlohmann::json all = nlohmann::json::array();
  for (int i = 0; i < endpoints; ++i) {
    all.push_back({{"addresses", {fmt::format("10.244.{}.{}", i / 250, i % 250 + 1)}},
                   {"conditions", {{"ready", true}}},
                   {"nodeName", "worker-1"}});
  }
  store.Put(kEndpointSlices, {{"metadata",
                               {{"name", name},
                                {"namespace", "shop"},
                                {"labels", {{"kubernetes.io/service-name", name}}}}},
                              {"addressType", "IPv4"},
                              {"endpoints", all},
                              {"ports", {{{"name", "http"}, {"port", 8080}}}}});
}

inline void PutNode(test::ApiStore& store, const std::string& name) {
  store.Put(kNodes,
            {{"metadata", {{"name", name}}},
             {"spec", {{"podCIDRs", {"10.244.1.0/24"}}}},
             {"status", {{"addresses", {{{"type", "InternalIP"}, {"address", "192.168.0.2"}}}}}}});
}

// What a client that selects as a proxy does should know.
inline ObjectSet ObjectsOf(const test::ApiStore& store, const std::string& proxy_name = "") {
  ObjectSet objects;
  for (const Kind kind : kFollowedKinds) {
    const Resource resource = ResourceOf(kind, proxy_name);
    ApiJsonReader reader;
    for (const std::string& item :
         store.List(resource.path, resource.label_selector, 0, "").items) {
      auto event = reader.ReadEvent(fmt::format(R"({{"type":"ADDED","object":{}}})", item), kind);
      EXPECT_TRUE(event.ok()) << item;
      for (DecodedObject& decoded : event->decoded.objects) {
        objects.Apply(std::move(decoded.object));
      }
    }
  }
  return objects;
}

class ApiFixture : public testing::Test {
 protected:
  static constexpr absl::Duration kDeadline = absl::Seconds(20);

  // One set for all tests, as keys take time.
  static const test::TestCertificates& certificates() {
    static const TempFolder folder;
    static const test::TestCertificates certificates(folder.path());
    return certificates;
  }

  static test::ApiServerOptions Tls() {
    test::ApiServerOptions options;
    options.certificate = certificates().Certificate("server");
    options.key = certificates().Key("server");
    return options;
  }

  // With one Service, one EndpointSlice, one Node.
  void StartServer(const test::ApiServerOptions& options) {
    PutService(store_, "cart", 80);
    PutSlice(store_, "cart", 2);
    PutNode(store_, "worker-1");
    server_ = std::make_unique<test::ApiServer>(store_, options);
    config_.server = server_->url();
    config_.name = fmt::format("cluster test ({})", config_.server);
    config_.certificate_authority = {
        .data = "", .file = certificates().Certificate("ca"), .field = "certificate-authority"};
  }

  void Watch() {
    auto watcher = ApiWatcher::Open(config_, proxy_name_, timing_, 1);
    ASSERT_TRUE(watcher.ok()) << watcher.status();
    watcher_ = *std::move(watcher);
  }

  void StartAndWatch(const test::ApiServerOptions& options = Tls()) {
    StartServer(options);
    Watch();
  }

  // False: `wanted` did not hold within the deadline.
  template <class Wanted>
  bool Await(const Wanted& wanted) {
    const absl::Time deadline = absl::Now() + kDeadline;
    while (!wanted()) {
      if (absl::Now() > deadline) return false;
      watcher_->Poll(absl::Milliseconds(50));
      for (std::string& error : watcher_->TakeErrors()) errors_.push_back(std::move(error));
    }
    return true;
  }
  void PollFor(absl::Duration time) {
    const absl::Time end = absl::Now() + time;
    while (absl::Now() < end) watcher_->Poll(end - absl::Now());
    for (std::string& error : watcher_->TakeErrors()) errors_.push_back(std::move(error));
  }

  bool SameAsServer() const {
    return watcher_->synced() && watcher_->objects() == ObjectsOf(store_, proxy_name_);
  }
  void ExpectSameAsServer() {
    EXPECT_TRUE(Await([this] { return SameAsServer(); }))
        << watcher_->objects().services.size() << " Services here, "
        << ObjectsOf(store_).services.size() << " there\n"
        << testing::PrintToString(errors_);
  }
  // That an error with this text comes.
  void ExpectError(const std::string& text) {
    const auto told = [&] {
      return std::ranges::any_of(
          errors_, [&](const std::string& error) { return error.find(text) != std::string::npos; });
    };
    EXPECT_TRUE(Await(told)) << text << "\n" << testing::PrintToString(errors_);
  }
  size_t RequestsWith(const std::string& text) const {
    const std::vector<std::string> requests = server_->Requests();
    return static_cast<size_t>(std::ranges::count_if(requests, [&](const std::string& request) {
      // Servers may not have these, which is asked in several ways.
      const bool counts = request.find("/servicecidrs") == std::string::npos ||
                          text.find("servicecidrs") != std::string::npos;
      return counts && request.find(text) != std::string::npos;
    }));
  }

  test::ApiStore store_;
  std::unique_ptr<test::ApiServer> server_;
  ServerConfig config_;
  std::string proxy_name_;
  ReflectorTiming timing_;
  std::unique_ptr<ApiWatcher> watcher_;
  std::vector<std::string> errors_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_TESTS_HOST_APISERVER_API_FIXTURE_H_
