#include "driver/command_ring.h"

#include <fmt/format.h>

#include <algorithm>

#include "driver/card_tables.h"
#include "driver/registers.h"
#include "driver/status_macros.h"
#include "driver/wait.h"

namespace pointsman {
namespace {

std::string Describe(const CommandLine& command) {
  const auto tables = CardTables();
  const auto table = std::ranges::find(tables, TableId{command.table}, &CardTable::id);
  return fmt::format("{} of {}[{}]", Name(command.op), table == tables.end() ? "?" : table->name,
                     command.index);
}

absl::Status CheckAnswer(const CommandLine& command, const ResponseLine& response) {
  if (response.op != command.op || response.table != command.table ||
      response.index != command.index) {
    return absl::InternalError(
        fmt::format("response ring: the answer to {} is for op {} table {} row {}",
                    Describe(command), int(response.op), response.table, response.index));
  }
  if (response.status != CommandStatus::kOk) {
    return absl::InternalError(fmt::format("command ring: the card could not do {}: status {} ({})",
                                           Describe(command), int(response.status),
                                           Name(response.status)));
  }
  return absl::OkStatus();
}

}  // namespace

CommandRing::CommandRing(Transport& transport, StatusPage& status, LineRing commands,
                         LineRing responses, std::chrono::milliseconds deadline)
    : transport_(&transport),
      status_(&status),
      commands_(std::move(commands)),
      responses_(std::move(responses)),
      deadline_(deadline) {}

absl::Status CommandRing::Execute(std::span<const CommandLine> commands, OnRow on_row) {
  for (size_t place = 0; place < commands.size(); place += commands_.lines()) {
    const size_t count = std::min<size_t>(commands.size() - place, commands_.lines());
    POINTSMAN_RETURN_IF_ERROR(ExecuteRingful(commands.subspan(place, count), place, on_row));
  }
  return absl::OkStatus();
}

absl::Status CommandRing::ExecuteRingful(std::span<const CommandLine> commands, size_t place,
                                         OnRow on_row) {
  const uint32_t first = tail_;
  for (const CommandLine& command : commands) commands_.Put(tail_++, PackLine(command));
  POINTSMAN_RETURN_IF_ERROR(commands_.SyncToCard(first, tail_ - first));
  POINTSMAN_RETURN_IF_ERROR(WriteRegister(*transport_, RegisterOffset::kCommandTail, tail_));
  POINTSMAN_RETURN_IF_ERROR(WaitForAnswers());
  POINTSMAN_RETURN_IF_ERROR(responses_.SyncFromCard(first, tail_ - first));
  for (uint32_t i = 0; i < commands.size(); ++i) {
    const auto response = UnpackLine<ResponseLine>(responses_.Get(first + i));
    POINTSMAN_RETURN_IF_ERROR(CheckAnswer(commands[i], response));
    on_row(place + i, response.row);
  }
  return absl::OkStatus();
}

absl::Status CommandRing::WaitForAnswers() {
  const auto look = [this]() -> absl::StatusOr<WaitStep> {
    POINTSMAN_ASSIGN_OR_RETURN(const StatusLine line, status_->Refresh());
    if (line.command_head - head_ > tail_ - head_) {
      return absl::InternalError(
          fmt::format("status line: command-head is {}, impossible between {} lines answered and "
                      "{} written",
                      line.command_head, head_, tail_));
    }
    const bool moved = line.command_head != head_;
    head_ = line.command_head;
    if (head_ == tail_) return WaitStep::kDone;
    return moved ? WaitStep::kProgress : WaitStep::kNothing;
  };
  POINTSMAN_ASSIGN_OR_RETURN(const WaitResult result, Wait(deadline_, look));
  if (result == WaitResult::kDone) return absl::OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("command ring: no answer for {} ms, command-head stands at {} of {}",
                  deadline_.count(), head_, tail_));
}

}  // namespace pointsman
