#include "host/ports/kept_connections.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <new>
#include <type_traits>
#include <vector>

#include "host/kept/kept_file.h"

namespace pointsman {
namespace {

constexpr uint64_t kMagic = 0x31736e6e6f634350;  // "PCconns1"

// Behind what the tables take, at the most: connections.h, and a page for each alignment.
constexpr size_t kBytesOfConnection = 96;
constexpr size_t kBytesOfConnectionIpv6 = 160;
constexpr size_t kSpareBytes = size_t{64} << 10;

// Where a table's records are.
struct Records {
  uint64_t place = 0;
  uint64_t count = 0;
};

struct Head {
  KeptFileHead file;
  uint64_t shard = 0;
  Records ipv4{};
  Records ipv6{};
};

Head& HeadOf(const MappedFile& file) { return *reinterpret_cast<Head*>(file.bytes().data()); }

Head HeadFor(const CardSizes& sizes, const Shard& shard) {
  return {.file = MakeHead(kMagic, sizes, 1U << shard.count_log2, sizeof(Head)),
          .shard = shard.index};
}

std::string OldOf(const std::string& path) { return path + ".old"; }

template <class Table>
Records RecordsOf(const Table& table, const MappedFile& file) {
  const auto* at = reinterpret_cast<const std::byte*>(table.records().data());
  return {static_cast<uint64_t>(at - file.bytes().data()), table.records().size()};
}

// Whether it is one that a packet made, by rows that there are: not torn by the end of its process,
// nor of another file.
template <class Family>
bool MakesSense(const ConnectionAs<Family>& connection, const Image& image) {
  ConnectionAs<Family> made = MakeConnection<Family>(OriginalKey(connection), connection.there.to,
                                                     connection.back.to.next_hop);
  made.state = connection.state;
  made.last_seen = connection.last_seen;
  const auto& to = connection.there.to;
  return made == connection && connection.state <= ConnectionState::kClosed &&
         to.next_hop < image.next_hops.size() &&
         connection.back.to.next_hop < image.next_hops.size() &&
         to.endpoint < image.endpoints.size() &&
         to.frontend_counter < image.sizes.frontend_counters;
}

template <class Family>
absl::StatusOr<uint32_t> TakeInRecords(const MappedFile& file, const Records& records,
                                       const Image& image, ConnectionTable<Family>& table) {
  using Connection = ConnectionAs<Family>;
  static_assert(std::is_trivially_copyable_v<Connection>);
  const size_t bytes = file.bytes().size();
  if (records.place > bytes || records.count > (bytes - records.place) / sizeof(Connection)) {
    return absl::FailedPreconditionError("is damaged: its records go beyond its end");
  }
  uint32_t taken = 0;
  for (uint64_t i = 0; i < records.count; ++i) {
    Connection connection;
    std::memcpy(&connection, &file.bytes()[records.place + i * sizeof connection],
                sizeof connection);
    if (connection.protocol == 0 || !MakesSense(connection, image)) continue;
    if (table.Find(OriginalKey(connection))) continue;
    taken += table.Record(connection) == RecordResult::kRecorded ? 1 : 0;
  }
  return taken;
}

}  // namespace

KeptConnections::KeptConnections(std::string path, MappedFile file, const CardSizes& sizes,
                                 const Shard& shard)
    : path_(std::move(path)),
      file_(std::move(file)),
      sizes_(sizes),
      shard_(shard),
      used_bytes_(sizeof(Head)) {}

absl::StatusOr<std::unique_ptr<KeptConnections>> KeptConnections::Open(const std::string& path,
                                                                       const CardSizes& sizes,
                                                                       const Shard& shard) {
  // Where there is an old one already, the process that should have taken it in has not done so.
  std::error_code error;
  const bool waits = std::filesystem::exists(OldOf(path), error);
  if (!waits && std::filesystem::exists(path, error)) {
    std::filesystem::rename(path, OldOf(path), error);
    if (error) {
      return absl::FailedPreconditionError(
          fmt::format("{}: cannot be renamed: {}", path, error.message()));
    }
  }
  const size_t bytes = sizeof(Head) + kSpareBytes +
                       (sizes.originals >> shard.count_log2) * kBytesOfConnection +
                       (sizes.originals_ipv6 >> shard.count_log2) * kBytesOfConnectionIpv6;
  absl::StatusOr<MappedFile> file = MappedFile::Create(path, bytes);
  if (!file.ok()) return file.status();
  // A hint, where the file system has huge pages: look-ups are random.
  static_cast<void>(madvise(file->bytes().data(), bytes, MADV_HUGEPAGE));
  return std::unique_ptr<KeptConnections>(
      new KeptConnections(path, *std::move(file), sizes, shard));
}

absl::StatusOr<uint32_t> KeptConnections::TakeIn(const Image& image, Connections& connections,
                                                 ConnectionsIpv6& connections_ipv6) {
  absl::StatusOr<uint32_t> taken = TakeInOld(image, connections, connections_ipv6);
  Head head = HeadFor(sizes_, shard_);
  head.ipv4 = RecordsOf(connections, file_);
  head.ipv6 = RecordsOf(connections_ipv6, file_);
  head.file.magic = 0;
  HeadOf(file_) = head;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  HeadOf(file_).file.magic = kMagic;
  std::error_code error;
  if (taken.ok()) {
    std::filesystem::remove(OldOf(path_), error);
  } else if (absl::Status status = SetAside(OldOf(path_)); !status.ok()) {
    return status;
  }
  return taken;
}

absl::StatusOr<uint32_t> KeptConnections::TakeInOld(const Image& image, Connections& connections,
                                                    ConnectionsIpv6& connections_ipv6) const {
  const std::string path = OldOf(path_);
  const absl::StatusOr<MappedFile> old = MappedFile::Open(path);
  if (absl::IsNotFound(old.status())) return 0U;
  if (!old.ok()) return old.status();
  const auto refuse = [&](std::string_view why) {
    return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
  };
  if (old->bytes().size() < sizeof(Head)) return refuse("is too short");
  const Head head = HeadOf(*old);
  const Head expected = HeadFor(sizes_, shard_);
  if (absl::Status status = CheckHead(path, head.file, expected.file); !status.ok()) return status;
  if (head.shard != expected.shard) return refuse("is another core's");
  const auto ipv4 = TakeInRecords(*old, head.ipv4, image, connections);
  if (!ipv4.ok()) return refuse(std::string(ipv4.status().message()));
  const auto ipv6 = TakeInRecords(*old, head.ipv6, image, connections_ipv6);
  if (!ipv6.ok()) return refuse(std::string(ipv6.status().message()));
  return *ipv4 + *ipv6;
}

void* KeptConnections::do_allocate(size_t bytes, size_t alignment) {
  const size_t at = (used_bytes_ + alignment - 1) / alignment * alignment;
  if (at > file_.bytes().size() || bytes > file_.bytes().size() - at) throw std::bad_alloc();
  used_bytes_ = at + bytes;
  return &file_.bytes()[at];
}

}  // namespace pointsman
