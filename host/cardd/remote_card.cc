#include "host/cardd/remote_card.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "driver/card_tables.h"
#include "driver/frame_limits.h"
#include "driver/status_macros.h"
#include "driver/wait.h"

namespace pointsman::cardd {
namespace {

constexpr std::chrono::milliseconds kEndDeadline(2000);

// Requests on their way at a time.
constexpr size_t kRequestsAhead = 16;

// A pause of whoever looks proves nothing about the child: no more than this of it counts.
constexpr std::chrono::milliseconds kLookMax(50);

absl::Status Impossible(const std::string& what) {
  return absl::InternalError("cardd tells what is impossible: " + what);
}

// Whether the fault says that the card, not the request, is wrong.
bool EndsUse(const absl::Status& status) {
  return !status.ok() && !absl::IsInvalidArgument(status) && !absl::IsOutOfRange(status) &&
         !absl::IsDataLoss(status);
}

// Tables are looked up by whatever the child says: no size is beyond what any card has.
absl::Status CheckDescription(const CardDescription& description) {
  constexpr uint32_t kRowsOfTableMax = 1 << 26;
  absl::Status status;
  ForEachSize(description.sizes, [&status](const char* table, uint32_t rows) {
    if (rows == 0 || rows > kRowsOfTableMax) {
      status = Impossible(fmt::format("table {} of {} rows", table, rows));
    }
  });
  if (description.frame_bytes_max < kFrameBytesMin ||
      description.frame_bytes_max > kMessageBytesMax / 2) {
    status = Impossible(fmt::format("frames of {} bytes", description.frame_bytes_max));
  }
  return status;
}

}  // namespace

RemoteCard::RemoteCard(std::unique_ptr<Channel> channel, std::unique_ptr<CardProcess> process,
                       const RemoteCardOptions& options)
    : options_(options),
      channel_(std::move(channel)),
      process_(std::move(process)),
      looked_(Clock::now()) {}

RemoteCard::~RemoteCard() {
  channel_->RequestStop();
  if (fault_.ok()) process_->AwaitEnd(kEndDeadline).IgnoreError();
}

absl::StatusOr<bool> RemoteCard::IsOpen() {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  POINTSMAN_RETURN_IF_ERROR(Settle(Collect()));
  return open_;
}

absl::Status RemoteCard::Settle(absl::Status status) {
  if (EndsUse(status)) fault_ = status;
  return status;
}

absl::Status RemoteCard::Send(const Request& request) {
  const Bytes bytes = Encode(request);
  const auto sent = Wait(options_.deadline, [&]() -> absl::StatusOr<WaitStep> {
    POINTSMAN_ASSIGN_OR_RETURN(const bool done, channel_->Send(bytes));
    if (done) return WaitStep::kDone;
    POINTSMAN_RETURN_IF_ERROR(Collect());
    return WaitStep::kNothing;
  });
  if (!sent.ok()) return sent.status();
  if (*sent == WaitResult::kDone) return absl::OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("cardd has taken no request for {} ms", options_.deadline.count()));
}

absl::StatusOr<Answer> RemoteCard::AwaitAnswer() {
  const auto there = Wait(options_.deadline, [this]() -> absl::StatusOr<WaitStep> {
    if (answers_.empty()) POINTSMAN_RETURN_IF_ERROR(Collect());
    return answers_.empty() ? WaitStep::kNothing : WaitStep::kDone;
  });
  if (!there.ok()) return there.status();
  if (*there == WaitResult::kTimedOut) {
    return absl::DeadlineExceededError(
        fmt::format("cardd has not answered for {} ms", options_.deadline.count()));
  }
  Answer answer = std::move(answers_.front());
  answers_.pop_front();
  return answer;
}

absl::StatusOr<Answer> RemoteCard::Ask(const Request& request) {
  POINTSMAN_RETURN_IF_ERROR(Send(request));
  return AwaitAnswer();
}

absl::Status RemoteCard::Collect() {
  POINTSMAN_RETURN_IF_ERROR(Drain());
  if (absl::Status ended = process_->Check(); !ended.ok()) {
    POINTSMAN_RETURN_IF_ERROR(Drain());  // it may have said why
    return ended;
  }
  return CheckHeartbeat();
}

absl::Status RemoteCard::Drain() {
  Bytes bytes;
  while (true) {
    POINTSMAN_ASSIGN_OR_RETURN(const bool there, channel_->Receive(bytes));
    if (!there) return absl::OkStatus();
    POINTSMAN_ASSIGN_OR_RETURN(Report report, DecodeReport(bytes));
    POINTSMAN_RETURN_IF_ERROR(Take(std::move(report)));
  }
}

