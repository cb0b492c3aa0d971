// The stages of the card's datapath, for those who draw it.
#ifndef POINTSMAN_SIM_CARD_PIPELINE_STAGES_H_
#define POINTSMAN_SIM_CARD_PIPELINE_STAGES_H_

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace pointsman {

// A packet that enters at clock c is in the stage from c + first_clock - 1 until c + last_clock.
struct PipelineStage {
  const char* module;
  uint32_t first_clock;
  uint32_t last_clock;
};

// Follows the stage table at the head of hw/rtl/datapath.sv, and nothing else does: tests compare
// the two, and the last clock with the latency that they measure.
inline constexpr PipelineStage kPipelineStages[] = {
    {"tunnel_unwrap", 1, 2},       {"packet_parser", 3, 5},       {"source_lookup", 6, 14},
    {"frontend_lookup", 7, 11},    {"affinity_lookup", 12, 16},   {"first_packet", 15, 22},
    {"unconfirmed_quota", 15, 17}, {"connection_tables", 23, 36}, {"packet_finish", 37, 46},
};
inline constexpr size_t kPipelineStageCount = std::size(kPipelineStages);
inline constexpr uint32_t kPipelineClocks = kPipelineStages[kPipelineStageCount - 1].last_clock;

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PIPELINE_STAGES_H_
