#include "sim/card/unix_socket_wire.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace pointsman {
namespace {

constexpr size_t kMaxWaitingFrames = 65536;

}  // namespace

absl::StatusOr<std::unique_ptr<Wire>> UnixSocketWire::Open(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        fmt::format("{}: longer than the {} bytes a socket's path may have", path,
                    sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor socket_fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_fd.valid() ||
      connect(socket_fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    return absl::Status(absl::ErrnoToStatusCode(error),
                        fmt::format("{}: no program listens there for a port's frames: {}", path,
                                    std::strerror(error)));
  }
  return std::unique_ptr<Wire>(new UnixSocketWire(path, std::move(socket_fd)));
}

UnixSocketWire::UnixSocketWire(std::string path, FileDescriptor socket)
    : path_(std::move(path)), socket_(std::move(socket)), buffer_(kMaxFrameBytes) {}

absl::Status UnixSocketWire::Receive(size_t max_frames, std::vector<Frame>& frames) {
  SendWaiting();
  for (; max_frames > 0 && socket_.valid(); --max_frames) {
    const ssize_t count = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (count <= 0) {
      socket_ = FileDescriptor();
      break;
    }
    if (static_cast<size_t>(count) > buffer_.size()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: a frame of {} bytes; a port carries {}", path_, count, kMaxFrameBytes));
    }
    frames.push_back({std::vector<uint8_t>(buffer_.begin(), buffer_.begin() + count)});
  }
  return absl::OkStatus();
}

absl::Status UnixSocketWire::Send(absl::Span<const Frame> frames) {
  if (!socket_.valid()) return absl::OkStatus();
  waiting_.insert(waiting_.end(), frames.begin(), frames.end());
  SendWaiting();
  if (waiting_.size() > kMaxWaitingFrames) {
    return absl::ResourceExhaustedError(
        fmt::format("{}: {} frames wait, the program does not take them", path_, waiting_.size()));
  }
  return absl::OkStatus();
}

void UnixSocketWire::SendWaiting() {
  while (!waiting_.empty() && socket_.valid()) {
    const Frame& frame = waiting_.front();
    if (send(socket_.get(), frame.bytes.data(), frame.bytes.size(), MSG_NOSIGNAL) < 0) {
      if (errno != EAGAIN && errno != EINTR) socket_ = FileDescriptor();
      return;
    }
    waiting_.pop_front();
  }
}

}  // namespace pointsman
