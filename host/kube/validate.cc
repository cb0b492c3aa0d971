#include "host/kube/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace pointsman::kube {
namespace {

// What only one Service may have, as text for messages, and the field that claims it.
struct Claim {
  std::string resource;
  std::string field;

  bool operator==(const Claim& other) const { return resource == other.resource; }
};

std::vector<Claim> ClaimsOf(const Service& service) {
  std::vector<Claim> claims;
  if (service.type == ServiceType::kExternalName) return claims;
  for (size_t i = 0; i < service.cluster_ips.size(); ++i) {
    claims.push_back({fmt::format("cluster IP {}", service.cluster_ips[i].ToString()),
                      fmt::format("spec.clusterIPs[{}]", i)});
  }
  for (size_t i = 0; i < service.ports.size(); ++i) {
    const ServicePort& port = service.ports[i];
    if (port.node_port == 0) continue;
    claims.push_back({fmt::format("node port {}/{}", port.node_port, ToString(port.protocol)),
                      fmt::format("spec.ports[{}].nodePort", i)});
  }
  return claims;
}

const Service* FindService(const ObjectSet& objects, const ObjectKey& key) {
  const auto found = objects.services.find(key);
  return found == objects.services.end() ? nullptr : &found->second;
}

bool ClaimsWhatItHad(const Service& service, const ObjectSet& before) {
  const Service* last = FindService(before, KeyOf(service));
  return last != nullptr && ClaimsOf(*last) == ClaimsOf(service);
}

std::vector<Service> OldestFirst(const ObjectSet& before, const ObjectSet& objects) {
  std::vector<Service> services;
  for (const auto& [key, service] : objects.services) services.push_back(service);
  const auto age = [&before](const Service& service) {
    return std::pair(service.metadata.creation_timestamp.value_or(absl::InfiniteFuture()),
                     !ClaimsWhatItHad(service, before));
  };
  std::stable_sort(services.begin(), services.end(),
                   [&age](const Service& a, const Service& b) { return age(a) < age(b); });
  return services;
}

Origin OriginOf(const ObjectKey& key, const std::map<ObjectKey, Origin>& origins) {
  const auto found = origins.find(key);
  return found == origins.end() ? Origin{} : found->second;
}

Problem MakeProblem(const Service& loser, const Claim& claim, const ObjectKey& owner,
                    const std::map<ObjectKey, Origin>& origins) {
  const ObjectKey key = KeyOf(loser);
  const Origin owner_origin = OriginOf(owner, origins);
  const std::string where =
      owner_origin.file.empty() ? "" : fmt::format(" ({})", owner_origin.ToString());
  return {OriginOf(key, origins), key.ToString(), claim.field,
          fmt::format("{} belongs to {}{} already; give this Service another one", claim.resource,
                      owner.ToString(), where)};
}

// Who has what.
class Claims {
 public:
  // The first of the Service's claims that another one has.
  std::optional<Claim> FindTaken(const Service& service) const {
    for (Claim& claim : ClaimsOf(service)) {
      if (owners_.contains(claim.resource)) return std::move(claim);
    }
    return std::nullopt;
  }

  void Take(const Service& service) {
    for (Claim& claim : ClaimsOf(service)) {
      owners_.emplace(std::move(claim.resource), KeyOf(service));
    }
  }

  const ObjectKey& owner(const Claim& claim) const { return owners_.at(claim.resource); }

 private:
  std::map<std::string, ObjectKey> owners_;
};

}  // namespace

std::vector<Problem> RefuseConflicts(const ObjectSet& before,
                                     const std::map<ObjectKey, Origin>& origins,
                                     ObjectSet& objects) {
  std::vector<Problem> problems;
  std::vector<ObjectKey> refused;
  Claims claims;
  for (const Service& service : OldestFirst(before, objects)) {
    const std::optional<Claim> taken = claims.FindTaken(service);
    if (!taken) {
      claims.Take(service);
      continue;
    }
    problems.push_back(MakeProblem(service, *taken, claims.owner(*taken), origins));
    refused.push_back(KeyOf(service));
  }
  for (const ObjectKey& key : refused) {
    const Service* last = FindService(before, key);
    if (last != nullptr && !claims.FindTaken(*last)) {
      claims.Take(*last);
      objects.Apply(*last);
    } else {
      objects.Delete(key);
    }
  }
  return problems;
}

}  // namespace pointsman::kube
