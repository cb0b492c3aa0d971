#include "sim/card/pipeline_trace.h"

#include <algorithm>
#include <string>
#include <utility>

#include "flow_tables/flow.h"
#include "flow_tables/packet.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

using Arguments = TraceEvents::Arguments;

constexpr uint32_t kCommandsTrack = 1;
// A stage's tracks: from here on, so many numbers a stage.
constexpr uint32_t kStageTracks = 100;
// Accesses further apart than this are not one run.
constexpr uint64_t kRunGapClocks = 64;

uint32_t TrackNumber(size_t stage, size_t place) {
  return static_cast<uint32_t>((stage + 1) * kStageTracks + place);
}

uint32_t Clocks(const PipelineStage& stage) { return stage.last_clock - stage.first_clock + 1; }

// Headers are in the first beat; what follows it is nobody's business here.
std::vector<uint8_t> FrameOf(const PacketIn& packet) {
  std::vector<uint8_t> frame(packet.first_beat.begin(), packet.first_beat.end());
  frame.resize(packet.length_bytes);
  return frame;
}

std::optional<FlowKey> LookedUp(const PacketIn& packet) {
  if (packet.mode != Mode::kOffload || packet.transmit) return std::nullopt;
  const std::vector<uint8_t> frame = FrameOf(packet);
  const Parsed parsed = Parse(frame);
  if (parsed.kind == ParseKind::kTuple) return ToFlowKey(parsed.tuple);
  const ParsedIpv6 ipv6 = ParseOther(frame, /*host_forwards_sctp=*/false);
  if (ipv6.kind == ParseKind::kTuple) return ToFlowKey(ipv6.tuple);
  return std::nullopt;
}

// The connection that stands in the tables is the packet's if the card says the same of it.
bool Used(const RecordedConnection& connection, const PacketOut& out) {
  if (out.learned) return true;
  if (out.verdict == Verdict::kForward) {
    return connection.frontend_counter == out.frontend_counter &&
           connection.endpoint == out.endpoint;
  }
  return out.reason == Reason::kTtlExpired || out.reason == Reason::kNoNextHop;
}

std::string FateText(const PacketOut& out) {
  if (out.reason == Reason::kNone) return Name(out.verdict);
  return fmt::format("{} ({})", Name(out.verdict), Name(out.reason));
}

void AddFlow(const PacketIn& packet, Arguments& arguments) {
  const std::optional<Flow> flow = ParseFlow(FrameOf(packet));
  if (!flow) return;
  arguments["source"] = Describe(flow->key.source);
  arguments["source-port"] = flow->key.source_port;
  arguments["destination"] = Describe(flow->key.destination);
  arguments["destination-port"] = flow->key.destination_port;
  arguments["protocol"] = Name(flow->key.protocol);
}

void AddRow(const char* table, const std::optional<uint32_t>& row, Arguments& rows) {
  if (row) rows[table] = *row;
}

// By table, of those that the packet's fate depends on.
Arguments Rows(const FlowKey& key, const ServiceRows& service,
               const std::optional<RecordedConnection>& connection, const PacketOut& out) {
  Arguments rows = Arguments::object();
  if (!connection || out.learned) {
    AddRow("sources", service.source, rows);
    AddRow("frontends", service.frontend, rows);
    AddRow("affinity", service.affinity, rows);
    // A slot that does not lead to the endpoint changed while the packet was on its way.
    if (!connection || service.endpoint == connection->endpoint)
      AddRow("slots", service.slot, rows);
    AddRow("endpoints", service.endpoint, rows);
  }
  if (!connection) return rows;
  rows["endpoints"] = connection->endpoint;
  const bool v4 = key.source.is_v4();
  if (out.learned || !connection->reply)
    rows[Name(v4 ? TableId::kOriginals : TableId::kOriginalsIpv6)] = connection->original_row;
  if (out.learned || connection->reply)
    rows[Name(v4 ? TableId::kReplies : TableId::kRepliesIpv6)] = connection->reply_row;
  rows["next-hops"] = connection->next_hop;
  return rows;
}

