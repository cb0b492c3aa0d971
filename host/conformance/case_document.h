// A file of conformance cases as a tree, and what all kinds of cases read from it the same way:
// objects, changes of objects, addresses, the head of a case (docs/conformance.md).
#ifndef POINTSMAN_HOST_CONFORMANCE_CASE_DOCUMENT_H_
#define POINTSMAN_HOST_CONFORMANCE_CASE_DOCUMENT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host/conformance/case_file.h"
#include "host/conformance/packet_runner.h"
#include "host/kube/field.h"
#include "host/kube/object_set.h"
#include "host/kube/objects.h"
#include "host/kube/value.h"

namespace pointsman::conformance {

// "10.0.0.1:80", "[fd00::1]:80"
std::optional<SocketAddress> DecodeSocketAddress(const kube::Field& field);
// {kind, namespace, name}
kube::ObjectKey DecodeObjectKey(const kube::Field& field);
// IPv4 where the field is absent.
kube::IpFamily DecodeFamily(const kube::Field& field);

std::string NameOf(const kube::ObjectKey& service);  // "shop/cart"

// What happens to the objects in a step.
struct ObjectChange {
  std::vector<kube::ObjectKey> deletions;
  std::vector<kube::Object> apply;  // an object of the same key is replaced
  bool apply_first = false;         // else deletions come first
};

void Play(const ObjectChange& change, kube::ObjectSet& objects);

// A case, or one step of a case, as its results name it.
struct CaseHead {
  std::string name;  // "case", "case / step"
  int line = 0;
  std::vector<std::string> gates_off;  // feature gates that must be off for it to hold
};

// A step of a case. A case without steps is one step.
struct CaseStep {
  CaseHead head;
  ObjectChange change;
};

class CaseDocument {
 public:
  // Errors: InvalidArgument naming file, line and field: text that is not YAML, that is not one
  // document, or has no `format` of this kind of file.
  static absl::StatusOr<std::unique_ptr<CaseDocument>> Read(std::string_view text,
                                                            const std::string& file);

  const std::string& file() const { return file_; }
  const std::string& kind() const { return kind_; }  // "topology"
  const kube::Field& root() const { return *root_; }

  CaseHead Head(const kube::Field& case_field) const;
  // visit(step, field) for each of a case's `steps`; of a case without, for itself with its
  // `objects`. `field` holds what is expected, and is gone afterwards.
  void ForEachStep(const kube::Field& case_field,
                   const std::function<void(CaseStep, const kube::Field&)>& visit) const;
  // What an API server would refuse is passed over, as a proxy never sees it.
  std::vector<kube::Object> Objects(const kube::Field& list) const;

  // Errors: InvalidArgument naming file, line and field that was read and is wrong.
  absl::Status status() const;

  CaseResult ResultOf(const CaseHead& head) const;

 private:
  explicit CaseDocument(const std::string& file) : file_(file) {}
  absl::Status Parse(std::string_view text);

  const std::string file_;
  std::string kind_;
  std::unique_ptr<const kube::Value> value_;
  mutable kube::Report report_;
  std::optional<kube::Field> root_;  // borrows *value_ and report_
};

// Decodes all `cases`, and only when nothing is wrong with any runs each: decode(document, field)
// makes a case of a field, run(document, case, results) adds its results.
template <typename Decode, typename Run>
absl::StatusOr<std::vector<CaseResult>> RunEachCase(const CaseDocument& document, Decode decode,
                                                    Run run) {
  const kube::Field list = document.root()["cases"];
  if (list.size() == 0) list.Fail("missing: a list of cases");
  const auto cases = list.List([&](const kube::Field& field) { return decode(document, field); });
  if (absl::Status status = document.status(); !status.ok()) return status;
  std::vector<CaseResult> results;
  for (const auto& one : cases) run(document, one, results);
  return results;
}

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_CASE_DOCUMENT_H_
