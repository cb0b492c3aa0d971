#include "host/cardd/punt_forwarder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "driver/card_tables.h"
#include "driver/status_macros.h"
#include "host/softpath/huge_pages.h"

namespace pointsman::cardd {
namespace {

bool IsOfOriginals(TableId table) {
  return table == TableId::kOriginals || table == TableId::kOriginalsIpv6;
}

bool IsOfConnections(TableId table) {
  return IsOfOriginals(table) || table == TableId::kReplies || table == TableId::kRepliesIpv6;
}

Port Other(Port port) { return port == Port::kUplink ? Port::kNode : Port::kUplink; }

}  // namespace

PuntForwarder::PuntForwarder(const CardDescription& description, const Image& image,
                             std::vector<RowBits> affinity, uint64_t placement_seed)
    : description_(description),
      image_(std::make_shared<Image>(image)),
      affinity_(std::move(affinity)),
      pipeline_(Shard{}, image_, placement_seed, HugePages(), counts_) {
  for (uint32_t row = 0; row < affinity_.size(); ++row) {
    pipeline_.pipeline().affinity().Write(row, UnpackRow<AffinityRow>(affinity_[row]));
  }
}

PuntForwarder::Passing PuntForwarder::MakePassing(const InjectLine& line,
                                                  std::span<const uint8_t> frame, bool injected) {
  Passing passing{.buffer = std::vector<uint8_t>(kTunnelBytes + frame.size()),
                  .line = line,
                  .injected = injected};
  std::ranges::copy(frame, passing.buffer.begin() + kTunnelBytes);
  return passing;
}

void PuntForwarder::Take(std::vector<PuntedFrame> punts) {
  std::vector<Passing> frames;
  for (PuntedFrame& punt : punts) {
    if (punt.line.reason != Reason::kModePunt) {
      punts_.push_back(std::move(punt));
      continue;
    }
    InjectLine line;
    line.ingress = punt.line.ingress;
    line.attempt = punt.line.attempt;
    line.tag = punt.line.tag;
    const bool injected = punt.line.injected != 0;
    if (!injected) counts_.received[static_cast<size_t>(line.ingress)].Add(1);
    frames.push_back(MakePassing(line, punt.frame, injected));
  }
  Handle(frames);
}

void PuntForwarder::Handle(std::span<Passing> frames) {
  if (std::exchange(image_changed_, false)) pipeline_.pipeline().SetImage(image_);
  if (mode_ == Mode::kOffload) {
    for (size_t at = 0; at < frames.size(); at += ShardPipeline::kBatch) {
      Offload(frames.subspan(at, std::min(ShardPipeline::kBatch, frames.size() - at)));
    }
    return;
  }
  for (Passing& frame : frames) {
    if (mode_ == Mode::kPunt) {
      Punt(frame, Reason::kModePunt);
    } else {
      counts_.passed.Add(1);
      Send(frame, Other(frame.line.ingress), kTunnelBytes);
    }
  }
}

void PuntForwarder::Offload(std::span<Passing> frames) {
  std::array<Packet, ShardPipeline::kBatch> packets;
  std::array<Outcome, ShardPipeline::kBatch> outcomes;
  for (size_t i = 0; i < frames.size(); ++i) {
    const InjectLine& line = frames[i].line;
    packets[i] = {.frame = std::span(frames[i].buffer).subspan(kTunnelBytes),
                  .ingress = line.ingress,
                  .attempt = static_cast<uint8_t>(line.attempt),
                  .headroom_bytes = kTunnelBytes};
    if (line.directed != 0) packets[i].directed_endpoint = line.endpoint;
  }
  pipeline_.Process({packets.data(), frames.size()}, {outcomes.data(), frames.size()});
  for (size_t i = 0; i < frames.size(); ++i) Settle(frames[i], packets[i], outcomes[i]);
}

void PuntForwarder::Settle(Passing& passing, const Packet& packet, const Outcome& outcome) {
  switch (outcome.verdict) {
    case Verdict::kPunt:
      return Punt(passing, outcome.reason);
    case Verdict::kDrop:
      return Drop(outcome.reason);
    case Verdict::kPass:
      counts_.passed.Add(1);
      return Send(passing, outcome.egress, kTunnelBytes);
    case Verdict::kForward:
      break;
  }
  counts_.forwarded.Add(1);
  const auto offset = static_cast<size_t>(packet.frame.data() - passing.buffer.data());
  passing.buffer.resize(offset + packet.frame.size());
  Send(passing, outcome.egress, offset);
}

void PuntForwarder::Punt(const Passing& passing, Reason reason) {
  counts_.punted.Add(1);
  counts_.reasons[static_cast<size_t>(reason)].Add(1);
  PuntedFrame& punt = punts_.emplace_back();
  punt.frame.assign(passing.buffer.begin() + kTunnelBytes, passing.buffer.end());
  punt.line.verdict = Verdict::kPunt;
  punt.line.reason = reason;
  punt.line.ingress = passing.line.ingress;
  punt.line.attempt = passing.line.attempt;
  punt.line.injected = passing.injected ? 1 : 0;
  punt.line.tag = passing.line.tag;
  punt.line.length = static_cast<uint16_t>(punt.frame.size());
}

void PuntForwarder::Drop(Reason reason) {
  counts_.dropped.Add(1);
  counts_.reasons[static_cast<size_t>(reason)].Add(1);
}

void PuntForwarder::Send(Passing& passing, Port egress, size_t offset) {
  if (passing.buffer.size() - offset > description_.frame_bytes_max) {
    return Drop(Reason::kTransmitOverflow);
  }
  counts_.transmitted[static_cast<size_t>(egress)].Add(1);
  leaving_.push_back({egress, std::move(passing.buffer), offset});
}

void PuntForwarder::Follow(std::span<const ConnectionChange> changes) {
  for (const ConnectionChange& change : changes) {
    if (change.kind == ConnectionChange::Kind::kPut) {
      pipeline_.Put(change.connection);
    } else {
      pipeline_.Forget(change.connection);
    }
  }
}

absl::Status PuntForwarder::Write(std::span<const RowWrite> rows) {
  for (const RowWrite& row : rows) {
    POINTSMAN_RETURN_IF_ERROR(FindRows(description_.sizes, row.table, row.index, 1).status());
  }
  for (const RowWrite& row : rows) {
    if (row.table == TableId::kAffinity) {
      affinity_[row.index] = row.row;
      pipeline_.pipeline().affinity().Write(row.index, UnpackRow<AffinityRow>(row.row));
    } else if (IsOfOriginals(row.table)) {
      pipeline_.ForgetRow(row.table, row.index);  // both directions
    } else if (!IsOfConnections(row.table)) {
      Apply(row, *image_);
      image_changed_ = true;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RowBits>> PuntForwarder::Read(TableId table, uint32_t index,
                                                         uint32_t count) {
  POINTSMAN_RETURN_IF_ERROR(FindRows(description_.sizes, table, index, count).status());
  if (IsOfConnections(table)) return pipeline_.Rows(table, index, count);
  std::vector<RowBits> rows(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (table == TableId::kFrontendCounters) {
      const FrontendCount& counted = pipeline_.frontend_count(index + i);
      FrontendCounterRow row;
      row.packets = counted.packets.Get();
      row.bytes = counted.bytes.Get();
      rows[i] = PackRow(row);
    } else if (table == TableId::kAffinity) {
      rows[i] = affinity_[index + i];
    } else if (const auto write = WriteOf(*image_, table, index + i)) {
      rows[i] = write->row;
    }
  }
  return rows;
}

absl::Status PuntForwarder::Configure(const CardSettings& settings) {
  pipeline_.SetTick(settings.tick);
  mode_ = settings.mode;
  if (settings.configuration == image_->configuration) return absl::OkStatus();
  image_->configuration = settings.configuration;
  image_changed_ = true;
  return absl::OkStatus();
}

absl::Status PuntForwarder::Inject(std::span<const InjectedFrame> frames) {
  POINTSMAN_RETURN_IF_ERROR(CheckInjected(frames, description_));
  for (const InjectedFrame& frame : frames) {
    counts_.injected.Add(1);
    Passing passing = MakePassing(frame.line, frame.frame, /*injected=*/true);
    if (frame.line.action == InjectAction::kTransmit) {
      Send(passing, frame.line.egress, kTunnelBytes);
    } else {
      Handle({&passing, 1});
    }
  }
  return absl::OkStatus();
}

// One step of ageing a call: Poll is called all the time.
absl::StatusOr<CardOutput> PuntForwarder::Poll() {
  counts_.loops.Add(1);
  pipeline_.SweepSome(/*took_over_tick=*/0);
  CardOutput output;
  output.punts = std::exchange(punts_, {});
  pipeline_.TakeEvents(output);
  output.events_lost = static_cast<uint32_t>(counts_.events_lost.Get());
  return output;
}

absl::StatusOr<CardHealth> PuntForwarder::Health() {
  CardHealth health;
  health.heartbeat = static_cast<uint32_t>(counts_.loops.Get());
  health.sweeps = static_cast<uint32_t>(counts_.sweeps.Get());
  const PacketCounts* counts = &counts_;
  health.statistics = StatisticsOf({&counts, 1});
  return health;
}

}  // namespace pointsman::cardd
