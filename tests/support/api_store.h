// What etcd and the watch cache are to an API server, for tests: objects by collection, a version
// that grows with each write, and the events since a version that has not been compacted.
// Thread-safe.
#ifndef POINTSMAN_TESTS_SUPPORT_API_STORE_H_
#define POINTSMAN_TESTS_SUPPORT_API_STORE_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pointsman::test {

using Labels = std::map<std::string, std::string>;

// "a=b,!c", as far as tests need it. An empty one selects everything.
bool Selects(const std::string& selector, const Labels& labels);

struct StoredObject {
  std::string json;
  Labels labels;
};

// As a client with a selector sees it.
struct StoredEvent {
  std::string type;  // ADDED, MODIFIED, DELETED
  std::string json;
};

struct StoredEvents {
  std::vector<StoredEvent> events;
  uint64_t version = 0;  // of the newest write they include, of any collection
};

struct StoredList {
  std::vector<std::string> items;
  uint64_t version = 0;
  std::string next;  // key of the first object that found no place; empty: there is none
};

class ApiStore {
 public:
  // Creates or replaces it: `object` has metadata.name and, but for Nodes, metadata.namespace.
  // Collections are named by their paths, "/api/v1/services".
  void Put(const std::string& collection, nlohmann::json object);
  void Delete(const std::string& collection, const std::string& ns, const std::string& name);

  uint64_t version() const;
  // Events up to now cannot be asked for any more.
  void Compact();

  // Up to `limit` objects (0: all) from key `from` on.
  StoredList List(const std::string& collection, const std::string& selector, size_t limit,
                  const std::string& from) const;
  // nullopt: they are compacted.
  std::optional<StoredEvents> EventsAfter(const std::string& collection,
                                          const std::string& selector, uint64_t version) const;

 private:
  struct Write {
    uint64_t version;
    std::string collection;
    std::optional<StoredObject> before;
    std::optional<StoredObject> after;
    std::string deleted_json;  // the last state, with the version of the deletion
  };

  mutable std::mutex mutex_;
  uint64_t version_ = 100;
  uint64_t compacted_ = 0;
  std::map<std::string, std::map<std::string, StoredObject>> collections_;
  std::vector<Write> writes_;
};

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_SUPPORT_API_STORE_H_
