// Which rows a first packet meets in the tables, for people: the card's side of a trace.
#ifndef POINTSMAN_HOST_DATAPATH_EXPLAIN_H_
#define POINTSMAN_HOST_DATAPATH_EXPLAIN_H_

#include <string>
#include <vector>

#include "flow_tables/flow.h"
#include "flow_tables/image.h"

namespace pointsman {

// For a first packet: "sources[3]: 10.244.1.0/24 is local-pod", "slots[4096 + 17]: endpoint 5", in
// the order of the look-ups; the last line says whether the card or software decides, and why.
std::vector<std::string> RowsMet(const Image& image, const FlowKey& packet);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_DATAPATH_EXPLAIN_H_
