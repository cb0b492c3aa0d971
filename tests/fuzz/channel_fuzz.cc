// Any bytes as what the other process writes: indices and messages of a ring. Reading gives a
// message or an error and stays inside the ring; a message decodes, and encodes to the same bytes,
// or is refused.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "host/cardd/message_ring.h"
#include "host/cardd/messages.h"

namespace pointsman::cardd {
namespace {

// What decodes is a value: its bytes decode to the same bytes again.
void CheckMessage(const Bytes& message) {
  if (const auto request = DecodeRequest(message); request.ok()) {
    const Bytes bytes = Encode(*request);
    const auto again = DecodeRequest(bytes);
    if (!again.ok() || Encode(*again) != bytes) abort();
  }
  if (const auto report = DecodeReport(message); report.ok()) {
    const Bytes bytes = Encode(*report);
    const auto again = DecodeReport(bytes);
    if (!again.ok() || Encode(*again) != bytes) abort();
  }
}

void Run(std::span<const uint8_t> data) {
  CheckMessage({data.begin(), data.end()});
  static Bytes memory(2 * kMessageBytesMax);
  RingIndices indices;
  RingReader reader(indices, memory);
  RingIndices other;
  RingWriter writer(other, memory);
  // Each step: an index, then what is in front of the ring.
  constexpr size_t kStepBytes = 64;
  while (data.size() > sizeof(uint64_t)) {
    uint64_t index = 0;
    std::memcpy(&index, data.data(), sizeof(index));
    data = data.subspan(sizeof(index));
    const auto content = data.first(std::min(data.size(), kStepBytes));
    data = data.subspan(content.size());
    std::memcpy(memory.data(), content.data(), content.size());
    indices.written = index;
    Bytes message;
    const auto there = reader.Read(message);
    if (there.ok() && *there) CheckMessage(message);
    if (message.size() > kMessageBytesMax) abort();
    other.read = index;
    writer.Write(content).IgnoreError();
  }
}

}  // namespace
}  // namespace pointsman::cardd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pointsman::cardd::Run({data, size});
  return 0;
}
