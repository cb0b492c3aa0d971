// Decodes documents into objects, validating as an API server would what the manager uses. Pure:
// text or a Value in, objects and findings out; nothing is thrown, any input is allowed.
//
// Defaults of the API are filled in; unknown fields are ignored; kinds that are not used, and
// EndpointSlices of names (FQDN), are left out with a Note; `List` kinds are taken apart.
#ifndef POINTSMAN_HOST_KUBE_DECODE_H_
#define POINTSMAN_HOST_KUBE_DECODE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/kube/objects.h"
#include "host/kube/problem.h"
#include "host/kube/value.h"

namespace pointsman::kube {

struct DecodedObject {
  Object object;
  Origin origin;
};

// A document that was refused; `problems` says why.
struct RefusedObject {
  std::optional<ObjectKey> key;  // none: it could not be told which object it is
  Origin origin;
};

struct Decoded {
  std::vector<DecodedObject> objects;  // in the order of the text; one key may come twice
  std::vector<RefusedObject> refused;
  std::vector<Problem> problems;
  std::vector<Note> notes;
};

// Adds the one object of `kind` that `document` is. Items of lists do not say their kind
// themselves.
void DecodeObject(const Value& document, Kind kind, const std::string& file, Decoded& decoded);

// Adds what `document` (one object, or a List of them) holds. `file` is for the messages.
void DecodeDocument(const Value& document, const std::string& file, Decoded& decoded);

// A whole manifest: YAML, of one or several documents, or JSON. Text that is not YAML gives one
// problem, one RefusedObject without a key, and no objects at all.
Decoded DecodeManifest(std::string_view text, const std::string& file);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_DECODE_H_
