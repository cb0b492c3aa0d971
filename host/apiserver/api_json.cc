#include "host/apiserver/api_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace pointsman::kube {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

static_assert(ApiJsonReader::kPaddingBytes >= simdjson::SIMDJSON_PADDING);

constexpr char kInitialEventsEnd[] = "k8s.io/initial-events-end";
const std::string kOrigin = "API server";

constexpr size_t kUsualMembers = 4;

// Who wrote which field when: often the larger part of an object, and nobody here asks.
constexpr std::string_view kManagedFields = "managedFields";

absl::Status NotFromAnApiServer(std::string_view what, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("the answer is not {}: {}", what, why));
}

error_code ReadValue(ondemand::value json, int depth, Value& out);

error_code ReadMembers(ondemand::object object, int depth, Value& out) {
  out.type = ValueType::kMap;
  out.members.reserve(kUsualMembers);
  for (auto result : object) {
    ondemand::field field;
    if (const error_code error = std::move(result).get(field)) return error;
    std::string_view key;
    if (const error_code error = field.unescaped_key().get(key)) return error;
    if (key == kManagedFields) continue;
    Member& member = out.members.emplace_back();
    member.key = key;
    if (const error_code error = ReadValue(field.value(), depth, member.value)) return error;
  }
  return simdjson::SUCCESS;
}

error_code ReadItems(ondemand::array array, int depth, Value& out) {
  out.type = ValueType::kList;
  for (auto result : array) {
    ondemand::value item;
    if (const error_code error = std::move(result).get(item)) return error;
    if (const error_code error = ReadValue(item, depth, out.items.emplace_back())) return error;
  }
  return simdjson::SUCCESS;
}

error_code ReadScalar(ondemand::value json, ondemand::json_type type, Value& out) {
  std::string_view text;
  bool truth = false;
  error_code error = simdjson::SUCCESS;
  switch (type) {
    case ondemand::json_type::string:
      out.type = ValueType::kString;
      error = json.get_string().get(text);
      break;
    case ondemand::json_type::number: {
      out.type = ValueType::kNumber;
      double number = 0;  // read to see that it is one
      text = json.raw_json_token();
      text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
      error = json.get_double().get(number);
      break;
    }
    case ondemand::json_type::boolean:
      out.type = ValueType::kBool;
      error = json.get_bool().get(truth);
      text = truth ? "true" : "false";
      break;
    default:
      error = json.is_null().error();
  }
  out.text = text;
  return error;
}

error_code ReadValue(ondemand::value json, int depth, Value& out) {
  if (depth >= ApiJsonReader::kMaxDepth) return simdjson::DEPTH_ERROR;
  ondemand::json_type type;
  if (const error_code error = json.type().get(type)) return error;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (const error_code error = json.get_object().get(object)) return error;
    return ReadMembers(object, depth + 1, out);
  }
  if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (const error_code error = json.get_array().get(array)) return error;
    return ReadItems(array, depth + 1, out);
  }
  return ReadScalar(json, type, out);
}

