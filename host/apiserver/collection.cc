#include "host/apiserver/collection.h"

#include <charconv>
#include <utility>

namespace pointsman::kube {
namespace {

// Problems name their object as text.
std::map<std::string, std::vector<Problem>> ByObject(std::vector<Problem> problems) {
  std::map<std::string, std::vector<Problem>> by_object;
  for (Problem& problem : problems) by_object[problem.object].push_back(std::move(problem));
  return by_object;
}

}  // namespace

uint64_t VersionNumber(const std::string& resource_version) {
  uint64_t number = 0;
  const char* end = resource_version.data() + resource_version.size();
  const auto [stop, error] = std::from_chars(resource_version.data(), end, number);
  return error == std::errc() && stop == end ? number : 0;
}

void Collection::AddToList(Decoded decoded) {
  for (DecodedObject& decoded_object : decoded.objects) {
    const ObjectKey key = KeyOf(decoded_object.object);
    listed_problems_.erase(key);
    listed_.insert_or_assign(key, std::move(decoded_object.object));
  }
  auto problems = ByObject(std::move(decoded.problems));
  for (const RefusedObject& refused : decoded.refused) {
    const ObjectKey key = refused.key.value_or(ObjectKey{kind_, "", ""});
    listed_[key] = std::nullopt;
    listed_problems_[key] =
        std::move(problems[refused.key ? key.ToString() : std::string(ToString(kind_))]);
  }
}

void Collection::RemoveFromList(const Decoded& decoded) {
  for (const DecodedObject& object : decoded.objects) listed_.erase(KeyOf(object.object));
  for (const RefusedObject& refused : decoded.refused) {
    if (!refused.key) continue;
    listed_.erase(*refused.key);
    listed_problems_.erase(*refused.key);
  }
}

void Collection::DropList() {
  listed_.clear();
  listed_problems_.clear();
}

void Collection::EndList() {
  for (const auto& [key, known] : known_) {
    if (!known.deleted && !listed_.contains(key)) Remove(key);
  }
  std::map<ObjectKey, Known> known;
  for (auto& [key, object] : listed_) {
    known[key].version = object ? VersionNumber(Metadata(*object).resource_version) : 0;
    if (object) Store(*std::move(object));
  }
  known_ = std::move(known);
  changes_.any |= problems_ != listed_problems_;
  problems_ = std::move(listed_problems_);
  DropList();
}

void Collection::Apply(WatchEvent event) {
  for (DecodedObject& decoded : event.decoded.objects) {
    ApplyObject(event.type, std::move(decoded.object));
  }
  for (const RefusedObject& refused : event.decoded.refused) {
    Refuse(event.type, refused.key.value_or(ObjectKey{kind_, "", ""}),
           VersionNumber(event.resource_version), std::move(event.decoded.problems));
  }
}

void Collection::ApplyObject(WatchEventType type, Object object) {
  const ObjectKey key = KeyOf(object);
  const uint64_t version = VersionNumber(Metadata(object).resource_version);
  const bool deletion = type == WatchEventType::kDeleted;
  if (IsOld(key, version, deletion)) return;
  if (deletion) return Delete(key, version);
  known_[key] = {version};
  changes_.any |= problems_.erase(key) != 0;
  Store(std::move(object));
}

void Collection::Refuse(WatchEventType type, const ObjectKey& key, uint64_t version,
                        std::vector<Problem> problems) {
  const bool deletion = type == WatchEventType::kDeleted;
  if (IsOld(key, version, deletion)) return;
  if (deletion) return Delete(key, version);
  known_[key] = {version};
  problems_[key] = std::move(problems);
  changes_.any = true;
}

// Servers differ in whether a deletion has a version of its own or the object's last one.
bool Collection::IsOld(const ObjectKey& key, uint64_t version, bool deletion) const {
  const auto known = known_.find(key);
  if (known == known_.end() || version == 0 || known->second.version == 0) return false;
  if (deletion && !known->second.deleted) return version < known->second.version;
  return version <= known->second.version;
}

void Collection::Delete(const ObjectKey& key, uint64_t version) {
  known_[key] = {version, true};
  changes_.any |= problems_.erase(key) != 0;
  Remove(key);
}

void Collection::Store(Object object) {
  ObjectKey key = KeyOf(object);
  if (!objects_.Apply(std::move(object))) return;
  changes_.any = true;
  changes_.objects.insert(std::move(key));
}

void Collection::Remove(const ObjectKey& key) {
  if (!objects_.Delete(key)) return;
  changes_.any = true;
  changes_.objects.insert(key);
}

void Collection::ForgetDeleted() {
  std::erase_if(known_, [](const auto& entry) { return entry.second.deleted; });
}

ApiChanges Collection::TakeChanges() { return std::exchange(changes_, {}); }

void ApiChanges::Append(ApiChanges later) {
  any |= later.any;
  objects.merge(later.objects);
}

std::vector<Problem> Collection::problems() const {
  std::vector<Problem> all;
  for (const auto& [key, problems] : problems_)
    all.insert(all.end(), problems.begin(), problems.end());
  return all;
}

}  // namespace pointsman::kube
