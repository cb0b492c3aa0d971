// JSON as an API server sends it, for tests: small Services, lists and events of them.
#ifndef POINTSMAN_TESTS_HOST_APISERVER_API_TEXTS_H_
#define POINTSMAN_TESTS_HOST_APISERVER_API_TEXTS_H_

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "host/apiserver/api_json.h"

namespace pointsman::kube {

inline ObjectKey ServiceKey(const std::string& name) { return {Kind::kService, "shop", name}; }

inline std::string ServiceJson(const std::string& name, int version, int port = 80) {
  return fmt::format(R"({{"metadata":{{"name":"{}","namespace":"shop","resourceVersion":"{}"}},)"
                     R"("spec":{{"clusterIP":"10.96.0.1","ports":[{{"port":{}}}]}}}})",
                     name, version, port);
}

inline std::string ListJson(const std::vector<std::string>& items, int version,
                            const std::string& continue_token = "") {
  return fmt::format(R"({{"kind":"ServiceList","apiVersion":"v1",)"
                     R"("metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})",
                     version, continue_token, fmt::join(items, ","));
}

inline std::string EventJson(const std::string& type, const std::string& object) {
  return fmt::format(R"({{"type":"{}","object":{}}})", type, object);
}

inline std::string BookmarkJson(int version, bool initial_events_end = false) {
  return EventJson(
      "BOOKMARK",
      fmt::format(
          R"({{"kind":"Service","metadata":{{"resourceVersion":"{}"{}}}}})", version,
          initial_events_end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : ""));
}

inline std::string GoneJson() {
  return R"({"kind":"Status","status":"Failure","message":"too old resource version: 5",)"
         R"("reason":"Expired","code":410})";
}

inline ListPage ListOf(const std::string& text) {
  ApiJsonReader reader;
  absl::StatusOr<ListPage> page = reader.ReadList(text, Kind::kService);
  EXPECT_TRUE(page.ok()) << page.status() << "\n" << text;
  return page.ok() ? *std::move(page) : ListPage();
}

inline WatchEvent EventOf(const std::string& text) {
  ApiJsonReader reader;
  absl::StatusOr<WatchEvent> event = reader.ReadEvent(text, Kind::kService);
  EXPECT_TRUE(event.ok()) << event.status() << "\n" << text;
  return event.ok() ? *std::move(event) : WatchEvent();
}

inline WatchEvent EventOf(const std::string& type, const std::string& object) {
  return EventOf(EventJson(type, object));
}

}  // namespace pointsman::kube

#endif  // POINTSMAN_TESTS_HOST_APISERVER_API_TEXTS_H_
