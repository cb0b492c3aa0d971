#include "host/cardd/channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "hw/card_layout.h"

namespace pointsman::cardd {
namespace {

constexpr uint32_t kMagic = 0x6e616863;  // "chan"
constexpr uint32_t kVersion = 1;         // of the messages
constexpr size_t kRingBytes = 1 << 22;

absl::Status SystemError(const char* call) {
  return absl::ResourceExhaustedError(fmt::format("channel: {}: {}", call, std::strerror(errno)));
}

}  // namespace

struct Channel::Memory {
  uint32_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t layout_hash = kLayoutHash;
  int32_t parent = 0;
  alignas(64) std::atomic<uint64_t> beats = 0;
  alignas(64) std::atomic<uint32_t> stop = 0;
  RingIndices to_child;
  RingIndices to_agent;
  // Not initialized: the system's pages are zero.
  std::array<uint8_t, kRingBytes> to_child_bytes;
  std::array<uint8_t, kRingBytes> to_agent_bytes;
};

absl::StatusOr<std::unique_ptr<Channel>> Channel::Create() {
  const int descriptor = memfd_create("pointsman-cardd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return SystemError("memfd_create");
  void* memory = MAP_FAILED;
  // Sealed, so that nobody can make it shorter under the other side's feet.
  if (ftruncate(descriptor, sizeof(Memory)) == 0 &&
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    memory = mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  }
  if (memory == MAP_FAILED) {
    absl::Status status = SystemError("mmap");
    close(descriptor);
    return status;
  }
  auto* shared = new (memory) Memory;
  shared->parent = getpid();
  return std::unique_ptr<Channel>(new Channel(descriptor, shared, Side::kAgent));
}

absl::StatusOr<std::unique_ptr<Channel>> Channel::Open(int descriptor) {
  struct stat file {};
  if (fstat(descriptor, &file) != 0 || file.st_size != sizeof(Memory) ||
      (fcntl(descriptor, F_GET_SEALS) & F_SEAL_SHRINK) == 0) {
    return absl::InvalidArgumentError(
        fmt::format("descriptor {} is no channel: `pointsman agent` starts this", descriptor));
  }
  void* memory = mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return SystemError("mmap");
  auto* shared = static_cast<Memory*>(memory);
  if (shared->magic != kMagic || shared->version != kVersion ||
      shared->layout_hash != kLayoutHash) {
    munmap(memory, sizeof(Memory));
    return absl::InvalidArgumentError(
        fmt::format("descriptor {} is a channel of another version of pointsman", descriptor));
  }
  return std::unique_ptr<Channel>(new Channel(descriptor, shared, Side::kChild));
}

Channel::Channel(int descriptor, Memory* memory, Side side)
    : descriptor_(descriptor), memory_(memory) {
  if (side == Side::kAgent) {
    writer_.emplace(memory->to_child, memory->to_child_bytes);
    reader_.emplace(memory->to_agent, memory->to_agent_bytes);
  } else {
    writer_.emplace(memory->to_agent, memory->to_agent_bytes);
    reader_.emplace(memory->to_child, memory->to_child_bytes);
  }
}

Channel::~Channel() {
  munmap(memory_, sizeof(Memory));
  close(descriptor_);
}

void Channel::Beat() { memory_->beats.fetch_add(1, std::memory_order_relaxed); }

uint64_t Channel::beats() const { return memory_->beats.load(std::memory_order_relaxed); }

void Channel::RequestStop() { memory_->stop.store(1, std::memory_order_relaxed); }

bool Channel::stop_requested() const { return memory_->stop.load(std::memory_order_relaxed) != 0; }

pid_t Channel::parent() const { return memory_->parent; }

}  // namespace pointsman::cardd