// While the card is brought up nothing beats.
absl::Status RemoteCard::CheckHeartbeat() {
  const uint64_t beats = channel_->beats();
  const Clock::time_point now = Clock::now();
  if (beats != beats_ || !open_) {
    stood_still_ = {};
  } else {
    stood_still_ += std::min<Clock::duration>(now - looked_, kLookMax);
  }
  beats_ = beats;
  looked_ = now;
  if (stood_still_ < options_.hung_after) return absl::OkStatus();
  return absl::UnavailableError(fmt::format("cardd (process {}) stands still for {} ms",
                                            process_->pid(), options_.hung_after.count()));
}

absl::Status RemoteCard::Take(Report report) {
  if (const auto* failed = std::get_if<Failed>(&report)) {
    return failed->status.ok() ? Impossible("a failure without a reason") : failed->status;
  }
  if (auto* opened = std::get_if<Opened>(&report)) {
    if (open_) return Impossible("the card is opened twice");
    POINTSMAN_RETURN_IF_ERROR(CheckDescription(opened->description));
    description_ = std::move(opened->description);
    open_ = true;
    return absl::OkStatus();
  }
  if (!open_) return Impossible("the card speaks before it is opened");
  if (auto* answer = std::get_if<Answer>(&report)) {
    if (answers_.size() > kRequestsAhead) return Impossible("an answer to no request");
    answers_.push_back(std::move(*answer));
    return absl::OkStatus();
  }
  if (auto* punt = std::get_if<PuntedFrame>(&report)) return TakePunt(std::move(*punt));
  const auto& events = std::get<Events>(report);
  output_.events_lost = events.events_lost;
  for (const LineBits& line : events.lines) POINTSMAN_RETURN_IF_ERROR(TakeEvent(line));
  return absl::OkStatus();
}

absl::Status RemoteCard::TakePunt(PuntedFrame punt) {
  const PuntLine& line = punt.line;
  if (line.length != punt.frame.size() || line.length < kFrameBytesMin ||
      line.length > description_.frame_bytes_max || line.verdict > Verdict::kDrop ||
      line.ingress > Port::kNode || line.egress > Port::kNode) {
    return Impossible(fmt::format("a punted frame of {} bytes, verdict {}", line.length,
                                  static_cast<int>(line.verdict)));
  }
  output_.punts.push_back(std::move(punt));
  return absl::OkStatus();
}

absl::Status RemoteCard::TakeEvent(const LineBits& line) {
  const auto event = UnpackLine<EventLine>(line);
  const TableId table{event.table};
  const auto has = [this](TableId of, uint32_t row) {
    return FindRows(description_.sizes, of, row, 1).ok();
  };
  const bool ipv6 = table == TableId::kOriginalsIpv6;
  const bool parity = event.kind == EventKind::kParity;
  const bool kind_is_known = event.kind >= EventKind::kLearn && event.kind <= EventKind::kParity;
  if (!kind_is_known || !has(table, event.original_row) ||
      (!parity && !ipv6 && table != TableId::kOriginals) ||
      (!parity && !has(ipv6 ? TableId::kRepliesIpv6 : TableId::kReplies, event.reply_row))) {
    return Impossible(fmt::format("an event of kind {}, table {}, row {}",
                                  static_cast<int>(event.kind), event.table, event.original_row));
  }
  if (ipv6 && !parity) {
    output_.events_ipv6.push_back(UnpackLine<EventIpv6Line>(line));
  } else {
    output_.events.push_back(event);
  }
  return absl::OkStatus();
}

absl::Status RemoteCard::Write(std::span<const RowWrite> rows) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  for (const RowWrite& row : rows) {
    POINTSMAN_RETURN_IF_ERROR(FindRows(description_.sizes, row.table, row.index, 1).status());
  }
  absl::Status result;
  size_t asked = 0;
  for (size_t at = 0; at < rows.size() || asked > 0;) {
    if (at < rows.size() && asked < kRequestsAhead) {
      const auto part = rows.subspan(at, std::min<size_t>(kRowsMax, rows.size() - at));
      POINTSMAN_RETURN_IF_ERROR(Settle(Send(WriteRequest{{part.begin(), part.end()}})));
      at += part.size();
      ++asked;
      continue;
    }
    const absl::StatusOr<Answer> answer = AwaitAnswer();
    POINTSMAN_RETURN_IF_ERROR(Settle(answer.status()));
    --asked;
    if (result.ok()) result = answer->status;
    if (EndsUse(answer->status)) break;
  }
  return Settle(result);
}

