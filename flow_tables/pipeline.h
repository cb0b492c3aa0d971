// What happens to a packet: the rule of docs/card.md, as the software path runs it and as the RTL
// is compared with it. Not thread-safe; one pipeline a core.
#ifndef POINTSMAN_FLOW_TABLES_PIPELINE_H_
#define POINTSMAN_FLOW_TABLES_PIPELINE_H_

#include <cstdint>
#include <memory>
#include <span>

#include "flow_tables/connections.h"
#include "flow_tables/image.h"

namespace pointsman {

// A frame without FCS, changed in place when it is translated. Borrowed for the call.
struct Packet {
  std::span<uint8_t> frame;
  Port ingress = Port::kUplink;
  uint8_t attempt =
      0;  // which candidate for the source port of a new connection, 0..kSourcePortAttempts-1
};

struct Outcome {
  Verdict verdict = Verdict::kPass;
  Reason reason = Reason::kNone;
  Port egress = Port::kUplink;    // for pass and forward
  uint16_t frontend_counter = 0;  // for forward
  uint32_t endpoint = 0;          // for forward
  bool learned = false;           // a connection was recorded, whatever the verdict
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Pipeline {
 public:
  // Starts with no connections and room for as many as image->sizes says.
  explicit Pipeline(std::shared_ptr<const Image> image);

  // Packets that come later meet this image; connections stay.
  void SetImage(std::shared_ptr<const Image> image);

  // Mode offload of docs/card.md. One packet sees the connections recorded by those before it, in a
  // batch too. REQUIRES: packets.size() == outcomes.size().
  void Process(std::span<Packet> packets, std::span<Outcome> outcomes);

  Connections& connections() { return connections_; }

 private:
  std::shared_ptr<const Image> image_;
  Connections connections_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PIPELINE_H_
