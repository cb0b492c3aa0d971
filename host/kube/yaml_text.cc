#include "host/kube/yaml_text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <string>
#include <unordered_set>

namespace pointsman::kube {
namespace {

// The YAML 1.2 core schema, with the capitalised forms it allows.
ValueType TypeOfPlainScalar(const std::string& text) {
  static const std::unordered_set<std::string> kNulls = {"", "~", "null", "Null", "NULL"};
  static const std::unordered_set<std::string> kBools = {"true",  "True",  "TRUE",
                                                         "false", "False", "FALSE"};
  if (kNulls.contains(text)) return ValueType::kNull;
  if (kBools.contains(text)) return ValueType::kBool;
  size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
  bool digits = false;
  int points = 0;
  for (; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      digits = true;
    } else if (text[i] == '.' && points == 0) {
      ++points;
    } else {
      break;
    }
  }
  if (!digits) return ValueType::kString;
  if (i == text.size()) return ValueType::kNumber;
  const bool exponent = (text[i] == 'e' || text[i] == 'E') && i + 1 < text.size() &&
                        text.find_first_not_of("+-0123456789", i + 1) == std::string::npos;
  return exponent ? ValueType::kNumber : ValueType::kString;
}

Value MakeValue(ValueType type, const YAML::Mark& mark) {
  Value value;
  value.type = type;
  value.line = mark.line + 1;
  return value;
}

size_t CountValues(const Value& value) {
  size_t count = 1;
  for (const Value& item : value.items) count += CountValues(item);
  for (const auto& [key, member] : value.members) count += CountValues(member);
  return count;
}

// Builds one document's Value from yaml-cpp's events. Throws YAML::ParserException, as yaml-cpp
// does itself; ParseYaml catches both.
class DocumentBuilder final : public YAML::EventHandler {
 public:
  // `previous_start`: where the document before began, by character; negative: there is none.
  explicit DocumentBuilder(int previous_start) : previous_start_(previous_start) {}

  Value Take() { return std::move(root_); }
  int start() const { return start_; }

  // What yaml-cpp cannot read at the start of a document (a comma, a bracket that closes nothing)
  // it makes an empty document of, over and over, without going on.
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == previous_start_) throw YAML::ParserException(mark, "not expected here");
    start_ = mark.pos;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, MakeValue(ValueType::kNull, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw YAML::ParserException(mark, "an alias to what contains it");
    }
    alias_values_ += CountValues(found->second);
    if (alias_values_ > kMaxAliasValues) {
      throw YAML::ParserException(
          mark, fmt::format("aliases add more than {} values; write them out", kMaxAliasValues));
    }
    Add(mark, 0, found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const bool plain = tag.empty() || tag == "?";
    Value value = MakeValue(plain ? TypeOfPlainScalar(text) : ValueType::kString, mark);
    value.text = text;
    if (value.type == ValueType::kBool) value.text[0] |= 0x20;
    Add(mark, anchor, std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, ValueType::kList);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, ValueType::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    Value value;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    std::unordered_set<std::string> keys;
    bool key_is_next = true;
  };

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, ValueType type) {
    if (levels_.size() >= kMaxYamlDepth) {
      throw YAML::ParserException(mark, fmt::format("nested deeper than {} levels", kMaxYamlDepth));
    }
    levels_.push_back({MakeValue(type, mark), anchor, mark, {}});
  }

  void Close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    Add(level.mark, level.anchor, std::move(level.value));
  }

  void Add(const YAML::Mark& mark, YAML::anchor_t anchor, Value value) {
    if (anchor != 0) anchors_[anchor] = value;
    if (levels_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.value.type == ValueType::kList) {
      level.value.items.push_back(std::move(value));
    } else if (level.key_is_next) {
      AddKey(mark, level, std::move(value));
    } else {
      level.value.members.back().value = std::move(value);
      level.key_is_next = true;
    }
  }

  static void AddKey(const YAML::Mark& mark, Level& level, Value key) {
    if (key.type == ValueType::kList || key.type == ValueType::kMap) {
      throw YAML::ParserException(mark, "a key that is no text");
    }
    if (!level.keys.insert(key.text).second) {
      throw YAML::ParserException(mark, fmt::format("the key '{}' stands twice here", key.text));
    }
    level.value.members.push_back({std::move(key.text), Value{}});
    level.key_is_next = false;
  }

  const int previous_start_;
  int start_ = -1;
  Value root_;
  std::vector<Level> levels_;
  std::map<YAML::anchor_t, Value> anchors_;
  size_t alias_values_ = 0;
};

}  // namespace

absl::Status ParseYaml(std::string_view text, const std::function<void(Value)>& on_document) {
  if (text.size() > kMaxYamlBytes) {
    return absl::InvalidArgumentError(
        fmt::format("{} bytes are more than the {} read; split it up", text.size(), kMaxYamlBytes));
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    int previous_start = -1;
    while (true) {
      DocumentBuilder builder(previous_start);
      if (!parser.HandleNextDocument(builder)) return absl::OkStatus();
      previous_start = builder.start();
      on_document(builder.Take());
    }
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(fmt::format("line {}, column {}: not readable as YAML: {}",
                                                  error.mark.line + 1, error.mark.column + 1,
                                                  error.msg));
  }
}

}  // namespace pointsman::kube
