// Small words of the pipeline's rule. Of pipeline*.cc alone.
#ifndef POINTSMAN_FLOW_TABLES_PIPELINE_OUTCOMES_H_
#define POINTSMAN_FLOW_TABLES_PIPELINE_OUTCOMES_H_

#include <cstdint>
#include <vector>

#include "flow_tables/pipeline.h"

namespace pointsman {

inline constexpr uint8_t kLowestTtlToForward = 2;

inline Outcome PuntFor(Reason reason) { return {.verdict = Verdict::kPunt, .reason = reason}; }
inline Outcome DropFor(Reason reason) { return {.verdict = Verdict::kDrop, .reason = reason}; }
inline Outcome PassFrom(Port ingress) {
  return {.egress = ingress == Port::kUplink ? Port::kNode : Port::kUplink};
}

// The frame that was parsed, without its tag (MAC addresses apart).
template <class Key>
uint8_t* HeaderOf(const Packet& packet, const ParsedAs<Key>& parsed) {
  return packet.frame.data() + parsed.tunnel_bytes + parsed.tag_bytes;
}

// As in the card, an index has as many bits as the table needs.
template <class Row>
const Row& RowAt(const std::vector<Row>& rows, uint32_t index) {
  return rows[index & (rows.size() - 1)];
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PIPELINE_OUTCOMES_H_