Arguments DescribePacket(uint64_t number, const PacketIn& in, const PacketOut& out) {
  Arguments arguments = {{"packet", number},
                         {"verdict", Name(out.verdict)},
                         {"reason", Name(out.reason)},
                         {"ingress", Name(in.ingress)}};
  if (out.verdict == Verdict::kPass || out.verdict == Verdict::kForward)
    arguments["egress"] = Name(out.egress);
  arguments["bytes"] = in.length_bytes;
  if (in.injected) arguments["inject-tag"] = in.tag;
  if (in.attempt != 0) arguments["attempt"] = in.attempt;
  AddFlow(in, arguments);
  return arguments;
}

}  // namespace

PipelineTrace::PipelineTrace(TraceEvents::Write write)
    : events_(std::move(write), "card (1 us is 1 clock)") {
  events_.NameTrack(kCommandsTrack, "commands");
  for (size_t stage = 0; stage < kPipelineStageCount; ++stage) AddTrack(stage);
}

void PipelineTrace::OnPacketIn(const PacketIn& packet) {
  Inside inside{.packet = packet, .key = LookedUp(packet), .rows = {}};
  if (inside.key) {
    inside.rows = tables_.FindService(*inside.key, packet.slot_hash_seed, packet.directed_endpoint);
  }
  inside_.push_back(inside);
}

void PipelineTrace::OnPacketOut(const PacketOut& packet) {
  if (inside_.empty()) return;  // it entered before anybody watched
  const Inside inside = inside_.front();
  inside_.pop_front();
  latency_clocks_ = packet.clock - inside.packet.clock;
  Arguments arguments = DescribePacket(packets_, inside.packet, packet);
  if (inside.key) {
    std::optional<RecordedConnection> connection = tables_.FindConnection(*inside.key);
    if (connection && !Used(*connection, packet)) connection.reset();
    if (connection) arguments["connection"] = packet.learned ? "recorded" : "known";
    arguments["rows"] = Rows(*inside.key, inside.rows, connection, packet);
  }
  const std::string name = fmt::format("#{} {}", packets_++, FateText(packet));
  for (size_t i = 0; i < kPipelineStageCount; ++i) {
    const PipelineStage& stage = kPipelineStages[i];
    const uint64_t clock = inside.packet.clock + stage.first_clock - 1;
    events_.Slice(TakeTrack(i, clock), name, clock, Clocks(stage), arguments);
  }
}

void PipelineTrace::OnRowAccess(const RowAccess& access) {
  if (access.write) tables_.Write(access.table, access.index, access.row);
  if (!Continues(access)) {
    EndRun();
    run_ =
        Run{.first = access, .last = access, .first_row = access.index, .last_row = access.index};
  }
  run_->last = access;
  run_->first_row = std::min(run_->first_row, access.index);
  run_->last_row = std::max(run_->last_row, access.index);
  ++run_->accesses;
}

void PipelineTrace::OnPuntRing(uint64_t clock, uint32_t lines) {
  events_.Counter("punt ring", "lines", clock, lines);
}

void PipelineTrace::Finish() {
  EndRun();
  events_.Finish({{"packets", packets_},
                  {"latency-clocks", latency_clocks_},
                  {"stages-clocks", kPipelineClocks}});
}

void PipelineTrace::AddTrack(size_t stage) {
  events_.NameTrack(TrackNumber(stage, tracks_[stage].size()), kPipelineStages[stage].module);
  tracks_[stage].push_back(0);
}

uint32_t PipelineTrace::TakeTrack(size_t stage, uint64_t clock) {
  std::vector<uint64_t>& taken_until = tracks_[stage];
  size_t place = 0;
  while (place < taken_until.size() && taken_until[place] > clock) ++place;
  if (place == taken_until.size()) AddTrack(stage);
  taken_until[place] = clock + Clocks(kPipelineStages[stage]);
  return TrackNumber(stage, place);
}

bool PipelineTrace::Continues(const RowAccess& access) const {
  return run_ && run_->last.write == access.write && run_->last.table == access.table &&
         (!access.write || run_->last.index + 1 == access.index) &&
         access.clock - run_->last.clock <= kRunGapClocks;
}

void PipelineTrace::EndRun() {
  if (!run_) return;
  const RowAccess& first = run_->first;
  events_.Slice(
      kCommandsTrack, fmt::format("{} {}", first.write ? "write" : "read", Name(first.table)),
      first.clock, run_->last.clock - first.clock + 1,
      {{"rows", run_->accesses}, {"first-row", run_->first_row}, {"last-row", run_->last_row}});
  run_.reset();
}

}  // namespace pointsman
