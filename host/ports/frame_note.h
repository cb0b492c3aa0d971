// What is known of a frame on its way through the cores, kept in the private part of its buffer.
#ifndef POINTSMAN_HOST_PORTS_FRAME_NOTE_H_
#define POINTSMAN_HOST_PORTS_FRAME_NOTE_H_

#include <rte_mbuf.h>

#include <cstdint>
#include <span>

#include "flow_tables/types.h"

namespace pointsman {

struct FrameNote {
  Port ingress = Port::kUplink;
  Port egress = Port::kUplink;  // of one to be transmitted
  Reason reason = Reason::kNone;
  InjectAction action = InjectAction::kProcess;
  uint8_t attempt = 0;
  bool injected = false;
  bool directed = false;
  uint32_t endpoint = 0;  // for directed
  uint32_t tag = 0;       // for injected
};

// The buffer's private part. REQUIRES: its pool is from MakeFramePool.
inline FrameNote& NoteOf(rte_mbuf* buffer) {
  return *static_cast<FrameNote*>(rte_mbuf_to_priv(buffer));
}

inline std::span<uint8_t> FrameOf(rte_mbuf* buffer) {
  return {rte_pktmbuf_mtod(buffer, uint8_t*), buffer->data_len};
}

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_FRAME_NOTE_H_
