#include "host/services/served_change.h"

#include <algorithm>
#include <utility>

namespace pointsman {
namespace {

const kube::ObjectKey& KeyOf(const ServiceReport& report) { return report.service; }

template <class Value, class Key>
auto Find(std::vector<Value>& values, const Key& key) {
  const auto found =
      std::ranges::lower_bound(values, key, {}, [](const Value& v) { return KeyOf(v); });
  return found != values.end() && KeyOf(*found) == key ? found : values.end();
}

// `values` are sorted by their keys, and stay so.
template <class Value, class Key>
void Apply(const std::map<Key, std::optional<Value>>& changes, std::vector<Value>& values) {
  std::vector<const Value*> added;
  bool removes = false;
  for (const auto& [key, value] : changes) {
    const auto found = Find(values, key);
    removes |= !value && found != values.end();
    if (value && found == values.end()) added.push_back(&*value);
    if (value && found != values.end()) *found = *value;
  }
  if (removes) {
    std::erase_if(values, [&](const Value& value) {
      const auto change = changes.find(KeyOf(value));
      return change != changes.end() && !change->second;
    });
  }
  const auto middle = static_cast<std::ptrdiff_t>(values.size());
  for (const Value* value : added) values.push_back(*value);
  std::ranges::inplace_merge(values, values.begin() + middle, {},
                             [](const Value& value) { return KeyOf(value); });
}

template <class Map>
void Overwrite(Map& map, Map&& later) {
  later.merge(map);  // what `later` has already stays in it
  map = std::move(later);
}

}  // namespace

bool ServedChange::empty() const {
  return frontends.empty() && services.empty() && udp.empty() && !cluster_ips &&
         !health_check_ports;
}

void ServedChange::Append(ServedChange later) {
  Overwrite(frontends, std::move(later.frontends));
  Overwrite(services, std::move(later.services));
  Overwrite(udp, std::move(later.udp));
  if (later.cluster_ips) cluster_ips = std::move(later.cluster_ips);
  if (later.health_check_ports) health_check_ports = std::move(later.health_check_ports);
}

void ServedChange::ApplyTo(ServedState& state) const {
  Apply(frontends, state.forwarding.frontends);
  Apply(services, state.services);
  for (const auto& [service, of_service] : udp) state.serving_udp.Set(service, of_service);
  if (cluster_ips) state.forwarding.cluster_ips = *cluster_ips;
  if (health_check_ports) state.health_check_ports = *health_check_ports;
}

ForwardingChange ForwardingChangeOf(const ServedChange& change, const Forwarding& after) {
  ForwardingChange result;
  for (const auto& [key, frontend] : change.frontends) {
    if (frontend) {
      result.frontends.push_back(*frontend);
    } else {
      result.gone.push_back(key);
    }
  }
  if (change.cluster_ips) result.rest = RestOf(after);
  return result;
}

}  // namespace pointsman
