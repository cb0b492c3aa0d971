// Any bytes go through the pipeline and, where they are punted, into an answer. The first byte
// chooses port and attempt.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "flow_tables/answer.h"
#include "flow_tables/pipeline.h"
#include "tests/support/image_builder.h"

namespace pointsman {
namespace {

// Every port of 10.96.0.1 below 64 is a frontend, for TCP and UDP, with all kinds of halves.
std::shared_ptr<const Image> MakeImage() {
  CardSizes sizes = kSimSizes;
  sizes.originals = 64;
  ImageBuilder builder(sizes);
  const uint16_t hop = builder.AddNextHop({Port::kNode, {0x02000000aa01}, {0x02000000aa02}});
  builder.AddSource({0x0af40000}, 16, ClientClass::kLocalPod, hop);
  const uint32_t base = builder.AddSlots(
      {builder.AddEndpoint({0x0af40005}, 8080, hop), builder.AddEndpoint({0x0af40006}, 80, 9)});
  for (uint16_t i = 0; i < 128; ++i) {
    builder.AddFrontend({.destination_address = 0x0a600001,
                         .destination_port = static_cast<uint16_t>(i / 2),
                         .protocol = static_cast<uint8_t>(i % 2 == 0 ? 6 : 17),
                         .outside_action = static_cast<FrontendAction>(i / 2 % 3),
                         .outside_masquerade = i % 8 < 4,
                         .outside_slots_log2 = 1,
                         .outside_slots_base = base,
                         .inside_slots_log2 = 1,
                         .inside_slots_base = base});
  }
  return std::make_shared<const Image>(std::move(builder.image()));
}

void Check(bool holds) {
  if (!holds) std::abort();
}

void Fuzz(const uint8_t* data, size_t size) {
  static Pipeline pipeline(MakeImage());
  if (size == 0) return;
  const Port ingress = (data[0] & 1) == 0 ? Port::kUplink : Port::kNode;
  // On the heap with nothing behind it, so that AddressSanitizer sees a byte too many.
  const std::unique_ptr<uint8_t[]> frame(new uint8_t[size - 1]);
  std::copy_n(data + 1, size - 1, frame.get());
  Packet packet{.frame = {frame.get(), size - 1},
                .ingress = ingress,
                .attempt = static_cast<uint8_t>(data[0] >> 4)};
  Outcome outcome;
  pipeline.Process({&packet, 1}, {&outcome, 1});
  if (outcome.verdict != Verdict::kForward) {
    Check(std::equal(data + 1, data + size, frame.get()));
  }
  const Answer answer = MakeAnswer(packet.frame, ingress, outcome.reason, {0xc0a80002});
  Check((answer.kind == AnswerKind::kReply) == !answer.frame.empty());
}

}  // namespace
}  // namespace pointsman

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pointsman::Fuzz(data, size);
  return 0;
}
