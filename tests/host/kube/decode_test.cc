#include "host/kube/decode.h"

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kNode[] = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n";

std::vector<std::string> KeysOf(const Decoded& decoded) {
  std::vector<std::string> keys;
  for (const DecodedObject& object : decoded.objects) {
    keys.push_back(KeyOf(object.object).ToString());
  }
  return keys;
}

TEST(DecodeTest, TakesSeveralAndEmptyDocuments) {
  const Decoded decoded =
      DecodeManifest(std::string("---\n---\n# nothing\n---\n") + kNode + "---\n" +
                         "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\nnull\n...\n",
                     "f.yaml");
  EXPECT_THAT(KeysOf(decoded), ElementsAre("Node n1", "Pod default/p"));
  EXPECT_THAT(Texts(decoded.problems), IsEmpty());
  EXPECT_EQ(decoded.objects[0].origin.ToString(), "f.yaml:5");
  EXPECT_EQ(decoded.objects[1].origin.ToString(), "f.yaml:9");
}

TEST(DecodeTest, TakesLists) {
  const Decoded decoded = DecodeManifest(R"(
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: n1}}
- {apiVersion: v1, kind: NodeList, items: [{metadata: {name: n2}}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSliceList
metadata: {resourceVersion: "9"}
items:
- {metadata: {name: s}, addressType: IPv4}
---
{"apiVersion": "v1", "kind": "ServiceList", "items": null}
---
apiVersion: v1
kind: ServiceList
items:
- metadata: {name: web}
  spec: {clusterIP: None}
- metadata: {name: bad}
  spec: {clusterIP: None, type: X}
)",
                                         "f.yaml");
  EXPECT_THAT(KeysOf(decoded),
              ElementsAre("Node n1", "Node n2", "EndpointSlice default/s", "Service default/web"));
  EXPECT_THAT(Texts(decoded.problems),
              ElementsAre(HasSubstr("f.yaml:22: Service default/bad: spec.type: 'X' is none of")));
}

TEST(DecodeTest, TakesJson) {
  const Decoded decoded = DecodeManifest(
      R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
          "spec": {"clusterIP": "10.96.0.10", "ports": [{"port": 80, "targetPort": "http"}]},
          "status": {"loadBalancer": {}}})",
      "web.json");
  EXPECT_THAT(KeysOf(decoded), ElementsAre("Service shop/web"));
}

TEST(DecodeTest, LeavesUnusedKindsOutWithANote) {
  const Decoded decoded = DecodeManifest(
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
      "---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\n"
      "---\napiVersion: example.com/v1\nkind: AllowList\nspec: {}\n",
      "f.yaml");
  EXPECT_THAT(KeysOf(decoded), IsEmpty());
  EXPECT_THAT(Texts(decoded.problems), IsEmpty());
  EXPECT_THAT(
      Texts(decoded.notes),
      ElementsAre(
          "f.yaml:1: Deployment: kind Deployment of apps/v1 is not used here; left out",
          "f.yaml:5: Service: kind Service of serving.knative.dev/v1 is not used here; "
          "left out",
          "f.yaml:9: AllowList: kind AllowList of example.com/v1 is not used here; left out"));
}

TEST(DecodeTest, RefusesWhatIsNoObject) {
  const struct {
    const char* text;
    const char* problem;
  } kCases[] = {
      {"just some words\n",
       "bad.yaml:1: not a Kubernetes object: a map with apiVersion and kind is expected, here is "
       "text"},
      {"- a\n- b\n",
       "bad.yaml:1: not a Kubernetes object: a map with apiVersion and kind is expected, here is "
       "a list"},
      {"apiVersion: v1\nmetadata: {name: x}\n",
       "bad.yaml:1: kind: missing; not a Kubernetes object"},
      {"kind: Service\nmetadata: {name: x}\n",
       "bad.yaml:1: Service: apiVersion: missing; not a Kubernetes object"},
      {"apiVersion: v1\nkind: 3\n",
       "bad.yaml:2: kind: 3 is a number where text is expected; put it in quotes"},
      {"apiVersion: v1\nkind: List\nitems: {a: b}\n",
       "bad.yaml:3: items: a list is expected, here is a map"},
      {"apiVersion: v1\nkind: Node\n",
       "bad.yaml:1: Node: metadata.name: missing; every object needs a name"},
      {"apiVersion: v1\nkind: Node\nmetadata: {name: a/b}\n",
       "bad.yaml:3: Node: metadata.name: 'a/b' is not a name (1 to 253 characters without spaces, "
       "'/' and '%')"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: 'a b'}\n",
       "bad.yaml:3: Pod: metadata.namespace: 'a b' is not a name (1 to 63 characters without "
       "spaces, '/' and '%')"},
      {"apiVersion: v1\nkind: Node\nmetadata: {name: n, creationTimestamp: yesterday}\n",
       "bad.yaml:3: Node n: metadata.creationTimestamp: 'yesterday' is not a time like "
       "2026-01-31T12:00:00Z"},
      {"apiVersion: v1\nkind: Node\nmetadata: {name: n, labels: {a: true}}\n",
       "bad.yaml:3: Node n: metadata.labels.a: true is true or false where text is expected; put "
       "it in quotes"},
  };
  for (const auto& c : kCases) {
    const std::vector<std::string> problems = ProblemsOf(c.text);
    ASSERT_THAT(problems, testing::Not(IsEmpty())) << c.text;
    EXPECT_EQ(problems[0], c.problem) << c.text;
  }
}

TEST(DecodeTest, TextThatIsNotYamlGivesNothingAtAll) {
  const Decoded decoded = DecodeManifest(std::string(kNode) + "---\na: [1\n", "bad.yaml");
  EXPECT_THAT(decoded.objects, IsEmpty());
  ASSERT_THAT(decoded.refused, SizeIs(1));
  EXPECT_EQ(decoded.refused[0].key, std::nullopt);
  ASSERT_THAT(decoded.problems, SizeIs(1));
  EXPECT_THAT(decoded.problems[0].ToString(), testing::StartsWith("bad.yaml: line "));
}

TEST(DecodeTest, KnowsWhichObjectWasRefused) {
  const Decoded decoded = DecodeManifest(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {podIP: x}\n"
      "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: a}\n",
      "bad.yaml");
  ASSERT_THAT(decoded.refused, SizeIs(2));
  EXPECT_EQ(decoded.refused[0].key, (ObjectKey{Kind::kPod, "default", "p"}));
  EXPECT_EQ(decoded.refused[1].key, std::nullopt);
}

TEST(DecodeTest, MessagesStayShort) {
  const std::string text =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {podIP: " + std::string(5000, 'x') +
      "}\n";
  ASSERT_THAT(ProblemsOf(text), SizeIs(1));
  EXPECT_LT(ProblemsOf(text)[0].size(), 500u);
}

}  // namespace
}  // namespace pointsman::kube
