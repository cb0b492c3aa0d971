#include "host/softpath/kept_software.h"

#include <utility>

namespace pointsman {
namespace {

constexpr uint64_t kConnectionsMagic = 0x31736e6374666f73;  // "softcns1"
constexpr uint64_t kClientsMagic = 0x3173746e65696c63;      // "clients1"

template <class Row>
absl::Status OpenRows(const std::string& path, uint64_t magic, uint32_t rows, KeptRows<Row>& into,
                      std::vector<std::string>& notes) {
  std::string note;
  absl::StatusOr<KeptRows<Row>> opened = KeptRows<Row>::Open(path, magic, rows, note);
  if (!note.empty()) notes.push_back(note);
  if (!opened.ok()) return opened.status();
  into = *std::move(opened);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<KeptSoftware> OpenKeptSoftware(const std::string& folder,
                                              std::vector<std::string>& notes) {
  absl::StatusOr<FolderLock> lock = FolderLock::Take(folder);
  if (!lock.ok()) return lock.status();
  KeptSoftware kept;
  kept.lock = *std::move(lock);
  absl::Status status = OpenRows(folder + "/connections-software", kConnectionsMagic,
                                 kKeptConnectionsMax, kept.connections, notes);
  // A client that meets another endpoint has two rows for a moment.
  if (status.ok()) {
    status =
        OpenRows(folder + "/affinity", kClientsMagic, kAffinityClientsMax + 1, kept.clients, notes);
  }
  if (!status.ok()) return status;
  return kept;
}

}  // namespace pointsman
