#include "host/softpath/cut_up.h"

#include <algorithm>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/packet.h"

namespace pointsman {
namespace {

constexpr uint16_t kDoNotFragment = 0x4000;
constexpr size_t kUnitBytes = 8;  // of fragment offsets
constexpr uint8_t kEndOfOptions = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kCopied = 0x80;

// Options that later fragments do not have become No Operation, so that lengths stay.
void BlankOptions(std::span<uint8_t> options) {
  for (size_t at = 0; at < options.size();) {
    if (options[at] == kEndOfOptions) return;
    if (options[at] == kNoOperation) {
      ++at;
      continue;
    }
    const bool has_length = at + 1 < options.size();
    const size_t bytes = has_length ? options[at + 1] : 0;
    if (bytes < 2 || bytes > options.size() - at) return;
    if ((options[at] & kCopied) == 0) {
      std::ranges::fill(options.subspan(at, bytes), kNoOperation);
    }
    at += bytes;
  }
}

std::vector<uint8_t> Piece(std::span<const uint8_t> headers, std::span<const uint8_t> body,
                           uint16_t fragment, bool first) {
  std::vector<uint8_t> piece(headers.begin(), headers.end());
  piece.insert(piece.end(), body.begin(), body.end());
  uint8_t* at = piece.data();
  if (!first) BlankOptions({at + kTransportOffset, headers.size() - kTransportOffset});
  StoreBe16(at + kTotalLengthOffset, static_cast<uint16_t>(piece.size() - kIpv4Offset));
  StoreBe16(at + kFragmentOffset, fragment);
  StoreBe16(at + kIpv4ChecksumOffset, 0);
  StoreBe16(at + kIpv4ChecksumOffset,
            InternetChecksum({at + kIpv4Offset, headers.size() - kIpv4Offset}));
  return piece;
}

}  // namespace

std::vector<std::vector<uint8_t>> CutUp(std::span<const uint8_t> frame, size_t mtu_bytes) {
  const uint8_t* bytes = frame.data();
  const size_t header_bytes = (bytes[kIpv4Offset] & 0x0f) * size_t{4};
  const size_t total = LoadBe16(bytes + kTotalLengthOffset);
  const uint16_t fragment = LoadBe16(bytes + kFragmentOffset);
  if ((fragment & kDoNotFragment) != 0 || mtu_bytes < header_bytes + kUnitBytes) return {};
  // What is wrong must stay wrong, and fragments get new checksums.
  if (InternetChecksum(frame.subspan(kIpv4Offset, header_bytes)) != 0) return {};
  const size_t step = (mtu_bytes - header_bytes) / kUnitBytes * kUnitBytes;
  const auto headers = frame.first(kIpv4Offset + header_bytes);
  const auto body = frame.subspan(kIpv4Offset + header_bytes, total - header_bytes);
  std::vector<std::vector<uint8_t>> pieces;
  for (size_t at = 0; at < body.size(); at += step) {
    const size_t count = std::min(step, body.size() - at);
    const bool more = (fragment & kMoreFragments) != 0 || at + count < body.size();
    const size_t position = (fragment & kFragmentPosition) + at / kUnitBytes;
    if (position > kFragmentPosition) return {};
    const auto field = static_cast<uint16_t>(position | (more ? kMoreFragments : 0));
    pieces.push_back(Piece(headers, body.subspan(at, count), field, at == 0));
  }
  return pieces;
}

}  // namespace pointsman