// Nothing may follow the one document.
error_code Ended(ondemand::document& document) {
  const bool ended = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return ended ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

std::string TextAt(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* at = &value;
  for (const std::string_view name : path) {
    at = at->Find(name);
    if (at == nullptr) return "";
  }
  return at->text;
}

int NumberAt(const Value& value, std::initializer_list<std::string_view> path) {
  const std::string text = TextAt(value, path);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

ApiStatus StatusOf(const Value& value) {
  return {.code = NumberAt(value, {"code"}),
          .reason = TextAt(value, {"reason"}),
          .message = TextAt(value, {"message"}),
          .retry_after_seconds = NumberAt(value, {"details", "retryAfterSeconds"})};
}

std::optional<WatchEventType> EventTypeOf(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, WatchEventType>, 5> kNames = {
      {{"ADDED", WatchEventType::kAdded},
       {"MODIFIED", WatchEventType::kModified},
       {"DELETED", WatchEventType::kDeleted},
       {"BOOKMARK", WatchEventType::kBookmark},
       {"ERROR", WatchEventType::kError}}};
  for (const auto& [known, type] : kNames) {
    if (name == known) return type;
  }
  return std::nullopt;
}

}  // namespace

class ApiJsonReader::Parser {
 public:
  // Calls visit(key, value) for each member of the document's top, which must be a map.
  template <typename Visit>
  error_code ForEachMember(std::string& text, Visit visit) {
    text.reserve(text.size() + kPaddingBytes);
    ondemand::document document;
    if (const error_code error =
            parser_.iterate(text.data(), text.size(), text.capacity()).get(document)) {
      return error;
    }
    ondemand::object top;
    if (const error_code error = document.get_object().get(top)) return error;
    for (auto result : top) {
      ondemand::field field;
      if (const error_code error = std::move(result).get(field)) return error;
      std::string_view key;
      if (const error_code error = field.unescaped_key().get(key)) return error;
      if (const error_code error = visit(key, field.value())) return error;
    }
    return Ended(document);
  }

  std::string line;  // of the event being read

 private:
  ondemand::parser parser_;
};

ApiJsonReader::ApiJsonReader() : parser_(std::make_unique<Parser>()) {}
ApiJsonReader::~ApiJsonReader() = default;

absl::StatusOr<ListPage> ApiJsonReader::ReadList(std::string text, Kind kind) {
  const std::string list_kind = fmt::format("{}List", ToString(kind));
  ListPage page;
  Value found_kind;
  Value metadata;
  // Of its own, as what a long list needs is not needed again soon.
  Parser parser;
  const error_code error =
      parser.ForEachMember(text, [&](std::string_view key, ondemand::value json) -> error_code {
        if (key == "kind") return ReadValue(json, 0, found_kind);
        if (key == "metadata") return ReadValue(json, 0, metadata);
        if (key != "items" || json.is_null()) return simdjson::SUCCESS;
        ondemand::array items;
        if (const error_code not_array = json.get_array().get(items)) return not_array;
        for (auto result : items) {
          ondemand::value item;
          if (const error_code bad = std::move(result).get(item)) return bad;
          Value object;
          if (const error_code bad = ReadValue(item, 0, object)) return bad;
          DecodeObject(object, kind, kOrigin, page.decoded);
        }
        return simdjson::SUCCESS;
      });
  if (error) return NotFromAnApiServer("JSON", simdjson::error_message(error));
  if (found_kind.text != list_kind) {
    return NotFromAnApiServer("a " + list_kind, fmt::format("kind is '{}'", found_kind.text));
  }
  page.resource_version = TextAt(metadata, {"resourceVersion"});
  page.continue_token = TextAt(metadata, {"continue"});
  if (page.resource_version.empty()) {
    return NotFromAnApiServer("a " + list_kind, "metadata.resourceVersion is missing");
  }
  return page;
}

absl::StatusOr<WatchEvent> ApiJsonReader::ReadEvent(std::string_view text, Kind kind) {
  Value type;
  Value object;
  parser_->line.assign(text);
  const error_code error = parser_->ForEachMember(
      parser_->line, [&](std::string_view key, ondemand::value json) -> error_code {
        if (key == "type") return ReadValue(json, 0, type);
        if (key == "object") return ReadValue(json, 0, object);
        return simdjson::SUCCESS;
      });
  if (error) return NotFromAnApiServer("JSON", simdjson::error_message(error));
  const std::optional<WatchEventType> event_type = EventTypeOf(type.text);
  if (!event_type || object.type != ValueType::kMap) {
    return NotFromAnApiServer("a watch event", fmt::format("type is '{}'", type.text));
  }
  WatchEvent event;
  event.type = *event_type;
  if (event.type == WatchEventType::kError) {
    event.status = StatusOf(object);
    return event;
  }
  event.resource_version = TextAt(object, {"metadata", "resourceVersion"});
  if (event.type == WatchEventType::kBookmark) {
    event.initial_events_end =
        TextAt(object, {"metadata", "annotations", kInitialEventsEnd}) == "true";
  } else {
    DecodeObject(object, kind, kOrigin, event.decoded);
  }
  return event;
}

absl::StatusOr<Value> ReadJson(std::string_view text) {
  simdjson::padded_string padded(text);
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object top;
  error_code error = parser.iterate(padded).get(document);
  if (!error) error = document.get_object().get(top);
  Value value;
  if (!error) error = ReadMembers(top, 0, value);
  if (!error) error = Ended(document);
  if (error) return NotFromAnApiServer("JSON", simdjson::error_message(error));
  return value;
}

ApiStatus ReadStatus(std::string_view text) {
  const absl::StatusOr<Value> value = ReadJson(text);
  if (!value.ok() || TextAt(*value, {"kind"}) != "Status") return {};
  return StatusOf(*value);
}

}  // namespace pointsman::kube
