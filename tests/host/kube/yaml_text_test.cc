#include "host/kube/yaml_text.h"

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Value> Parse(const std::string& text) {
  std::vector<Value> documents;
  const absl::Status status =
      ParseYaml(text, [&documents](Value document) { documents.push_back(std::move(document)); });
  EXPECT_TRUE(status.ok()) << status;
  return documents;
}

std::string ErrorOf(const std::string& text) {
  const absl::Status status = ParseYaml(text, [](const Value&) {});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text.substr(0, 100);
  return std::string(status.message());
}

TEST(YamlTextTest, TellsTypesOfScalars) {
  const struct {
    const char* text;
    ValueType type;
  } kCases[] = {
      {"~", ValueType::kNull},          {"null", ValueType::kNull},
      {"true", ValueType::kBool},       {"False", ValueType::kBool},
      {"80", ValueType::kNumber},       {"-1", ValueType::kNumber},
      {"1.5", ValueType::kNumber},      {"1e3", ValueType::kNumber},
      {"'80'", ValueType::kString},     {"\"true\"", ValueType::kString},
      {"10.0.0.1", ValueType::kString}, {"None", ValueType::kString},
      {"80a", ValueType::kString},      {"-", ValueType::kList},
      {"[]", ValueType::kList},         {"{}", ValueType::kMap},
      {"fd00::1", ValueType::kString},  {"2026-01-31T12:00:00Z", ValueType::kString},
      {".", ValueType::kString},        {"1e", ValueType::kString},
  };
  for (const auto& c : kCases) {
    const std::vector<Value> documents = Parse(c.text);
    ASSERT_EQ(documents.size(), 1u) << c.text;
    EXPECT_EQ(documents[0].type, c.type) << c.text;
  }
}

TEST(YamlTextTest, KeepsStructureAndLines) {
  const std::vector<Value> documents = Parse("a: 1\nb:\n  - x\n  - {c: y}\n---\nz\n");
  ASSERT_EQ(documents.size(), 2u);
  const Value* b = documents[0].Find("b");
  ASSERT_NE(b, nullptr);
  ASSERT_EQ(b->items.size(), 2u);
  EXPECT_EQ(b->items[0].line, 3);
  ASSERT_NE(b->items[1].Find("c"), nullptr);
  EXPECT_EQ(b->items[1].Find("c")->text, "y");
  EXPECT_EQ(documents[0].Find("none"), nullptr);
  EXPECT_EQ(documents[1].line, 6);
}

TEST(YamlTextTest, ReadsJson) {
  const std::vector<Value> documents =
      Parse("{\n\t\"a\": [1, \"\\u003cb\\u003e\", null],\n\t\"url\": \"http:\\/\\/x\"\n}\n");
  ASSERT_EQ(documents.size(), 1u);
  ASSERT_NE(documents[0].Find("a"), nullptr);
  ASSERT_EQ(documents[0].Find("a")->items.size(), 3u);
  EXPECT_EQ(documents[0].Find("a")->items[1].text, "<b>");
  EXPECT_EQ(documents[0].Find("url")->text, "http://x");
}

TEST(YamlTextTest, CopiesAliases) {
  const std::vector<Value> documents = Parse("a: &x {p: 1}\nb: *x\n");
  ASSERT_NE(documents[0].Find("b")->Find("p"), nullptr);
  EXPECT_EQ(documents[0].Find("b")->Find("p")->text, "1");
}

TEST(YamlTextTest, EmptyDocumentsAreDocuments) {
  EXPECT_EQ(Parse("---\n---\n---\na: 1\n").size(), 3u);
  EXPECT_EQ(Parse("a: 1\n---\n").size(), 2u);
}

TEST(YamlTextTest, EmptyTextHasNoDocument) {
  EXPECT_TRUE(Parse("").empty());
  EXPECT_TRUE(Parse("# only a comment\n").empty());
}

TEST(YamlTextTest, SaysWhereItIsNotYaml) {
  const struct {
    const char* text;
    const char* error;
  } kCases[] = {
      {"a: b\nc: [1, 2\nd: e\n", "line "},
      {"a: 1\n b: 2\n", "line 2, column "},
      {"a: *nowhere\n", "line 1, column "},
      {"\tkey: x\n", "line 1, column "},
      {"a: 1\nb: 2\na: 3\n", "line 3, column 1: not readable as YAML: the key 'a' stands twice"},
      {"? [1]\n: x\n", "a key that is no text"},
      {"a: &x [*x]\n", "an alias to what contains it"},
      {"a: \"\\ud800\"\n", "line 1"},
      {",", "line 1, column 1: not readable as YAML: not expected here"},
      {"a: 1\n---\n,\n", "line 3, column 1: not readable as YAML: not expected here"},
      {",,[hoq# ,,,,[hoq# T'", "not expected here"},
  };
  for (const auto& c : kCases) EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.error)) << c.text;
}

TEST(YamlTextTest, LimitsDepth) {
  const std::string deepest = std::string(kMaxYamlDepth, '[') + std::string(kMaxYamlDepth, ']');
  EXPECT_EQ(Parse(deepest).size(), 1u);
  EXPECT_THAT(ErrorOf("[" + deepest + "]"), HasSubstr("nested deeper than 100 levels"));
  EXPECT_THAT(ErrorOf(std::string(100'000, '[')), HasSubstr("nested deeper"));
}

TEST(YamlTextTest, LimitsAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 1; j < 10; ++j) bomb += ", " + last;
    bomb += "]\n";
  }
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("aliases add more than 100000 values"));
}

TEST(YamlTextTest, LimitsSize) {
  EXPECT_THAT(ErrorOf(std::string(kMaxYamlBytes + 1, ' ')), HasSubstr("split it up"));
}

}  // namespace
}  // namespace pointsman::kube
