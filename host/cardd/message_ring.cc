#include "host/cardd/message_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace pointsman::cardd {
namespace {

constexpr size_t kHeaderBytes = 8;  // the length; the upper half is 0

constexpr size_t SpaceFor(size_t message_bytes) {
  return kHeaderBytes + (message_bytes + 7) / 8 * 8;
}

}  // namespace

absl::StatusOr<bool> RingWriter::Write(std::span<const uint8_t> message) {
  if (message.size() > kMessageBytesMax) {
    return absl::InvalidArgumentError(fmt::format("a message of {} bytes, at most {} are allowed",
                                                  message.size(), kMessageBytesMax));
  }
  const uint64_t held = written_ - indices_.read.load(std::memory_order_acquire);
  if (held > bytes_.size()) {
    return absl::InternalError(
        fmt::format("channel: the reader's index is impossible: {} of {} bytes are to be read",
                    held, bytes_.size()));
  }
  if (bytes_.size() - held < SpaceFor(message.size())) return false;
  const uint64_t length = message.size();
  std::array<uint8_t, kHeaderBytes> header;
  std::memcpy(header.data(), &length, sizeof(length));
  Copy(header, written_);
  Copy(message, written_ + kHeaderBytes);
  written_ += SpaceFor(message.size());
  indices_.written.store(written_, std::memory_order_release);
  return true;
}

void RingWriter::Copy(std::span<const uint8_t> from, uint64_t at) {
  const size_t place = at & (bytes_.size() - 1);
  const size_t first = std::min(from.size(), bytes_.size() - place);
  if (first != 0) std::memcpy(bytes_.data() + place, from.data(), first);
  if (first != from.size()) {
    std::memcpy(bytes_.data(), from.data() + first, from.size() - first);
  }
}

absl::StatusOr<bool> RingReader::Read(std::vector<uint8_t>& message) {
  const uint64_t held = indices_.written.load(std::memory_order_acquire) - read_;
  if (held == 0) return false;
  if (held > bytes_.size() || held < kHeaderBytes) {
    return absl::InternalError(
        fmt::format("channel: the writer's index is impossible: {} of {} bytes are to be read",
                    held, bytes_.size()));
  }
  std::array<uint8_t, kHeaderBytes> header;
  Copy(read_, header);
  uint64_t length = 0;
  std::memcpy(&length, header.data(), sizeof(length));
  if (length > kMessageBytesMax || SpaceFor(length) > held) {
    return absl::InternalError(fmt::format(
        "channel: a message of {} bytes, of which {} can be there", length, held - kHeaderBytes));
  }
  message.resize(length);
  Copy(read_ + kHeaderBytes, message);
  read_ += SpaceFor(length);
  indices_.read.store(read_, std::memory_order_release);
  return true;
}

void RingReader::Copy(uint64_t at, std::span<uint8_t> to) const {
  const size_t place = at & (bytes_.size() - 1);
  const size_t first = std::min(to.size(), bytes_.size() - place);
  if (first != 0) std::memcpy(to.data(), bytes_.data() + place, first);
  if (first != to.size()) std::memcpy(to.data() + first, bytes_.data(), to.size() - first);
}

}  // namespace pointsman::cardd
