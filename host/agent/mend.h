// What is to be written where rows of a card have lost their content (docs/card.md, "Parity").
#ifndef POINTSMAN_HOST_AGENT_MEND_H_
#define POINTSMAN_HOST_AGENT_MEND_H_

#include <span>
#include <vector>

#include "flow_tables/plan.h"
#include "host/softpath/connection_list.h"
#include "host/softpath/software_path.h"

namespace pointsman {

struct Mending {
  std::vector<RowWrite> writes;
  std::vector<CardConnection> forgotten;  // connections that begin anew with their next packet
};

// For the events of kind parity among `events`: rows that the image or the software path has are
// written again, and connections are taken out of `connections`, both directions. Hash keys are the
// driver's.
Mending MendingOf(std::span<const EventLine> events, const Image& image,
                  const SoftwarePath& software, ConnectionList& connections);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_MEND_H_
