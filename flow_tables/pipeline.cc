#include "flow_tables/pipeline.h"

#include <algorithm>
#include <utility>

#include "flow_tables/big_endian.h"
#include "flow_tables/checksum.h"
#include "flow_tables/hash.h"
#include "flow_tables/placement.h"

namespace pointsman {
namespace {

constexpr uint8_t kLowestTtlToForward = 2;

Outcome Punt(Reason reason) { return {.verdict = Verdict::kPunt, .reason = reason}; }

Outcome Pass(Port ingress) {
  return {.egress = ingress == Port::kUplink ? Port::kNode : Port::kUplink};
}

// As in the card, an index has as many bits as the table needs.
template <class Row>
const Row& RowAt(const std::vector<Row>& rows, uint32_t index) {
  return rows[index & (rows.size() - 1)];
}

uint32_t Ports(uint16_t source, uint16_t destination) {
  return uint32_t{source} << 16 | destination;
}

void UpdateChecksum(uint8_t* at, const ChecksumDelta& delta) {
  StoreBe16(at, delta.Apply(LoadBe16(at)));
}

void UpdateUdpChecksum(uint8_t* at, const ChecksumDelta& delta) {
  const uint16_t old = LoadBe16(at);
  if (old == 0) return;
  const uint16_t updated = delta.Apply(old);
  StoreBe16(at, updated == 0 ? 0xffff : updated);
}

// The frame's headers become those of the translation, its checksums with them.
void Rewrite(uint8_t* frame, const Tuple& tuple, const Translation& to, const NextHopRow& hop) {
  ChecksumDelta addresses;
  addresses.Replace(tuple.source_address, to.new_source_address);
  addresses.Replace(tuple.destination_address, to.new_destination_address);

  ChecksumDelta header = addresses;
  const uint16_t ttl_protocol = LoadBe16(frame + kTtlOffset);
  header.Replace16(ttl_protocol, static_cast<uint16_t>(ttl_protocol - 0x0100));
  UpdateChecksum(frame + kIpv4ChecksumOffset, header);

  ChecksumDelta transport = addresses;
  const uint32_t new_ports = Ports(to.new_source_port, to.new_destination_port);
  transport.Replace(Ports(tuple.source_port, tuple.destination_port), new_ports);
  if (tuple.protocol == static_cast<uint8_t>(Protocol::kTcp)) {
    UpdateChecksum(frame + kTcpChecksumOffset, transport);
  } else {
    UpdateUdpChecksum(frame + kUdpChecksumOffset, transport);
  }

  StoreBe48(frame + kDestinationMacOffset, hop.destination_mac);
  StoreBe48(frame + kSourceMacOffset, hop.source_mac);
  --frame[kTtlOffset];
  StoreBe32(frame + kSourceAddressOffset, to.new_source_address);
  StoreBe32(frame + kDestinationAddressOffset, to.new_destination_address);
  StoreBe32(frame + kSourcePortOffset, new_ports);
}

// The translation of a connection's first packet; `masquerade`: the source changes too.
Translation OriginalTranslation(const Configuration& configuration, const Tuple& tuple,
                                const EndpointRow& endpoint, bool masquerade, uint32_t hash,
                                uint8_t attempt) {
  Translation to{.new_source_address = tuple.source_address,
                 .new_destination_address = endpoint.address,
                 .new_source_port = tuple.source_port,
                 .new_destination_port = endpoint.port,
                 .next_hop = endpoint.next_hop};
  if (masquerade) to.new_source_address = configuration.masquerade_address.value;
  if (masquerade || attempt != 0) {
    const MasqueradePorts& ports = configuration.masquerade_ports;
    const uint32_t candidate = (hash >> 16) + attempt * kSourcePortStride;
    to.new_source_port = static_cast<uint16_t>(ports.base | (candidate & ports.mask));
  }
  return to;
}

}  // namespace

// What one kind of client gets at a frontend.
struct Pipeline::Half {
  FrontendAction action;
  bool masquerade;
  uint8_t slots_log2;
  uint32_t slots_base;

