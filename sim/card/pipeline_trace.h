// What goes through the card's datapath, as a trace to look at: a slice for each packet and stage,
// one for each run of rows that commands write or read, and how full the punt ring is.
//
// Every stage is a track. A stage that holds several packets at once has as many tracks of its
// name. The datapath never stalls, so the clock at which a packet enters says when it is in which
// stage (pipeline_stages.h).
//
// Pure: text leaves by a function as it is made. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_PIPELINE_TRACE_H_
#define POINTSMAN_SIM_CARD_PIPELINE_TRACE_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "sim/card/datapath_observer.h"
#include "sim/card/pipeline_stages.h"
#include "sim/card/table_mirror.h"
#include "sim/card/trace_events.h"

namespace pointsman {

class PipelineTrace : public DatapathObserver {
 public:
  explicit PipelineTrace(TraceEvents::Write write);

  void OnPacketIn(const PacketIn& packet) override;
  void OnPacketOut(const PacketOut& packet) override;
  void OnRowAccess(const RowAccess& access) override;
  void OnEvent(const EventLine& event) override { tables_.Record(event); }
  void OnEvent(const EventIpv6Line& event) override { tables_.Record(event); }
  void OnPuntRing(uint64_t clock, uint32_t lines) override;

  // Ends the trace. What is still inside the datapath is left out: it has no verdict.
  void Finish();

 private:
  // A packet in the datapath, with the rows as they were when it entered.
  struct Inside {
    PacketIn packet;
    std::optional<FlowKey> key;  // if it is looked up
    ServiceRows rows;
  };

  // Accesses to one table in one go: reads, or writes of rows that follow one another.
  struct Run {
    RowAccess first;
    RowAccess last;
    uint32_t first_row = 0;  // the lowest
    uint32_t last_row = 0;
    uint32_t accesses = 0;
  };

  void AddTrack(size_t stage);
  // A track of this stage that is free at `clock`; taken until the stage is over.
  uint32_t TakeTrack(size_t stage, uint64_t clock);
  bool Continues(const RowAccess& access) const;
  void EndRun();

  TraceEvents events_;
  TableMirror tables_;
  std::deque<Inside> inside_;
  uint64_t packets_ = 0;
  uint64_t latency_clocks_ = 0;                                    // of the last packet
  std::array<std::vector<uint64_t>, kPipelineStageCount> tracks_;  // by stage: taken until
  std::optional<Run> run_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PIPELINE_TRACE_H_
