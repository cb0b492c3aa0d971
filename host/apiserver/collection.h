// The objects of one kind as a server's lists and events tell them: what a list means for what was
// known before, and which events are news. Pure; not thread-safe.
#ifndef POINTSMAN_HOST_APISERVER_COLLECTION_H_
#define POINTSMAN_HOST_APISERVER_COLLECTION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/apiserver/api_json.h"
#include "host/kube/object_set.h"

namespace pointsman::kube {

// A number that grows with every write of the cluster (KEP-5504); 0: the text is no number, and
// nothing is newer or older than it.
uint64_t VersionNumber(const std::string& resource_version);

// `any`: something has changed, if only a problem.
struct ApiChanges {
  bool any = false;
  std::set<ObjectKey> objects;  // that came, went or are otherwise now

  void Append(ApiChanges later);
};

class Collection {
 public:
  // Borrows `objects`, and is the only one that changes its objects of the kind.
  Collection(Kind kind, ObjectSet& objects) : kind_(kind), objects_(objects) {}

  // Gathers a list, which may come in pages, or as events with more changes between. Nothing of it
  // is known until EndList.
  void AddToList(Decoded decoded);
  void RemoveFromList(const Decoded& decoded);
  void DropList();

  // What was gathered is what there is: objects that are not in it are gone, whatever became of the
  // events that said so. An object that was refused keeps its last good state.
  void EndList();

  // kAdded, kModified or kDeleted. An event older than the state that is known of its object, as
  // may come again or late, changes nothing.
  void Apply(WatchEvent event);

  // The server says that everything up to now was sent: older events do not come any more.
  void ForgetDeleted();

  // What became of objects and problems since the last call.
  ApiChanges TakeChanges();
  std::vector<Problem> problems() const;  // of objects that were refused

 private:
  struct Known {
    uint64_t version = 0;
    bool deleted = false;  // kept so that a late event does not bring it back
  };

  void ApplyObject(WatchEventType type, Object object);
  void Refuse(WatchEventType type, const ObjectKey& key, uint64_t version,
              std::vector<Problem> problems);
  bool IsOld(const ObjectKey& key, uint64_t version, bool deletion) const;
  void Delete(const ObjectKey& key, uint64_t version);
  void Store(Object object);
  void Remove(const ObjectKey& key);

  const Kind kind_;
  ObjectSet& objects_;
  std::map<ObjectKey, Known> known_;
  std::map<ObjectKey, std::vector<Problem>> problems_;
  std::map<ObjectKey, std::optional<Object>> listed_;  // none: it was refused
  std::map<ObjectKey, std::vector<Problem>> listed_problems_;
  ApiChanges changes_;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_APISERVER_COLLECTION_H_
