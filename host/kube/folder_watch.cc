#include "host/kube/folder_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "host/kube/folder_listing.h"

namespace pointsman::kube {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                   IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;
// Of a file behind a link, which the folder's own watch does not see.
constexpr uint32_t kFileEvents = IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;
constexpr uint32_t kParentEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

std::string ErrnoText(int error) { return std::generic_category().message(error); }

absl::Status WatchError(const std::string& what, int error) {
  if (error == ENOSPC || error == EMFILE) {
    return absl::ResourceExhaustedError(
        fmt::format("{}: {}; raise fs.inotify.{} (sysctl)", what, ErrnoText(error),
                    error == ENOSPC ? "max_user_watches" : "max_user_instances"));
  }
  return absl::InternalError(fmt::format("{}: {}", what, ErrnoText(error)));
}

int MillisecondsUntil(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1'000'000));
}

}  // namespace

class FolderWatch::Inotify {
 public:
  explicit Inotify(fs::path folder) : folder_(std::move(folder)) {}
  Inotify(const Inotify&) = delete;
  Inotify& operator=(const Inotify&) = delete;
  ~Inotify() {
    if (fd_ >= 0) close(fd_);
  }

  absl::Status Open() {
    fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd_ < 0) return WatchError("inotify", errno);
    return Rescan();
  }

  int fd() const { return fd_; }

  // True: something happened before `deadline`; all that has is taken off the queue.
  absl::StatusOr<bool> TakeEvents(Clock::time_point deadline);

  // Watches what is there now, and nothing else. Events of folders that stay are not lost.
  absl::Status Rescan();

 private:
  absl::StatusOr<int> Add(const fs::path& path, uint32_t events, std::set<int>& watches);
  absl::Status AddAncestor(std::set<int>& watches);
  absl::Status AddPresent(std::set<int>& watches);
  // Empties the queue. True: there was something in it that matters.
  absl::StatusOr<bool> ReadEvents();
  bool Matters(const inotify_event& event) const;

  const fs::path folder_;
  int fd_ = -1;
  std::set<int> watches_;
  int ancestor_watch_ = -1;
  std::string awaited_name_;  // in the ancestor: the folder, or what leads to it
};

bool FolderWatch::Inotify::Matters(const inotify_event& event) const {
  if ((event.mask & IN_IGNORED) != 0) return false;
  return event.wd != ancestor_watch_ || (event.len > 0 && event.name == awaited_name_);
}

absl::StatusOr<bool> FolderWatch::Inotify::ReadEvents() {
  bool matters = false;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer;
  ssize_t length = 0;
  while ((length = read(fd_, buffer.data(), buffer.size())) > 0) {
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      matters = matters || Matters(*event);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  if (errno != EAGAIN && errno != EINTR) return WatchError("inotify", errno);
  return matters;
}

absl::StatusOr<bool> FolderWatch::Inotify::TakeEvents(Clock::time_point deadline) {
  while (true) {
    pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
    const int ready = poll(&wait, 1, MillisecondsUntil(deadline));
    if (ready < 0 && errno != EINTR) return WatchError("inotify", errno);
    if (ready > 0) {
      const absl::StatusOr<bool> matters = ReadEvents();
      if (!matters.ok() || *matters) return matters;
    }
    if (Clock::now() >= deadline) return false;
  }
}

absl::StatusOr<int> FolderWatch::Inotify::Add(const fs::path& path, uint32_t events,
                                              std::set<int>& watches) {
  const int watch = inotify_add_watch(fd_, path.c_str(), events);
  if (watch >= 0) {
    watches.insert(watch);
    return watch;
  }
  if (errno == ENOENT || errno == ENOTDIR) return absl::NotFoundError(path.string());
  return WatchError(path.string(), errno);
}

// The nearest folder above that exists: there the folder, or what leads to it, appears again.
absl::Status FolderWatch::Inotify::AddAncestor(std::set<int>& watches) {
  fs::path path = fs::absolute(folder_).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  absl::StatusOr<int> watch = absl::NotFoundError(path.string());
  while (absl::IsNotFound(watch.status()) && path.has_relative_path()) {
    awaited_name_ = path.filename();
    path = path.parent_path();
    watch = Add(path, kParentEvents, watches);
  }
  ancestor_watch_ = watch.value_or(-1);
  return watch.status();
}

absl::Status FolderWatch::Inotify::AddPresent(std::set<int>& watches) {
  // A folder that is not there, or cannot be read, is for its reader to report.
  const FolderListing listing = ListFolder(folder_).value_or(FolderListing{});
  for (const fs::path& folder : listing.folders) {
    const absl::Status status = Add(folder, kFolderEvents, watches).status();
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  for (const fs::path& file : listing.files) {
    std::error_code vanished;
    if (!fs::is_symlink(file, vanished)) continue;
    const absl::Status status = Add(file, kFileEvents, watches).status();
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  return absl::OkStatus();
}

absl::Status FolderWatch::Inotify::Rescan() {
  std::set<int> watches;
  absl::Status status = AddAncestor(watches);
  if (status.ok()) status = AddPresent(watches);
  if (!status.ok()) return status;
  for (const int watch : watches_) {
    if (!watches.contains(watch)) inotify_rm_watch(fd_, watch);
  }
  watches_ = std::move(watches);
  return absl::OkStatus();
}

FolderWatch::FolderWatch(std::unique_ptr<Inotify> inotify) : inotify_(std::move(inotify)) {}
FolderWatch::FolderWatch(FolderWatch&&) noexcept = default;
FolderWatch& FolderWatch::operator=(FolderWatch&&) noexcept = default;
FolderWatch::~FolderWatch() = default;

absl::StatusOr<FolderWatch> FolderWatch::Open(fs::path folder) {
  auto inotify = std::make_unique<Inotify>(std::move(folder));
  const absl::Status status = inotify->Open();
  if (!status.ok()) return status;
  return FolderWatch(std::move(inotify));
}

absl::StatusOr<bool> FolderWatch::Wait(Clock::time_point deadline) {
  absl::StatusOr<bool> changed = inotify_->TakeEvents(deadline);
  if (!changed.ok() || !*changed) return changed;
  const Clock::time_point hold_end = Clock::now() + kMaxHold;
  while (*changed && Clock::now() < hold_end) {
    // New folders are watched before they are read, so that what comes later is an event again.
    const absl::Status status = inotify_->Rescan();
    if (!status.ok()) return status;
    changed = inotify_->TakeEvents(std::min(Clock::now() + kQuietPeriod, hold_end));
    if (!changed.ok()) return changed;
  }
  return true;
}

int FolderWatch::file_descriptor() const { return inotify_->fd(); }

}  // namespace pointsman::kube
