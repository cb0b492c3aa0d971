#include "host/kept/kept_rows.h"

#include <fmt/format.h>

namespace pointsman {
namespace {

KeptRowsHead& HeadOf(const MappedFile& file) {
  return *reinterpret_cast<KeptRowsHead*>(file.bytes().data());
}

size_t FileBytes(const KeptRowsHead& head) {
  return sizeof(KeptRowsHead) + size_t{head.rows} * head.row_bytes;
}

absl::StatusOr<MappedFile> TakeOver(const std::string& path, const KeptRowsHead& expected) {
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  const auto refuse = [&](const char* why) {
    return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
  };
  if (file->bytes().size() < sizeof(KeptRowsHead)) return refuse("is too short");
  const KeptRowsHead& found = HeadOf(*file);
  if (absl::Status status = CheckHead(path, found.file, expected.file); !status.ok()) return status;
  if (found.row_bytes != expected.row_bytes || found.rows != expected.rows) {
    return refuse("was written by another version");
  }
  if (file->bytes().size() != FileBytes(expected)) return refuse("has another size");
  if (found.used > found.rows) return refuse("is damaged");
  return file;
}

}  // namespace

absl::StatusOr<MappedFile> OpenKeptRows(const std::string& path, uint64_t magic, uint32_t row_bytes,
                                        uint32_t rows, std::string& note) {
  // Rows of no card: they fit any.
  KeptRowsHead head{.file = MakeHead(magic, CardSizes{}, 0, sizeof(KeptRowsHead)),
                    .row_bytes = row_bytes,
                    .rows = rows};
  absl::StatusOr<MappedFile> kept = TakeOver(path, head);
  if (kept.ok()) return kept;
  if (!absl::IsNotFound(kept.status())) {
    note =
        fmt::format("{}; it is set aside, and begins anew", std::string(kept.status().message()));
    if (absl::Status status = SetAside(path); !status.ok()) return status;
  }
  absl::StatusOr<MappedFile> file = MappedFile::Create(path, FileBytes(head));
  if (!file.ok()) return file.status();
  head.file.magic = 0;
  HeadOf(*file) = head;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  HeadOf(*file).file.magic = magic;
  return file;
}

}  // namespace pointsman
