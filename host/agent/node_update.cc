#include "host/agent/node_update.h"

#include <utility>

namespace pointsman {

void NodeUpdate::Append(NodeUpdate later) {
  heard.services += later.heard.services;
  heard.endpoint_slices += later.heard.endpoint_slices;
  heard.triggered.insert(heard.triggered.end(), later.heard.triggered.begin(),
                         later.heard.triggered.end());
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
