#include "host/ports/kept_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <bit>
#include <filesystem>

#include "host/kept/kept_file.h"

namespace pointsman {
namespace {

// Connections mean something only by the tables that they were made by.
absl::Status SetConnectionsAside(const std::string& path) {
  for (const std::string& file : {path, path + ".old"}) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    spdlog::warn("{}: its tables are not there; it is set aside", file);
    if (absl::Status status = SetAside(file); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<KeptState> OpenKeptState(const std::string& folder, const CardSizes& sizes,
                                        uint32_t cores) {
  KeptState kept;
  if (folder.empty()) return kept;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::string note;
  auto tables = KeptTables::Open(folder + "/tables", sizes, cores, note);
  if (!tables.ok()) return tables.status();
  kept.tables = *std::move(tables);
  if (!note.empty()) spdlog::warn("{}", note);
  for (uint32_t core = 0; core < cores; ++core) {
    const std::string path = fmt::format("{}/connections-{}", folder, core);
    if (!kept.tables->settings()) {
      if (absl::Status status = SetConnectionsAside(path); !status.ok()) return status;
    }
    const Shard shard{static_cast<uint8_t>(core), static_cast<uint8_t>(std::bit_width(cores) - 1)};
    auto connections = KeptConnections::Open(path, sizes, shard);
    if (!connections.ok()) return connections.status();
    kept.connections.push_back(*std::move(connections));
  }
  return kept;
}

void TakeInConnections(const KeptState& kept, uint32_t core, const Image& image,
                       Pipeline& pipeline) {
  const absl::StatusOr<uint32_t> taken =
      kept.connections[core]->TakeIn(image, pipeline.connections(), pipeline.connections_ipv6());
  if (!taken.ok()) {
    spdlog::warn("{}; it is set aside, and core {} begins without connections",
                 std::string(taken.status().message()), core);
  } else if (*taken != 0) {
    spdlog::info("core {} goes on with {} connections", core, *taken);
  }
}

}  // namespace pointsman
