#include "host/ports/kept_tables.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <type_traits>

#include "driver/card_tables.h"
#include "flow_tables/image_check.h"
#include "host/kept/kept_file.h"

namespace pointsman {
namespace {

constexpr uint64_t kMagic = 0x3173656c62617450;  // "Ptables1"

bool IsOfImage(TableId table) {
  return table == TableId::kFrontends || table == TableId::kSources || table == TableId::kSlots ||
         table == TableId::kEndpoints || table == TableId::kNextHops;
}

// A process that is killed leaves what it had written up to some moment, in its own order.
void Barrier() { std::atomic_signal_fence(std::memory_order_seq_cst); }

struct Head {
  KeptFileHead file;
  // What is being written, so that it can be undone: a row's place in the file, or 0.
  uint64_t pending_place = 0;
  RowBits pending_row{};
  // The settings, twice; those of this number are whole. 0: none yet.
  uint64_t settings = 0;
  std::array<CardSettings, 2> of_settings{};
};
static_assert(std::is_trivially_copyable_v<Head>);

Head& HeadOf(const MappedFile& file) { return *reinterpret_cast<Head*>(file.bytes().data()); }

// Tables follow each other behind the head.
uint64_t PlaceOf(const CardSizes& sizes, TableId table, uint32_t index) {
  uint64_t rows = index;
  for (const CardTable& entry : CardTables()) {
    if (entry.id == table) break;
    if (IsOfImage(entry.id)) rows += sizes.*entry.rows;
  }
  return sizeof(Head) + rows * sizeof(RowBits);
}

uint64_t FileBytes(const CardSizes& sizes) {
  uint64_t rows = 0;
  for (const CardTable& entry : CardTables()) {
    if (IsOfImage(entry.id)) rows += sizes.*entry.rows;
  }
  return sizeof(Head) + rows * sizeof(RowBits);
}

}  // namespace

KeptTables::KeptTables(MappedFile file, const CardSizes& sizes)
    : file_(std::move(file)), image_(EmptyImage(sizes)) {}

absl::StatusOr<std::unique_ptr<KeptTables>> KeptTables::TakeOver(const std::string& path,
                                                                 const CardSizes& sizes,
                                                                 uint32_t cores) {
  absl::StatusOr<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<KeptTables> tables(new KeptTables(*std::move(file), sizes));
  if (tables->file_.bytes().size() != FileBytes(sizes)) {
    return absl::FailedPreconditionError(fmt::format("{}: has another size", path));
  }
  absl::Status status =
      CheckHead(path, HeadOf(tables->file_).file, MakeHead(kMagic, sizes, cores, sizeof(Head)));
  if (status.ok()) status = tables->Load(path);
  if (!status.ok()) return status;
  return tables;
}

absl::StatusOr<std::unique_ptr<KeptTables>> KeptTables::Open(const std::string& path,
                                                             const CardSizes& sizes, uint32_t cores,
                                                             std::string& note) {
  auto kept = TakeOver(path, sizes, cores);
  if (kept.ok()) return kept;
  if (!absl::IsNotFound(kept.status())) {
    note = fmt::format("{}; it is set aside, and the node begins anew",
                       std::string(kept.status().message()));
    if (absl::Status status = SetAside(path); !status.ok()) return status;
  }
  absl::StatusOr<MappedFile> file = MappedFile::Create(path, FileBytes(sizes));
  if (!file.ok()) return file.status();
  std::unique_ptr<KeptTables> tables(new KeptTables(*std::move(file), sizes));
  KeptFileHead head = MakeHead(kMagic, sizes, cores, sizeof(Head));
  head.magic = 0;
  HeadOf(tables->file_) = Head{.file = head};
  Barrier();
  HeadOf(tables->file_).file.magic = kMagic;
  return tables;
}

absl::Status KeptTables::Load(const std::string& path) {
  Head& head = HeadOf(file_);
  const std::span<std::byte> bytes = file_.bytes();
  if (head.pending_place != 0) {
    const uint64_t place = head.pending_place;
    if (place < sizeof(Head) || place > bytes.size() - sizeof(RowBits)) {
      return absl::FailedPreconditionError(fmt::format("{}: is damaged", path));
    }
    std::memcpy(&bytes[place], &head.pending_row, sizeof(RowBits));
    head.pending_place = 0;
  }
  for (const CardTable& table : CardTables()) {
    if (!IsOfImage(table.id)) continue;
    for (uint32_t index = 0; index < image_.sizes.*table.rows; ++index) {
      RowWrite write{.table = table.id, .index = index};
      std::memcpy(&write.row, &bytes[PlaceOf(image_.sizes, table.id, index)], sizeof write.row);
      if (write.row != RowBits{}) Apply(write, image_);
    }
  }
  if (head.settings > 2) return absl::FailedPreconditionError(fmt::format("{}: is damaged", path));
  if (head.settings != 0) settings_ = head.of_settings[head.settings - 1];
  if (settings_) image_.configuration = settings_->configuration;
  const absl::Status sense = CheckImage(image_);
  if (sense.ok()) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, std::string(sense.message())));
}

void KeptTables::Write(const RowWrite& write) {
  if (!IsOfImage(write.table)) return;
  Head& head = HeadOf(file_);
  const uint64_t place = PlaceOf(image_.sizes, write.table, write.index);
  std::byte* row = &file_.bytes()[place];
  std::memcpy(&head.pending_row, row, sizeof(RowBits));
  Barrier();
  head.pending_place = place;
  Barrier();
  std::memcpy(row, &write.row, sizeof(RowBits));
  Barrier();
  head.pending_place = 0;
  Barrier();
}

void KeptTables::Write(const CardSettings& settings) {
  Head& head = HeadOf(file_);
  const uint64_t next = head.settings == 1 ? 2 : 1;
  head.of_settings[next - 1] = settings;
  Barrier();
  head.settings = next;
}

}  // namespace pointsman
