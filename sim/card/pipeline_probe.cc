#include "sim/card/pipeline_probe.h"

#include <cstring>

#include "svdpi.h"

namespace pointsman {
namespace {

thread_local DatapathObserver* observer = nullptr;
thread_local uint64_t now = 0;

// A vector of SystemVerilog is little-endian words of 32 bits, as rows and lines are of 64.
LineBits LineOf(const svBitVecVal* words) {
  LineBits bits;
  std::memcpy(bits.data(), words, sizeof(bits));
  return bits;
}

RowBits RowOf(const svBitVecVal* words) {
  RowBits bits{};
  std::memcpy(bits.data(), words, kRowBitsMax / 8);
  return bits;
}

}  // namespace

ScopedObservation::ScopedObservation(DatapathObserver* of_model, uint64_t clock) {
  observer = of_model;
  now = clock;
}
ScopedObservation::~ScopedObservation() { observer = nullptr; }

}  // namespace pointsman

using pointsman::now;
using pointsman::observer;

extern "C" {

svBit pointsman_probe_watched() { return observer != nullptr ? 1 : 0; }

void pointsman_probe_packet_in(const svBitVecVal* data, unsigned length, svBit ingress,
                               svBit injected, unsigned tag, svBit transmit, unsigned attempt,
                               svBit directed, unsigned endpoint, unsigned mode,
                               unsigned slot_hash_seed) {
  pointsman::PacketIn packet;
  packet.clock = now;
  std::memcpy(packet.first_beat.data(), data, packet.first_beat.size());
  packet.length_bytes = static_cast<uint16_t>(length);
  packet.ingress = static_cast<pointsman::Port>(ingress);
  packet.injected = injected != 0;
  packet.tag = tag;
  packet.transmit = transmit != 0;
  packet.attempt = static_cast<uint8_t>(attempt);
  if (directed != 0) packet.directed_endpoint = endpoint;
  packet.mode = static_cast<pointsman::Mode>(mode);
  packet.slot_hash_seed = slot_hash_seed;
  observer->OnPacketIn(packet);
}

void pointsman_probe_packet_out(unsigned verdict, unsigned reason, svBit egress,
                                unsigned frontend_counter, unsigned endpoint, svBit learned) {
  observer->OnPacketOut({.clock = now,
                         .verdict = static_cast<pointsman::Verdict>(verdict),
                         .reason = static_cast<pointsman::Reason>(reason),
                         .egress = static_cast<pointsman::Port>(egress),
                         .frontend_counter = static_cast<uint16_t>(frontend_counter),
                         .endpoint = endpoint,
                         .learned = learned != 0});
}

void pointsman_probe_row(svBit write, unsigned table, unsigned index, const svBitVecVal* row) {
  observer->OnRowAccess({.clock = now,
                         .write = write != 0,
                         .table = static_cast<pointsman::TableId>(table),
                         .index = index,
                         .row = pointsman::RowOf(row)});
}

void pointsman_probe_event(const svBitVecVal* line) {
  const pointsman::LineBits bits = pointsman::LineOf(line);
  const auto event = pointsman::UnpackLine<pointsman::EventLine>(bits);
  const bool ipv6 = pointsman::TableId{event.table} == pointsman::TableId::kOriginalsIpv6;
  if (ipv6 && event.kind != pointsman::EventKind::kParity) {
    observer->OnEvent(pointsman::UnpackLine<pointsman::EventIpv6Line>(bits));
  } else {
    observer->OnEvent(event);
  }
}

void pointsman_probe_punt_ring(unsigned lines) { observer->OnPuntRing(now, lines); }

}  // extern "C"
