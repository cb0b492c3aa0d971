#include "tests/support/api_store.h"

#include <algorithm>
#include <sstream>
#include <utility>

namespace pointsman::test {
namespace {

std::string KeyOf(const nlohmann::json& metadata) {
  return metadata.value("namespace", "") + "/" + metadata.at("name").get<std::string>();
}

StoredObject Stored(nlohmann::json object, uint64_t version) {
  object["metadata"]["resourceVersion"] = std::to_string(version);
  return {object.dump(), object["metadata"].value("labels", Labels())};
}

}  // namespace

bool Selects(const std::string& selector, const Labels& labels) {
  std::istringstream terms(selector);
  for (std::string term; std::getline(terms, term, ',');) {
    const size_t equals = term.find('=');
    if (term.starts_with('!')) {
      if (labels.contains(term.substr(1))) return false;
    } else {
      const auto label = labels.find(term.substr(0, equals));
      if (label == labels.end() || label->second != term.substr(equals + 1)) return false;
    }
  }
  return true;
}

void ApiStore::Put(const std::string& collection, nlohmann::json object) {
  const std::lock_guard lock(mutex_);
  auto& objects = collections_[collection];
  const std::string key = KeyOf(object.at("metadata"));
  StoredObject stored = Stored(std::move(object), ++version_);
  Write write{version_, collection, std::nullopt, stored, ""};
  if (const auto before = objects.find(key); before != objects.end()) write.before = before->second;
  objects[key] = std::move(stored);
  writes_.push_back(std::move(write));
}

void ApiStore::Delete(const std::string& collection, const std::string& ns,
                      const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& objects = collections_[collection];
  const auto found = objects.find(ns + "/" + name);
  if (found == objects.end()) return;
  const StoredObject last = Stored(nlohmann::json::parse(found->second.json), ++version_);
  writes_.push_back({version_, collection, found->second, std::nullopt, last.json});
  objects.erase(found);
}

uint64_t ApiStore::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void ApiStore::Compact() {
  const std::lock_guard lock(mutex_);
  compacted_ = version_;
  writes_.clear();
}

StoredList ApiStore::List(const std::string& collection, const std::string& selector, size_t limit,
                          const std::string& from) const {
  const std::lock_guard lock(mutex_);
  StoredList list;
  list.version = version_;
  const auto objects = collections_.find(collection);
  if (objects == collections_.end()) return list;
  for (auto it = objects->second.lower_bound(from); it != objects->second.end(); ++it) {
    if (!Selects(selector, it->second.labels)) continue;
    if (limit != 0 && list.items.size() == limit) {
      list.next = it->first;
      break;
    }
    list.items.push_back(it->second.json);
  }
  return list;
}

std::optional<StoredEvents> ApiStore::EventsAfter(const std::string& collection,
                                                  const std::string& selector,
                                                  uint64_t version) const {
  const std::lock_guard lock(mutex_);
  if (version < compacted_) return std::nullopt;
  StoredEvents out;
  out.version = version_;
  const auto first = std::ranges::upper_bound(writes_, version, {}, &Write::version);
  for (auto write = first; write != writes_.end(); ++write) {
    if (write->collection != collection) continue;
    const bool was = write->before && Selects(selector, write->before->labels);
    const bool is = write->after && Selects(selector, write->after->labels);
    if (is) out.events.push_back({was ? "MODIFIED" : "ADDED", write->after->json});
    // One that leaves the selection goes, with the version of that write.
    if (was && !is) {
      out.events.push_back({"DELETED", write->after ? write->after->json : write->deleted_json});
    }
  }
  return out;
}

}  // namespace pointsman::test
