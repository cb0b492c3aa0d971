// What runs packets by the rule of docs/card.md: the software pipeline, the simulated card or a
// real one. Whoever holds an Executor cannot tell which it is.
//
// Not thread-safe. After an error of Adopt or Run an executor is of no more use.
#ifndef POINTSMAN_HOST_DATAPATH_EXECUTOR_H_
#define POINTSMAN_HOST_DATAPATH_EXECUTOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flow_tables/flow.h"
#include "flow_tables/pipeline.h"
#include "flow_tables/plan.h"

namespace pointsman {

// A frame as a port received it; the rest as in Packet.
struct PendingPacket {
  Port ingress = Port::kUplink;
  uint8_t attempt = 0;
  std::vector<uint8_t> frame{};
  std::optional<uint32_t> directed_endpoint{};
};

// What became of it: the bytes that leave for pass and forward, else those that came.
struct ExecutedPacket {
  Outcome outcome;
  std::vector<uint8_t> frame;
};

class Executor {
 public:
  virtual ~Executor() = default;

  // Rows its tables hold.
  virtual const CardSizes& sizes() const = 0;

  // Takes over `image`; `plan` leads there from the image before. Errors: those of Card::Write.
  virtual absl::Status Adopt(const Plan& plan, std::shared_ptr<const Image> image) = 0;

  // Rows of table affinity, which is no part of an image. Errors: those of Card::Write.
  virtual absl::Status Write(std::span<const RowWrite> writes) = 0;

  // Forgets every connection.
  virtual absl::Status Forget() = 0;

  // The time is `tick` from now on (flow_tables/connection_life.h), and connections that are over
  // are gone. Errors: DeadlineExceeded, those of Card.
  virtual absl::Status Age(uint32_t tick) = 0;

  // What the connection that a packet of this key belongs to makes of it; nothing: there is none.
  virtual std::optional<FlowKey> TranslationOf(const FlowKey& key) = 0;

  // Runs packets in order; result i belongs to packet i. Errors: DeadlineExceeded if a packet does
  // not come back, Internal if one comes back that was not sent; those of Card.
  virtual absl::StatusOr<std::vector<ExecutedPacket>> Run(
      std::span<const PendingPacket> packets) = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_DATAPATH_EXECUTOR_H_
