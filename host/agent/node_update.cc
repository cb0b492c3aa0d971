#include "host/agent/node_update.h"

#include <utility>

namespace pointsman {

void HeardChanges::Append(HeardChanges later) {
  services += later.services;
  endpoint_slices += later.endpoint_slices;
  triggered.insert(triggered.end(), later.triggered.begin(), later.triggered.end());
  for (const kube::ObjectKey& service : later.gone) waiting.erase(service);
  for (const auto& [service, since] : later.waiting) gone.erase(service);
  waiting.merge(later.waiting);  // who waits already has done so for longer
  gone.merge(later.gone);
}

void NodeUpdate::Append(NodeUpdate later) {
  heard.Append(std::move(later.heard));
  if (later.whole) {
    later.heard = std::move(heard);
    *this = std::move(later);
    return;
  }
  change.Append(std::move(later.change));
  if (later.node_eligible) node_eligible = later.node_eligible;
  if (later.problems) problems = std::move(later.problems);
  if (later.notes) notes = std::move(later.notes);
}

void NodeUpdate::ApplyTo(NodeForwarding& state) const {
  if (whole) state = *whole;
  change.ApplyTo(state);
  if (node_eligible) state.node_eligible = *node_eligible;
  if (problems) state.problems = *problems;
  if (notes) state.notes = *notes;
}

}  // namespace pointsman
