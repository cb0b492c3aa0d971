#include "host/kube/decode.h"

#include <fmt/format.h>

#include <utility>

#include "host/kube/decode_kinds.h"
#include "host/kube/yaml_text.h"

namespace pointsman::kube {
namespace {

constexpr std::string_view kListSuffix = "List";

struct KindEntry {
  std::string_view api_version;
  Kind kind;
  Object (*decode)(const Field& root);
};

template <auto kDecode>
Object AsObject(const Field& root) {
  return kDecode(root);
}

constexpr std::array<KindEntry, 7> kKinds = {
    {{"v1", Kind::kService, AsObject<DecodeService>},
     {"discovery.k8s.io/v1", Kind::kEndpointSlice, AsObject<DecodeEndpointSlice>},
     {"v1", Kind::kEndpoints, AsObject<DecodeEndpoints>},
     {"v1", Kind::kNode, AsObject<DecodeNode>},
     {"v1", Kind::kPod, AsObject<DecodePod>},
     {"networking.k8s.io/v1", Kind::kServiceCidr, AsObject<DecodeServiceCidr>},
     {"networking.k8s.io/v1beta1", Kind::kServiceCidr, AsObject<DecodeServiceCidr>}}};

// What a document says it is. An item of a typed list (ServiceList) goes by the list.
struct TypeMeta {
  std::string api_version;
  std::string kind;
};

ObjectMeta& MutableMetadata(Object& object) {
  return std::visit([](auto& value) -> ObjectMeta& { return value.metadata; }, object);
}

class DocumentDecoder {
 public:
  DocumentDecoder(const std::string& file, Decoded& decoded) : file_(file), decoded_(decoded) {}

  void Decode(const Value& document, const TypeMeta& of_list) {
    if (document.type == ValueType::kNull || !IsMap(document)) return;
    Report report;
    const Field root(document, report);
    TypeMeta type{root["apiVersion"].Text(), root["kind"].Text()};
    if (type.api_version.empty()) type.api_version = of_list.api_version;
    if (type.kind.empty()) type.kind = of_list.kind;
    if (type.kind.empty()) root["kind"].Fail("missing; not a Kubernetes object");
    if (type.api_version.empty()) root["apiVersion"].Fail("missing; not a Kubernetes object");
    if (!report.empty()) {
      AddProblems(report, type.kind);
      decoded_.refused.push_back({std::nullopt, {file_, document.line}});
      return;
    }
    DecodeTyped(document, type);
  }

  void DecodeOfKind(const Value& document, Kind kind) {
    if (!IsMap(document)) return;
    for (const KindEntry& entry : kKinds) {
      if (entry.kind != kind) continue;
      DecodeObject(document, entry);
      return;
    }
  }

 private:
  bool IsMap(const Value& document) {
    if (document.type == ValueType::kMap) return true;
    Refuse(document, fmt::format("not a Kubernetes object: a map with apiVersion and kind is "
                                 "expected, here is {}",
                                 Describe(document.type)));
    return false;
  }

  void DecodeTyped(const Value& document, const TypeMeta& type) {
    const Value* items = document.Find("items");
    if (type.kind.ends_with(kListSuffix) && items != nullptr) {
      DecodeList(*items, type);
      return;
    }
    for (const KindEntry& entry : kKinds) {
      if (type.kind != ToString(entry.kind)) continue;
      if (type.api_version == entry.api_version) {
        DecodeObject(document, entry);
        return;
      }
    }
    AddNote(document, type.kind,
            fmt::format("kind {} of {} is not used here; left out", type.kind, type.api_version));
  }

  void DecodeList(const Value& items, const TypeMeta& list) {
    const std::string kind = list.kind.substr(0, list.kind.size() - kListSuffix.size());
    const TypeMeta of_items = kind.empty() ? TypeMeta{} : TypeMeta{list.api_version, kind};
    if (items.type != ValueType::kList && items.type != ValueType::kNull) {
      Refuse(items, fmt::format("items: a list is expected, here is {}", Describe(items.type)));
    }
    for (const Value& item : items.items) Decode(item, of_items);
  }

  void DecodeObject(const Value& document, const KindEntry& entry) {
    Report report;
    const Field root(document, report);
    ObjectMeta metadata = DecodeMetadata(root["metadata"], entry.kind);
    const ObjectKey key{entry.kind, metadata.ns, metadata.name};
    const bool identified =
        !metadata.name.empty() && (!IsNamespaced(entry.kind) || !metadata.ns.empty());
    const std::string label = identified ? key.ToString() : std::string(ToString(entry.kind));

    if (entry.kind == Kind::kEndpointSlice && IsText(document.Find("addressType"), "FQDN")) {
      AddNote(document, label, "addressType FQDN has no addresses to forward to; left out");
      return;
    }
    Object object = entry.decode(root);
    if (report.empty()) {
      MutableMetadata(object) = std::move(metadata);
      decoded_.objects.push_back({std::move(object), {file_, document.line}});
      return;
    }
    AddProblems(report, label);
    decoded_.refused.push_back(
        {identified ? std::optional(key) : std::nullopt, {file_, document.line}});
  }

  static bool IsText(const Value* value, std::string_view text) {
    return value != nullptr && value->type == ValueType::kString && value->text == text;
  }

  void AddProblems(const Report& report, const std::string& label) {
    for (const FieldError& error : report) {
      decoded_.problems.push_back({{file_, error.line}, label, error.path, error.message});
    }
  }

  void Refuse(const Value& value, std::string message) {
    decoded_.problems.push_back({{file_, value.line}, "", "", std::move(message)});
    decoded_.refused.push_back({std::nullopt, {file_, value.line}});
  }

  void AddNote(const Value& document, const std::string& label, std::string message) {
    decoded_.notes.push_back({{file_, document.line}, label, std::move(message)});
  }

  const std::string& file_;
  Decoded& decoded_;
};

}  // namespace

void DecodeObject(const Value& document, Kind kind, const std::string& file, Decoded& decoded) {
  DocumentDecoder(file, decoded).DecodeOfKind(document, kind);
}

void DecodeDocument(const Value& document, const std::string& file, Decoded& decoded) {
  DocumentDecoder(file, decoded).Decode(document, {});
}

Decoded DecodeManifest(std::string_view text, const std::string& file) {
  Decoded decoded;
  const absl::Status status =
      ParseYaml(text, [&](const Value& document) { DecodeDocument(document, file, decoded); });
  if (status.ok()) return decoded;
  Decoded refused;
  refused.problems.push_back({{file, 0}, "", "", std::string(status.message())});
  refused.refused.push_back({std::nullopt, {file, 0}});
  return refused;
}

}  // namespace pointsman::kube
