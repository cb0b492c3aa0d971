// The software pipeline's connections, by keys of either family.
#ifndef POINTSMAN_HOST_SOFTPATH_PIPELINE_CONNECTIONS_H_
#define POINTSMAN_HOST_SOFTPATH_PIPELINE_CONNECTIONS_H_

#include <optional>

#include "flow_tables/flow.h"
#include "flow_tables/pipeline.h"

namespace pointsman {

// What the connection that a packet of this key belongs to makes of it; nothing: there is none.
std::optional<FlowKey> TranslationOf(Pipeline& pipeline, const FlowKey& key);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_PIPELINE_CONNECTIONS_H_
