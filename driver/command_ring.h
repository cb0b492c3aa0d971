// The command ring and its answers (docs/card.md, "Rings"): rows of tables, written and read.
#ifndef POINTSMAN_DRIVER_COMMAND_RING_H_
#define POINTSMAN_DRIVER_COMMAND_RING_H_

#include <chrono>
#include <cstdint>
#include <span>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "driver/line_ring.h"
#include "driver/status_page.h"
#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

class CommandRing {
 public:
  // Rings as long as each other. `transport` and `status` are borrowed and outlive this.
  CommandRing(Transport& transport, StatusPage& status, LineRing commands, LineRing responses,
              std::chrono::milliseconds deadline);

  // Called with a command's place in `commands` and the row of its answer.
  using OnRow = absl::FunctionRef<void(size_t, const RowBits&)>;

  // Has the card do any number of commands in order, one doorbell for each ringful, and waits for
  // all answers.
  // Errors: DeadlineExceeded when no answer came for the deadline; Internal when an answer does not
  // fit its command, says that the command could not be done (names table and row), or the status
  // line is impossible. After an error the ring must not be used again.
  absl::Status Execute(std::span<const CommandLine> commands, OnRow on_row);

 private:
  absl::Status ExecuteRingful(std::span<const CommandLine> commands, size_t place, OnRow on_row);
  absl::Status WaitForAnswers();

  Transport* transport_;
  StatusPage* status_;
  LineRing commands_;
  LineRing responses_;
  std::chrono::milliseconds deadline_;
  uint32_t head_ = 0;  // lines answered
  uint32_t tail_ = 0;  // lines written
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_COMMAND_RING_H_