absl::StatusOr<std::vector<RowBits>> RemoteCard::Read(TableId table, uint32_t index,
                                                      uint32_t count) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  POINTSMAN_RETURN_IF_ERROR(FindRows(description_.sizes, table, index, count).status());
  std::vector<RowBits> rows;
  rows.reserve(count);
  uint32_t asked_rows = 0;
  std::deque<uint32_t> asked;  // rows of each request on its way
  while (asked_rows < count || !asked.empty()) {
    if (asked_rows < count && asked.size() < kRequestsAhead) {
      const uint32_t part = std::min(kRowsMax, count - asked_rows);
      POINTSMAN_RETURN_IF_ERROR(Settle(Send(ReadRequest{table, index + asked_rows, part})));
      asked_rows += part;
      asked.push_back(part);
      continue;
    }
    const absl::StatusOr<Answer> answer = AwaitAnswer();
    POINTSMAN_RETURN_IF_ERROR(Settle(answer.status()));
    POINTSMAN_RETURN_IF_ERROR(Settle(answer->status));
    if (answer->rows.size() != asked.front()) {
      return Settle(
          Impossible(fmt::format("{} rows for {} asked for", answer->rows.size(), asked.front())));
    }
    asked.pop_front();
    rows.insert(rows.end(), answer->rows.begin(), answer->rows.end());
  }
  return rows;
}

absl::Status RemoteCard::Configure(const CardSettings& settings) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  const absl::StatusOr<Answer> answer = Ask(ConfigureRequest{settings});
  return Settle(answer.ok() ? answer->status : answer.status());
}

absl::Status RemoteCard::Inject(std::span<const InjectedFrame> frames) {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  for (const InjectedFrame& frame : frames) {
    if (frame.frame.size() > description_.frame_bytes_max) {
      return absl::InvalidArgumentError(fmt::format("a frame of {} bytes, the card takes {}",
                                                    frame.frame.size(),
                                                    description_.frame_bytes_max));
    }
  }
  for (const InjectedFrame& frame : frames) {
    POINTSMAN_RETURN_IF_ERROR(
        Settle(Send(Frame{frame.line, {frame.frame.begin(), frame.frame.end()}})));
  }
  const absl::StatusOr<Answer> answer = Ask(InjectRequest{});
  return Settle(answer.ok() ? answer->status : answer.status());
}

absl::StatusOr<CardOutput> RemoteCard::Poll() {
  // What it said last is told before that it has failed.
  const absl::Status status = fault_.ok() ? Settle(Collect()) : fault_;
  const bool nothing_left =
      output_.punts.empty() && output_.events.empty() && output_.events_ipv6.empty();
  if (!status.ok() && nothing_left) return status;
  CardOutput output = std::exchange(output_, CardOutput{});
  output_.events_lost = output.events_lost;
  return output;
}

absl::StatusOr<CardHealth> RemoteCard::Health() {
  POINTSMAN_RETURN_IF_ERROR(fault_);
  absl::StatusOr<Answer> answer = Ask(HealthRequest{});
  POINTSMAN_RETURN_IF_ERROR(Settle(answer.status()));
  POINTSMAN_RETURN_IF_ERROR(Settle(answer->status));
  return std::move(answer->health);
}

absl::Status ChildCardSource::Begin() {
  opening_.reset();
  POINTSMAN_ASSIGN_OR_RETURN(std::unique_ptr<Channel> channel, Channel::Create());
  POINTSMAN_ASSIGN_OR_RETURN(std::unique_ptr<CardProcess> process,
                             CardProcess::Start(command_, channel->descriptor()));
  command_ = later_;
  opening_ = std::make_unique<RemoteCard>(std::move(channel), std::move(process), options_);
  deadline_ = std::chrono::steady_clock::now() + options_.open_deadline;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Card>> ChildCardSource::Take() {
  if (opening_ == nullptr) return absl::FailedPreconditionError("no card has been begun");
  const absl::StatusOr<bool> open = opening_->IsOpen();
  if (open.ok() && *open) return std::move(opening_);
  if (!open.ok()) {
    opening_.reset();
    return open.status();
  }
  if (std::chrono::steady_clock::now() < deadline_) return std::unique_ptr<Card>();
  opening_.reset();
  return absl::DeadlineExceededError(
      fmt::format("the card is not up after {} ms", options_.open_deadline.count()));
}

}  // namespace pointsman::cardd
