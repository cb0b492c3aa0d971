#include "host/apiserver/collection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/host/apiserver/api_texts.h"
#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CollectionTest : public testing::Test {
 protected:
  void List(const std::vector<std::string>& items) {
    collection_.AddToList(ListOf(ListJson(items, 1)).decoded);
    collection_.EndList();
  }

  // "cart:80 web:443"
  std::string Ports() const {
    std::string out;
    for (const auto& [key, service] : objects_.services) {
      out += fmt::format("{}{}:{}", out.empty() ? "" : " ", key.name, service.ports[0].port);
    }
    return out;
  }

  ObjectSet objects_;
  Collection collection_{Kind::kService, objects_};
};

TEST_F(CollectionTest, AListIsKnownOnlyAsAWhole) {
  collection_.AddToList(ListOf(ListJson({ServiceJson("a", 1)}, 1)).decoded);
  EXPECT_EQ(Ports(), "");
  EXPECT_FALSE(collection_.TakeChanges().any);
  collection_.AddToList(ListOf(ListJson({ServiceJson("b", 2)}, 1)).decoded);
  collection_.EndList();
  EXPECT_EQ(Ports(), "a:80 b:80");
  EXPECT_TRUE(collection_.TakeChanges().any);
}

TEST_F(CollectionTest, ANewListFindsWhatWasDeletedMeanwhile) {
  List({ServiceJson("a", 1), ServiceJson("b", 2)});
  collection_.Apply(EventOf("ADDED", ServiceJson("c", 3)));
  collection_.TakeChanges().any;
  List({ServiceJson("b", 2)});
  EXPECT_EQ(Ports(), "b:80");
  EXPECT_TRUE(collection_.TakeChanges().any);
}

TEST_F(CollectionTest, TheSameListIsNoChange) {
  List({ServiceJson("a", 1)});
  collection_.TakeChanges().any;
  List({ServiceJson("a", 9)});
  EXPECT_FALSE(collection_.TakeChanges().any) << "only the version differs";
  EXPECT_EQ(objects_.services.begin()->second.metadata.resource_version, "9");
}

TEST_F(CollectionTest, AListWinsOverNewerVersions) {
  List({ServiceJson("a", 100, 1)});
  List({ServiceJson("a", 5, 2)});  // restored from a backup
  EXPECT_EQ(Ports(), "a:2");
}

TEST_F(CollectionTest, AppliesEvents) {
  List({ServiceJson("a", 1)});
  collection_.Apply(EventOf("ADDED", ServiceJson("b", 2)));
  collection_.Apply(EventOf("MODIFIED", ServiceJson("a", 3, 8080)));
  EXPECT_EQ(Ports(), "a:8080 b:80");
  collection_.Apply(EventOf("DELETED", ServiceJson("b", 4)));
  EXPECT_EQ(Ports(), "a:8080");
}

TEST_F(CollectionTest, EventsThatComeAgainOrLateChangeNothing) {
  List({ServiceJson("a", 5, 5)});
  collection_.TakeChanges().any;
  collection_.Apply(EventOf("MODIFIED", ServiceJson("a", 4, 4)));
  collection_.Apply(EventOf("DELETED", ServiceJson("a", 3)));
  EXPECT_EQ(Ports(), "a:5");
  EXPECT_FALSE(collection_.TakeChanges().any);
  collection_.Apply(EventOf("DELETED", ServiceJson("a", 7)));
  collection_.Apply(EventOf("MODIFIED", ServiceJson("a", 6, 6)));
  EXPECT_EQ(Ports(), "") << "a late event brought it back";
  collection_.Apply(EventOf("ADDED", ServiceJson("a", 8, 8)));
  EXPECT_EQ(Ports(), "a:8");
}

TEST_F(CollectionTest, ADeletionMayCarryTheLastVersion) {
  List({ServiceJson("a", 5)});
  collection_.Apply(EventOf("DELETED", ServiceJson("a", 5)));
  EXPECT_EQ(Ports(), "");
}

TEST_F(CollectionTest, EventsOfOtherObjectsMayComeInAnyOrder) {
  collection_.Apply(EventOf("ADDED", ServiceJson("b", 8)));
  collection_.Apply(EventOf("ADDED", ServiceJson("a", 7)));
  EXPECT_EQ(Ports(), "a:80 b:80");
}

TEST_F(CollectionTest, ARefusedObjectKeepsItsLastGoodState) {
  List({ServiceJson("a", 1, 80)});
  collection_.TakeChanges().any;
  collection_.Apply(EventOf("MODIFIED", ServiceJson("a", 2, 0)));
  EXPECT_EQ(Ports(), "a:80");
  EXPECT_THAT(Texts(collection_.problems()),
              ElementsAre(HasSubstr("Service shop/a: spec.ports[0].port")));
  EXPECT_TRUE(collection_.TakeChanges().any);
  List({ServiceJson("a", 2, 0), ServiceJson("b", 3, 0)});
  EXPECT_EQ(Ports(), "a:80");
  EXPECT_EQ(collection_.problems().size(), 2u);
  collection_.Apply(EventOf("MODIFIED", ServiceJson("a", 4, 81)));
  collection_.Apply(EventOf("DELETED", ServiceJson("b", 5, 0)));
  EXPECT_EQ(Ports(), "a:81");
  EXPECT_THAT(collection_.problems(), IsEmpty());
}

TEST_F(CollectionTest, ARefusedObjectThatIsGoneIsGone) {
  List({ServiceJson("a", 1)});
  collection_.Apply(EventOf("MODIFIED", ServiceJson("a", 2, 0)));
  collection_.Apply(EventOf("DELETED", ServiceJson("a", 3, 0)));
  EXPECT_EQ(Ports(), "");
  EXPECT_THAT(collection_.problems(), IsEmpty());
}

TEST_F(CollectionTest, AnObjectWithoutANameIsAProblemAndNothingElse) {
  List({ServiceJson("", 1), ServiceJson("a", 2)});
  EXPECT_EQ(Ports(), "a:80");
  EXPECT_EQ(collection_.problems().size(), 1u);
  List({ServiceJson("a", 2)});
  EXPECT_THAT(collection_.problems(), IsEmpty());
}

TEST_F(CollectionTest, AStreamingListHasDeletionsToo) {
  collection_.AddToList(EventOf("ADDED", ServiceJson("a", 1)).decoded);
  collection_.AddToList(EventOf("ADDED", ServiceJson("b", 1)).decoded);
  collection_.RemoveFromList(EventOf("DELETED", ServiceJson("a", 2)).decoded);
  collection_.EndList();
  EXPECT_EQ(Ports(), "b:80");
}

TEST(VersionNumberTest, OnlyWholeNumbersCount) {
  EXPECT_EQ(VersionNumber("123"), 123u);
  EXPECT_EQ(VersionNumber(""), 0u);
  EXPECT_EQ(VersionNumber("12a"), 0u);
  EXPECT_EQ(VersionNumber("99999999999999999999999"), 0u);
}

}  // namespace
}  // namespace pointsman::kube
