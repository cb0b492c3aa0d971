// What an agent and its `pointsman cardd` tell each other, as values and as bytes. Both are the
// same program, so bytes are only as portable as it is. Decoding takes any bytes: what it gives has
// fields within their types, and as many elements as are there; whether a table has a row is the
// receiver's to look at. Pure.
#ifndef POINTSMAN_HOST_CARDD_MESSAGES_H_
#define POINTSMAN_HOST_CARDD_MESSAGES_H_

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "driver/card.h"

namespace pointsman::cardd {

using Bytes = std::vector<uint8_t>;

// Elements of one message.
inline constexpr uint32_t kRowsMax = 256;
inline constexpr uint32_t kEventsMax = 256;

// To the child. Each but Frame is answered, in order.
struct WriteRequest {
  std::vector<RowWrite> rows;
};
struct ReadRequest {
  TableId table = TableId::kFrontends;
  uint32_t index = 0;
  uint32_t count = 0;
};
struct ConfigureRequest {
  CardSettings settings;
};
struct Frame {
  InjectLine line;
  Bytes frame;
};
struct InjectRequest {};  // the frames since the last one
struct HealthRequest {};
using Request =
    std::variant<WriteRequest, ReadRequest, ConfigureRequest, Frame, InjectRequest, HealthRequest>;

// To the agent.
struct Opened {
  CardDescription description;
};
struct Answer {
  absl::Status status;
  std::vector<RowBits> rows{};  // of a ReadRequest
  CardHealth health{};          // of a HealthRequest
};
struct Events {
  std::vector<LineBits> lines;  // of either family: EventLine::table says which
  uint32_t events_lost = 0;     // ever
};
// The card cannot be opened or has failed; the child ends.
struct Failed {
  absl::Status status;
};
using Report = std::variant<Opened, Answer, PuntedFrame, Events, Failed>;

// REQUIRES: at most kRowsMax rows, kEventsMax events.
Bytes Encode(const Request& request);
Bytes Encode(const Report& report);

// Internal: these are no such bytes; says where.
absl::StatusOr<Request> DecodeRequest(std::span<const uint8_t> bytes);
absl::StatusOr<Report> DecodeReport(std::span<const uint8_t> bytes);

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_MESSAGES_H_
