#include "host/cardd/card_server.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "driver/status_macros.h"

namespace pointsman::cardd {
namespace {

constexpr std::chrono::microseconds kNap(50);
constexpr int kRequestsARound = 64;
constexpr size_t kFramesMax = 4096;

// What may follow in one message.
std::vector<Events> EventsOf(const CardOutput& output) {
  std::vector<LineBits> lines;
  for (const EventLine& event : output.events) lines.push_back(PackLine(event));
  for (const EventIpv6Line& event : output.events_ipv6) lines.push_back(PackLine(event));
  std::vector<Events> messages;
  for (size_t at = 0; at == 0 || at < lines.size(); at += kEventsMax) {
    const size_t count = std::min<size_t>(kEventsMax, lines.size() - at);
    Events& events = messages.emplace_back();
    events.events_lost = output.events_lost;
    events.lines.assign(lines.begin() + ptrdiff_t(at), lines.begin() + ptrdiff_t(at + count));
  }
  return messages;
}

}  // namespace

void TellFailure(Channel& channel, const absl::Status& status) {
  channel.Send(Encode(Report(Failed{status}))).IgnoreError();
}

absl::Status CardServer::Run() {
  absl::Status status = Serve();
  if (!status.ok()) TellFailure(channel_, status);
  return status;
}

absl::Status CardServer::Serve() {
  to_send_.push_back(Encode(Report(Opened{card_.description()})));
  while (!channel_.stop_requested()) {
    channel_.Beat();
    POINTSMAN_ASSIGN_OR_RETURN(const bool asked, DoRequests());
    bool told = false;
    if (to_send_.empty()) {
      POINTSMAN_ASSIGN_OR_RETURN(told, TakeOutput());
    }
    POINTSMAN_RETURN_IF_ERROR(Flush());
    if (!asked && !told) std::this_thread::sleep_for(kNap);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CardServer::DoRequests() {
  Bytes bytes;
  for (int done = 0; done < kRequestsARound; ++done) {
    POINTSMAN_ASSIGN_OR_RETURN(const bool there, channel_.Receive(bytes));
    if (!there) return done != 0;
    channel_.Beat();
    POINTSMAN_ASSIGN_OR_RETURN(Request request, DecodeRequest(bytes));
    if (auto* frame = std::get_if<Frame>(&request)) {
      if (frames_.size() == kFramesMax) {
        return absl::InternalError("channel: too many frames without a request to inject them");
      }
      frames_.push_back(std::move(*frame));
      continue;
    }
    Answer answer = std::visit(
        [this](const auto& body) -> Answer {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(body)>, Frame>) {
            return {};
          } else {
            return Do(body);
          }
        },
        request);
    to_send_.push_back(Encode(Report(std::move(answer))));
    POINTSMAN_RETURN_IF_ERROR(Flush());
  }
  return true;
}

absl::StatusOr<bool> CardServer::TakeOutput() {
  POINTSMAN_ASSIGN_OR_RETURN(CardOutput output, card_.Poll());
  const bool events = !output.events.empty() || !output.events_ipv6.empty();
  if (events || output.events_lost != events_lost_) {
    events_lost_ = output.events_lost;
    for (Events& message : EventsOf(output)) to_send_.push_back(Encode(Report(std::move(message))));
  }
  const bool any = events || !output.punts.empty();
  for (PuntedFrame& punt : output.punts) to_send_.push_back(Encode(Report(std::move(punt))));
  return any;
}

absl::Status CardServer::Flush() {
  while (!to_send_.empty()) {
    POINTSMAN_ASSIGN_OR_RETURN(const bool sent, channel_.Send(to_send_.front()));
    if (!sent) return absl::OkStatus();
    to_send_.pop_front();
  }
  return absl::OkStatus();
}

Answer CardServer::Do(const WriteRequest& request) { return {.status = card_.Write(request.rows)}; }

Answer CardServer::Do(const ReadRequest& request) {
  auto rows = card_.Read(request.table, request.index, request.count);
  if (!rows.ok()) return {.status = rows.status()};
  return {.status = absl::OkStatus(), .rows = *std::move(rows)};
}

Answer CardServer::Do(const ConfigureRequest& request) {
  return {.status = card_.Configure(request.settings)};
}

Answer CardServer::Do(const InjectRequest&) {
  std::vector<InjectedFrame> frames;
  for (const Frame& frame : frames_) frames.push_back({.line = frame.line, .frame = frame.frame});
  absl::Status status = card_.Inject(frames);
  frames_.clear();
  return {.status = std::move(status)};
}

Answer CardServer::Do(const HealthRequest&) {
  auto health = card_.Health();
  if (!health.ok()) return {.status = health.status()};
  return {.status = absl::OkStatus(), .health = *std::move(health)};
}

}  // namespace pointsman::cardd
