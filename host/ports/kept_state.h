// What a state folder keeps of a node without a card: its tables, and each core's connections.
#ifndef POINTSMAN_HOST_PORTS_KEPT_STATE_H_
#define POINTSMAN_HOST_PORTS_KEPT_STATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flow_tables/pipeline.h"
#include "host/ports/kept_connections.h"
#include "host/ports/kept_tables.h"

namespace pointsman {

// Empty: nothing is kept.
struct KeptState {
  std::unique_ptr<KeptTables> tables;
  std::vector<std::unique_ptr<KeptConnections>> connections;  // by core
};

// Makes the folder where there is none; without a name nothing is kept. Files that cannot be taken
// over are set aside, connections with the tables that they were made by, and the log says so.
// Errors: FailedPrecondition naming the file.
absl::StatusOr<KeptState> OpenKeptState(const std::string& folder, const CardSizes& sizes,
                                        uint32_t cores);

// Fills the core's pipeline, whose connections are in the memory of `kept`, with those that were
// kept; the log says how many. `image` is what was kept of the tables.
void TakeInConnections(const KeptState& kept, uint32_t core, const Image& image,
                       Pipeline& pipeline);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_KEPT_STATE_H_
