#include "host/kube/value.h"

namespace pointsman::kube {

std::string_view Describe(ValueType type) {
  switch (type) {
    case ValueType::kNull:
      return "nothing";
    case ValueType::kBool:
      return "true or false";
    case ValueType::kNumber:
      return "a number";
    case ValueType::kString:
      return "text";
    case ValueType::kList:
      return "a list";
    case ValueType::kMap:
      break;
  }
  return "a map";
}

const Value* Value::Find(std::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

}  // namespace pointsman::kube
