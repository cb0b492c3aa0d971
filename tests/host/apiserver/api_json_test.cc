#include "host/apiserver/api_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/apiserver/api_texts.h"
#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ErrorOfList(const std::string& text) {
  ApiJsonReader reader;
  const auto page = reader.ReadList(text, Kind::kService);
  return page.ok() ? "no error" : std::string(page.status().message());
}

std::string ErrorOfEvent(const std::string& text) {
  ApiJsonReader reader;
  const auto event = reader.ReadEvent(text, Kind::kService);
  return event.ok() ? "no error" : std::string(event.status().message());
}

TEST(ApiJsonTest, ReadsAListWhoseItemsDoNotSayTheirKind) {
  const ListPage page =
      ListOf(ListJson({ServiceJson("cart", 3), ServiceJson("web", 4, 443)}, 7, "next"));
  EXPECT_EQ(page.resource_version, "7");
  EXPECT_EQ(page.continue_token, "next");
  ASSERT_EQ(page.decoded.objects.size(), 2u);
  EXPECT_EQ(KeyOf(page.decoded.objects[1].object), ServiceKey("web"));
  EXPECT_EQ(std::get<Service>(page.decoded.objects[1].object).ports[0].port, 443);
}

TEST(ApiJsonTest, DecodesAsTheSameTextInAManifest) {
  const std::string spec =
      R"("metadata":{"name":"a","namespace":"shop","uid":"u","resourceVersion":"5",)"
      R"("managedFields":[{"manager":"x","fieldsV1":{"f:spec":{}}}],)"
      R"("labels":{"quoted":"a \"b\" \u00e9"},"creationTimestamp":"2026-01-31T12:00:00Z"},)"
      R"("addressType":"IPv4","endpoints":[{"addresses":["10.1.0.1"],"conditions":{"ready":false},)"
      R"("targetRef":{"kind":"Pod","name":"p"},"deprecatedTopology":null,"zone":"z"}],)"
      R"("ports":[{"name":"http","port":8080,"protocol":"TCP","unknown":1.5e3}])";
  ApiJsonReader reader;
  const auto page =
      reader.ReadList(R"({"items":[{)" + spec +
                          R"(}],"metadata":{"resourceVersion":"9"},"kind":"EndpointSliceList"})",
                      Kind::kEndpointSlice);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->decoded.objects.size(), 1u);
  EXPECT_EQ(std::get<EndpointSlice>(page->decoded.objects[0].object),
            DecodeOne<EndpointSlice>(
                R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice",)" + spec + "}"));
}

TEST(ApiJsonTest, AnEmptyListMayBeNull) {
  const ListPage page =
      ListOf(R"({"kind":"ServiceList","metadata":{"resourceVersion":"7"},"items":null})");
  EXPECT_THAT(page.decoded.objects, IsEmpty());
}

TEST(ApiJsonTest, NamesObjectAndFieldOfWhatIsRefused) {
  const ListPage page = ListOf(ListJson({ServiceJson("cart", 3, 99999), ServiceJson("web", 4)}, 7));
  EXPECT_EQ(page.decoded.objects.size(), 1u);
  EXPECT_THAT(Texts(page.decoded.problems),
              ElementsAre("API server: Service shop/cart: spec.ports[0].port: 99999 is not a port "
                          "number (1..65535)"));
}

TEST(ApiJsonTest, RefusesWhatIsNoSuchList) {
  EXPECT_THAT(ErrorOfList("<html>"), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOfList(""), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOfList("[]"), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOfList("{}"), HasSubstr("not a ServiceList"));
  EXPECT_THAT(ErrorOfList(R"({"kind":"NodeList","metadata":{"resourceVersion":"1"},"items":[]})"),
              HasSubstr("kind is 'NodeList'"));
  EXPECT_THAT(ErrorOfList(R"({"kind":"ServiceList","metadata":{},"items":[]})"),
              HasSubstr("metadata.resourceVersion"));
}

TEST(ApiJsonTest, RefusesAListCutOffAnywhere) {
  const std::string whole = ListJson({ServiceJson("cart", 3)}, 7);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(ErrorOfList(whole.substr(0, length)), "no error") << whole.substr(0, length);
  }
  EXPECT_NE(ErrorOfList(whole + "}"), "no error");
}

TEST(ApiJsonTest, RefusesEndlessNesting) {
  const std::string deep(5000, '[');
  EXPECT_THAT(ErrorOfEvent(R"({"type":"ADDED","object":)" + deep), HasSubstr("not JSON"));
  EXPECT_FALSE(ReadJson(R"({"a":)" + std::string(200, '[') + std::string(200, ']') + "}").ok());
}

TEST(ApiJsonTest, ReadsEvents) {
  const WatchEvent added = EventOf("ADDED", ServiceJson("cart", 8));
  EXPECT_EQ(added.type, WatchEventType::kAdded);
  EXPECT_EQ(added.resource_version, "8");
  ASSERT_EQ(added.decoded.objects.size(), 1u);

  const WatchEvent bookmark = EventOf(BookmarkJson(9));
  EXPECT_EQ(bookmark.type, WatchEventType::kBookmark);
  EXPECT_EQ(bookmark.resource_version, "9");
  EXPECT_FALSE(bookmark.initial_events_end);
  EXPECT_TRUE(EventOf(BookmarkJson(9, true)).initial_events_end);

  const WatchEvent gone = EventOf("ERROR", GoneJson());
  EXPECT_EQ(gone.status.code, 410);
  EXPECT_EQ(gone.status.reason, "Expired");
}

TEST(ApiJsonTest, RefusesEventsThatAreNone) {
  EXPECT_THAT(ErrorOfEvent(R"({"type":"RENAMED","object":{}})"), HasSubstr("RENAMED"));
  EXPECT_THAT(ErrorOfEvent(R"({"type":"ADDED"})"), HasSubstr("watch event"));
  EXPECT_THAT(ErrorOfEvent(R"({"type":"ADDED","obj)"), HasSubstr("not JSON"));
}

TEST(ApiJsonTest, ReadsWhatARefusalSays) {
  const ApiStatus status =
      ReadStatus(R"({"kind":"Status","code":429,"reason":"TooManyRequests","message":"slow down",)"
                 R"("details":{"retryAfterSeconds":7}})");
  EXPECT_EQ(status.code, 429);
  EXPECT_EQ(status.message, "slow down");
  EXPECT_EQ(status.retry_after_seconds, 7);
  EXPECT_EQ(ReadStatus("<html>502</html>").code, 0);
  EXPECT_EQ(ReadStatus(R"({"code":3})").code, 0);
}

}  // namespace
}  // namespace pointsman::kube
