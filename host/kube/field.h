// A place in a document together with the path that leads to it. Decoders read through it: each
// reader gives the value, or a default after noting what is wrong with the field, so that one pass
// finds everything that is wrong with an object.
//
// A Field borrows the Value, its parent Field and the Report: all must outlive it.
#ifndef POINTSMAN_HOST_KUBE_FIELD_H_
#define POINTSMAN_HOST_KUBE_FIELD_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "host/kube/ip_address.h"
#include "host/kube/objects.h"
#include "host/kube/value.h"

namespace pointsman::kube {

struct FieldError {
  std::string path;  // "spec.ports[1].port"
  std::string message;
  int line = 0;  // from 1; 0: not known
};

using Report = std::vector<FieldError>;

template <typename E>
using EnumNames = std::span<const std::pair<std::string_view, E>>;

class Field {
 public:
  // The root of an object.
  Field(const Value& value, Report& report) : value_(&value), report_(&report) {}

  // A member of this map; absent (and null) where there is none. A value that is no map is
  // reported.
  Field operator[](std::string_view name) const;

  bool present() const { return value_ != nullptr; }
  const Value* value() const { return value_; }  // nullptr: absent
  bool IsText() const { return present() && value_->type == ValueType::kString; }
  size_t size() const { return present() ? value_->items.size() : 0; }  // of a list
  int line() const { return value_ == nullptr ? 0 : value_->line; }

  // Notes that something is wrong here.
  void Fail(std::string message) const;

  // Of an absent field, each of these is the default: empty, false, nothing.
  std::string Text() const;
  bool Bool(bool absent) const;
  std::optional<int64_t> Integer(int64_t min, int64_t max, std::string_view what) const;
  std::optional<uint16_t> Port() const;  // 1..65535
  std::optional<IpAddress> Ip() const;
  std::optional<IpPrefix> Prefix() const;
  std::optional<absl::Time> Time() const;  // RFC 3339
  StringMap Map() const;
  std::vector<std::string> Texts() const;

  template <typename E>
  E Enum(EnumNames<E> names, E absent) const {
    const std::string text = Text();
    std::string known;
    for (const auto& [name, value] : names) {
      if (text == name) return value;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
    if (!text.empty()) FailEnum(text, known);
    return absent;
  }

  // visit(item) for each item of this list, in order.
  template <typename Visit>
  void ForEach(Visit visit) const {
    if (!Is(ValueType::kList)) return;
    int index = 0;
    for (const Value& item : value_->items) visit(Field(&item, this, "", index++));
  }

  // decode(item) for each item of this list.
  template <typename Decode>
  auto List(Decode decode) const {
    std::vector<decltype(decode(*this))> out;
    ForEach([&](const Field& item) { out.push_back(decode(item)); });
    return out;
  }

  // As List, for a decode that gives an optional; those without a value are left out.
  template <typename Decode>
  auto ListOf(Decode decode) const {
    std::vector<typename decltype(decode(*this))::value_type> out;
    ForEach([&](const Field& item) {
      if (auto value = decode(item)) out.push_back(*std::move(value));
    });
    return out;
  }

 private:
  Field(const Value* value, const Field* parent, std::string_view name, int index)
      : value_(value), parent_(parent), name_(name), index_(index), report_(parent->report_) {}

  // Whether there is a value of this type; one of another type is reported.
  bool Is(ValueType type) const;
  void FailEnum(const std::string& text, const std::string& known) const;
  std::string Path() const;
  int NearestLine() const;

  const Value* value_;  // nullptr: absent
  const Field* parent_ = nullptr;
  std::string_view name_;
  int index_ = -1;  // in a list; -1: a member of a map
  Report* report_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_FIELD_H_
