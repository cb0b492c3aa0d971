// A document as a tree, whatever text it was read from. This is the seam between readers (of YAML
// and of an API server's JSON) and the decoders of objects: a reader makes Values, a decoder
// (host/kube/decode.h) sees nothing else. Plain value.
#ifndef POINTSMAN_HOST_KUBE_VALUE_H_
#define POINTSMAN_HOST_KUBE_VALUE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pointsman::kube {

enum class ValueType : uint8_t { kNull, kBool, kNumber, kString, kList, kMap };

// "a list", "text", for messages.
std::string_view Describe(ValueType type);

struct Member;

struct Value {
  ValueType type = ValueType::kNull;
  int line = 0;                 // from 1; 0: not known
  std::string text;             // kBool ("true"/"false"), kNumber, kString
  std::vector<Value> items;     // kList
  std::vector<Member> members;  // kMap; of a key that stands twice, the first counts

  // The member, or nullptr where there is none or this is no map.
  const Value* Find(std::string_view key) const;
};

struct Member {
  std::string key;
  Value value;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_VALUE_H_
