#include "host/kube/manifest_set.h"

#include <fmt/format.h>

#include <utility>

#include "host/kube/derive_slices.h"
#include "host/kube/validate.h"

namespace pointsman::kube {

const ManifestView& ManifestSet::Update(std::vector<ManifestFile> files) {
  ReadFiles(std::move(files));
  const ObjectSet before = std::move(view_.objects);
  view_ = {};
  Located current;
  for (const auto& [name, file] : files_) AddFile(name, file.decoded, current);
  last_good_ = std::move(current);
  for (const auto& [key, object] : last_good_) {
    view_.objects.Apply(object.object);
    view_.origins[key] = object.origin;
  }
  for (Problem& problem : RefuseConflicts(before, view_.origins, view_.objects)) {
    view_.problems.push_back(std::move(problem));
  }
  for (EndpointSlice& slice : DeriveSlices(view_.objects)) view_.objects.Apply(std::move(slice));
  return view_;
}

const ManifestView& ManifestSet::Keep(Problem problem) {
  view_.problems = {std::move(problem)};
  return view_;
}

Decoded ManifestSet::Decode(const ManifestFile& file) {
  if (file.text.ok()) return DecodeManifest(*file.text, file.name);
  Decoded unreadable;
  unreadable.problems.push_back(
      {{file.name, 0}, "", "", std::string(file.text.status().message())});
  unreadable.refused.push_back({std::nullopt, {file.name, 0}});
  return unreadable;
}

// A file whose text has not changed is not decoded again.
void ManifestSet::ReadFiles(std::vector<ManifestFile> files) {
  std::map<std::string, ReadFile> read;
  for (ManifestFile& file : files) {
    auto known = files_.extract(file.name);
    if (!known.empty() && known.mapped().text == file.text) {
      read.insert(std::move(known));
      continue;
    }
    Decoded decoded = Decode(file);
    read[file.name] = {std::move(file.text), std::move(decoded)};
  }
  files_ = std::move(read);
}

void ManifestSet::AddFile(const std::string& name, const Decoded& decoded, Located& current) {
  view_.problems.insert(view_.problems.end(), decoded.problems.begin(), decoded.problems.end());
  view_.notes.insert(view_.notes.end(), decoded.notes.begin(), decoded.notes.end());
  for (const DecodedObject& object : decoded.objects) Add(object, current);
  KeepRefused(name, decoded, current);
}

void ManifestSet::KeepRefused(const std::string& name, const Decoded& decoded, Located& current) {
  const auto keep = [&](const Located::value_type& last, const Origin& refused_at) {
    if (!current.insert(last).second) return;
    view_.notes.push_back({refused_at, last.first.ToString(), "keeps its last good state"});
  };
  for (const RefusedObject& refused : decoded.refused) {
    if (refused.key) {
      const auto last = last_good_.find(*refused.key);
      if (last != last_good_.end()) keep(*last, refused.origin);
      continue;
    }
    for (const auto& last : last_good_) {
      if (last.second.origin.file == name) keep(last, refused.origin);
    }
  }
}

void ManifestSet::Add(const DecodedObject& object, Located& current) {
  const ObjectKey key = KeyOf(object.object);
  const auto [first, added] = current.emplace(key, object);
  if (added) return;
  view_.problems.push_back(
      {object.origin, key.ToString(), "metadata.name",
       fmt::format("the same object is in {} already, which counts; remove one of the two",
                   first->second.origin.ToString())});
}

}  // namespace pointsman::kube
