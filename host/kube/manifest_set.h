// What a folder's manifests say, over time: the pure half of host/kube/manifests.h. Each Update
// takes the texts of all files as they are now and gives the objects to work with:
//
// - an object whose document is refused keeps its last good state, and so do all objects last seen
//   in a file that cannot be read, is not YAML, or holds a document that could be any of them;
// - an object that no file mentions any more is gone;
// - of an object that comes twice, the first in the order of the files' names stays;
// - of two Services on one cluster IP or node port, one is refused (host/kube/validate.h).
//
// Findings are reported by every Update for as long as they hold. Not thread-safe.
#ifndef POINTSMAN_HOST_KUBE_MANIFEST_SET_H_
#define POINTSMAN_HOST_KUBE_MANIFEST_SET_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/kube/decode.h"
#include "host/kube/object_set.h"
#include "host/kube/problem.h"

namespace pointsman::kube {

struct ManifestFile {
  std::string name;  // as messages show it
  absl::StatusOr<std::string> text;
};

struct ManifestView {
  ObjectSet objects;                    // with the slices of host/kube/derive_slices.h
  std::map<ObjectKey, Origin> origins;  // of every object that was read
  std::vector<Problem> problems;
  std::vector<Note> notes;
};

class ManifestSet {
 public:
  // REQUIRES: the names of `files` are distinct.
  const ManifestView& Update(std::vector<ManifestFile> files);

  // Nothing can be read at all: the objects stay as they are, and this is the one problem.
  const ManifestView& Keep(Problem problem);

  const ManifestView& view() const { return view_; }

 private:
  struct ReadFile {
    absl::StatusOr<std::string> text;
    Decoded decoded;
  };
  using Located = std::map<ObjectKey, DecodedObject>;

  static Decoded Decode(const ManifestFile& file);
  void ReadFiles(std::vector<ManifestFile> files);
  void AddFile(const std::string& name, const Decoded& decoded, Located& current);
  void KeepRefused(const std::string& name, const Decoded& decoded, Located& current);
  void Add(const DecodedObject& object, Located& current);

  std::map<std::string, ReadFile> files_;  // by name
  Located last_good_;
  ManifestView view_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_MANIFEST_SET_H_