  static Half Of(const FrontendRow& row, ClientClass client_class) {
    if (client_class == ClientClass::kOutside) {
      return {row.outside_action, row.outside_masquerade, row.outside_slots_log2,
              row.outside_slots_base};
    }
    return {row.inside_action, row.inside_masquerade, row.inside_slots_log2, row.inside_slots_base};
  }
};

Pipeline::Pipeline(std::shared_ptr<const Image> image, uint64_t placement_seed)
    : image_(std::move(image)),
      sources_(image_->sources),
      connections_(image_->sizes.originals, placement_seed) {}

void Pipeline::SetImage(std::shared_ptr<const Image> image) {
  image_ = std::move(image);
  sources_ = SourceRanges(image_->sources);
}

void Pipeline::Process(std::span<Packet> packets, std::span<Outcome> outcomes) {
  for (size_t at = 0; at < packets.size(); at += kBatchPackets) {
    const size_t count = std::min(kBatchPackets, packets.size() - at);
    ProcessBatch(packets.subspan(at, count), outcomes.subspan(at, count));
  }
}

// Stages that only read and prefetch come first, for all packets; what a packet does to the
// connections comes last, packet by packet, so that the next one sees it.
void Pipeline::ProcessBatch(std::span<Packet> packets, std::span<Outcome> outcomes) {
  for (const Packet& packet : packets) __builtin_prefetch(packet.frame.data(), 1);
  for (size_t i = 0; i < packets.size(); ++i) {
    parsed_[i] = Parse(packets[i].frame);
    placements_[i] = connections_.Hash(parsed_[i].tuple);
    connections_.PrefetchBucket(placements_[i]);
  }
  for (size_t i = 0; i < packets.size(); ++i) connections_.PrefetchRecord(placements_[i]);
  for (size_t i = 0; i < packets.size(); ++i) {
    const Packet& packet = packets[i];
    const Tuple& tuple = parsed_[i].tuple;
    if (parsed_[i].kind == ParseKind::kPass) {
      outcomes[i] = Pass(packet.ingress);
    } else if (parsed_[i].kind == ParseKind::kPunt) {
      outcomes[i] = Punt(parsed_[i].reason);
    } else if (const Translation* known = connections_.Find(tuple, placements_[i])) {
      outcomes[i] = Translate(packet, tuple, *known);
    } else {
      outcomes[i] = ProcessFirst(packet, tuple);
    }
  }
}

Outcome Pipeline::ProcessFirst(const Packet& packet, const Tuple& tuple) {
  const FrontendRow* frontend = FindFrontend(tuple);
  if (frontend == nullptr) return Pass(packet.ingress);
  const Client& client = sources_.Find(tuple.source_address);
  const Half half = Half::Of(*frontend, client.client_class);
  if (half.action == FrontendAction::kDrop) {
    return {.verdict = Verdict::kDrop, .reason = Reason::kFrontendDrop};
  }
  if (half.action == FrontendAction::kReject) return Punt(Reason::kReject);
  return Connect(packet, tuple, *frontend, half, client);
}

Outcome Pipeline::Connect(const Packet& packet, const Tuple& tuple, const FrontendRow& frontend,
                          const Half& half, const Client& client) {
  const uint32_t hash = SlotHash(tuple, image_->configuration.slot_hash_seed);
  const uint32_t slot = half.slots_base + (hash & ((uint32_t{1} << half.slots_log2) - 1));
  const uint32_t endpoint_id = RowAt(image_->slots, slot).endpoint;
  const EndpointRow& endpoint = RowAt(image_->endpoints, endpoint_id);
  if (!endpoint.valid) return Punt(Reason::kNoEndpoint);
  if (packet.frame[kTtlOffset] < kLowestTtlToForward) return Punt(Reason::kTtlExpired);

  const bool hairpin = endpoint.address == tuple.source_address;
  Translation to = OriginalTranslation(image_->configuration, tuple, endpoint,
                                       half.masquerade || hairpin, hash, packet.attempt);
  to.frontend_counter = frontend.counter;
  to.endpoint = endpoint_id;
  switch (connections_.Record({tuple, to, ReplyTranslation(tuple, to, client.next_hop)})) {
    case RecordResult::kSourcePortTaken:
      return Punt(Reason::kSourcePortTaken);
    case RecordResult::kFull:
      return Punt(Reason::kConnectionTableFull);
    case RecordResult::kRecorded:
      break;
  }
  Outcome outcome = Translate(packet, tuple, to);
  outcome.learned = true;
  return outcome;
}

Outcome Pipeline::Translate(const Packet& packet, const Tuple& tuple,
                            const Translation& translation) {
  uint8_t* frame = packet.frame.data();
  if (frame[kTtlOffset] < kLowestTtlToForward) return Punt(Reason::kTtlExpired);
  const NextHopRow& hop = RowAt(image_->next_hops, translation.next_hop);
  if (!hop.valid) return Punt(Reason::kNoNextHop);
  Rewrite(frame, tuple, translation, hop);
  return {.verdict = Verdict::kForward,
          .egress = hop.egress,
          .frontend_counter = translation.frontend_counter,
          .endpoint = translation.endpoint};
}

// nullptr: none.
const FrontendRow* Pipeline::FindFrontend(const Tuple& tuple) const {
  const std::vector<FrontendRow>& rows = image_->frontends;
  const HashPair hashes =
      FrontendHashes({tuple.destination_address}, tuple.destination_port, Protocol{tuple.protocol});
  const BucketGeometry geometry = FrontendGeometry(static_cast<uint32_t>(rows.size()));
  for (uint32_t bank = 0; bank < kFrontendsBanks; ++bank) {
    const uint32_t first = geometry.FirstRow(bank, hashes);
    for (uint32_t at = first; at < first + kFrontendsWays; ++at) {
      const FrontendRow& row = rows[at];
      if (row.valid && row.destination_address == tuple.destination_address &&
          row.destination_port == tuple.destination_port && row.protocol == tuple.protocol) {
        return &row;
      }
    }
  }
  return nullptr;
}

}  // namespace pointsman
