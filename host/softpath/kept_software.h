// What the software path keeps in a state folder: its connections, and whom clients with session
// affinity have met.
#ifndef POINTSMAN_HOST_SOFTPATH_KEPT_SOFTWARE_H_
#define POINTSMAN_HOST_SOFTPATH_KEPT_SOFTWARE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host/kept/folder_lock.h"
#include "host/kept/kept_rows.h"
#include "host/softpath/affinity.h"
#include "host/softpath/host_connections.h"

namespace pointsman {

// Most that are kept, and that there can be then.
inline constexpr uint32_t kKeptConnectionsMax = 1 << 20;
inline constexpr uint32_t kAffinityClientsMax = 1 << 20;

// Keeps nothing as it is made.
struct KeptSoftware {
  std::optional<FolderLock> lock;
  KeptRows<HostConnection> connections;
  KeptRows<KeptClient> clients;
};

// Makes the folder where there is none, and keeps others out. `notes` gets what people are to know:
// files that could not be taken over, which are set aside. Errors: FailedPrecondition naming the
// folder, or the file.
absl::StatusOr<KeptSoftware> OpenKeptSoftware(const std::string& folder,
                                              std::vector<std::string>& notes);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_KEPT_SOFTWARE_H_
