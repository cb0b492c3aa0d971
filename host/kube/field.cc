#include "host/kube/field.h"

#include <fmt/format.h>

#include <charconv>

namespace pointsman::kube {
namespace {

constexpr size_t kMaxMessageBytes = 300;  // messages quote their input

// The API allows it around CIDR blocks.
std::string_view WithoutSpaceAround(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

}  // namespace

Field Field::operator[](std::string_view name) const {
  const Value* member = Is(ValueType::kMap) ? value_->Find(name) : nullptr;
  if (member != nullptr && member->type == ValueType::kNull) member = nullptr;
  return Field(member, this, name, -1);
}

void Field::Fail(std::string message) const {
  if (message.size() > kMaxMessageBytes) message.resize(kMaxMessageBytes);
  report_->push_back({Path(), std::move(message), NearestLine()});
}

void Field::FailEnum(const std::string& text, const std::string& known) const {
  Fail(fmt::format("'{}' is none of {}", text, known));
}

bool Field::Is(ValueType type) const {
  if (value_ == nullptr) return false;
  if (value_->type == type) return true;
  const bool scalar_for_text = type == ValueType::kString && (value_->type == ValueType::kNumber ||
                                                              value_->type == ValueType::kBool);
  if (scalar_for_text) {
    Fail(fmt::format("{} is {} where text is expected; put it in quotes", value_->text,
                     Describe(value_->type)));
  } else {
    Fail(fmt::format("{} is expected, here is {}", Describe(type), Describe(value_->type)));
  }
  return false;
}

std::string Field::Path() const {
  if (parent_ == nullptr) return "";
  std::string path = parent_->Path();
  if (index_ >= 0) return path + fmt::format("[{}]", index_);
  if (!path.empty()) path += '.';
  return path.append(name_);
}

int Field::NearestLine() const {
  if (line() != 0 || parent_ == nullptr) return line();
  return parent_->NearestLine();
}

std::string Field::Text() const { return Is(ValueType::kString) ? value_->text : ""; }

bool Field::Bool(bool absent) const {
  return Is(ValueType::kBool) ? value_->text == "true" : absent;
}

std::optional<int64_t> Field::Integer(int64_t min, int64_t max, std::string_view what) const {
  if (value_ == nullptr) return std::nullopt;
  const std::string& text = value_->text;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  const bool whole = error == std::errc() && end == text.data() + text.size() && !leading_zero;
  if (value_->type == ValueType::kString && whole) {
    Fail(fmt::format("'{}' is text where a number is expected; leave out the quotes", text));
  } else if (value_->type != ValueType::kNumber || !whole || number < min || number > max) {
    const std::string_view found = text.empty() ? Describe(value_->type) : std::string_view(text);
    Fail(fmt::format("{} is not {} ({}..{})", found, what, min, max));
  } else {
    return number;
  }
  return std::nullopt;
}

std::optional<uint16_t> Field::Port() const {
  const std::optional<int64_t> port = Integer(1, 65535, "a port number");
  if (!port) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

std::optional<IpAddress> Field::Ip() const {
  if (!Is(ValueType::kString)) return std::nullopt;
  absl::StatusOr<IpAddress> address = IpAddress::ParseStored(value_->text);
  if (address.ok()) return *address;
  Fail(std::string(address.status().message()));
  return std::nullopt;
}

std::optional<IpPrefix> Field::Prefix() const {
  if (!Is(ValueType::kString)) return std::nullopt;
  absl::StatusOr<IpPrefix> prefix = IpPrefix::ParseStored(WithoutSpaceAround(value_->text));
  if (prefix.ok()) return *prefix;
  Fail(std::string(prefix.status().message()));
  return std::nullopt;
}

std::optional<absl::Time> Field::Time() const {
  if (!Is(ValueType::kString)) return std::nullopt;
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, value_->text, &time, &error)) return time;
  Fail(fmt::format("'{}' is not a time like 2026-01-31T12:00:00Z", value_->text));
  return std::nullopt;
}

StringMap Field::Map() const {
  StringMap out;
  if (!Is(ValueType::kMap)) return out;
  for (const auto& [name, value] : value_->members) {
    if (value.type != ValueType::kNull) out[name] = Field(&value, this, name, -1).Text();
  }
  return out;
}

std::vector<std::string> Field::Texts() const {
  return List([](const Field& item) { return item.Text(); });
}

}  // namespace pointsman::kube
