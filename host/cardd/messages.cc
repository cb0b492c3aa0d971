#include "host/cardd/messages.h"

#include <fmt/format.h>

#include <string>
#include <type_traits>
#include <utility>

#include "host/cardd/byte_stream.h"

namespace pointsman::cardd {
namespace {

// What a message begins with: the place of its type in the variant.
using Kind = uint8_t;

constexpr uint32_t kStatisticsMax = 1024;
constexpr auto kLastTable = TableId{0xff};  // whether there is such a table is looked at later

void Put(ByteWriter& to, const absl::Status& status) {
  to.Put(static_cast<uint8_t>(status.raw_code()));
  to.PutText({status.message().data(), status.message().size()});
}

absl::Status GetStatus(ByteReader& from) {
  const auto code = static_cast<absl::StatusCode>(from.Get<uint8_t>());
  return absl::Status(code, from.GetText());
}

void Put(ByteWriter& to, const Bits128& bits) {
  to.Put(bits.low);
  to.Put(bits.high);
}

void Get(ByteReader& from, Bits128& bits) {
  bits.low = from.Get<uint64_t>();
  bits.high = from.Get<uint64_t>();
}

// The fields of settings in one order, for both directions: `field(value)` writes or reads one.
template <class Settings, class Field>
void ForEachField(Settings& settings, Field field) {
  auto& configuration = settings.configuration;
  field(settings.mode);
  field(settings.capture);
  field(settings.tick_cycles);
  field(settings.tick);
  field(configuration.slot_hash_seed);
  field(configuration.masquerade_address.value);
  field(configuration.masquerade_address_v6);
  field(configuration.masquerade_ports.base);
  field(configuration.masquerade_ports.mask);
  field(configuration.tunnel.address.value);
  field(configuration.tunnel.port);
  field(configuration.tunnel.vni);
  field(configuration.tunnel.mac.value);
  field(configuration.tunnel.mtu);
  field(configuration.host_protocols.sctp);
  field(configuration.host_protocols.tcp);
  field(configuration.host_protocols.udp);
  for (auto& range : configuration.service_ranges) {
    field(range.address);
    field(range.mask);
  }
  field(configuration.timeouts.tcp_unconfirmed);
  field(configuration.timeouts.tcp_half_open);
  field(configuration.timeouts.tcp_established);
  field(configuration.timeouts.tcp_closing);
  field(configuration.timeouts.tcp_closed);
  field(configuration.timeouts.udp_unconfirmed);
  field(configuration.timeouts.udp_established);
  field(configuration.unconfirmed_quota);
}

void Put(ByteWriter& to, const CardSettings& settings) {
  ForEachField(settings, [&to](const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, bool>) {
      to.Put(static_cast<uint8_t>(value));
    } else if constexpr (std::is_same_v<Value, Bits128>) {
      Put(to, value);
    } else {
      to.Put(value);
    }
  });
}

void Get(ByteReader& from, CardSettings& settings) {
  ForEachField(settings, [&from](auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, bool>) {
      value = from.Get<uint8_t>() != 0;
    } else if constexpr (std::is_same_v<Value, Mode>) {
      value = from.Get(Mode::kOffload);
    } else if constexpr (std::is_same_v<Value, Bits128>) {
      Get(from, value);
    } else {
      value = from.Get<Value>();
    }
  });
}

void PutBody(ByteWriter& to, const WriteRequest& request) {
  to.Put(static_cast<uint32_t>(request.rows.size()));
  for (const RowWrite& row : request.rows) {
    to.Put(row.table);
    to.Put(row.index);
    to.Put(row.parity);
    to.Put(row.row);
  }
}

void GetBody(ByteReader& from, WriteRequest& request) {
  request.rows.resize(from.GetCount(kRowsMax));
  for (RowWrite& row : request.rows) {
    row.table = from.Get(kLastTable);
    row.index = from.Get<uint32_t>();
    row.parity = from.Get(Parity::kWrongValue);
    from.Get(row.row);
  }
}

void PutBody(ByteWriter& to, const ReadRequest& request) {
  to.Put(request.table);
  to.Put(request.index);
  to.Put(request.count);
}

void GetBody(ByteReader& from, ReadRequest& request) {
  request.table = from.Get(kLastTable);
  request.index = from.Get<uint32_t>();
  request.count = from.GetCount(kRowsMax);
}

void PutBody(ByteWriter& to, const ConfigureRequest& request) { Put(to, request.settings); }

void GetBody(ByteReader& from, ConfigureRequest& request) { Get(from, request.settings); }

// A line of a ring, and the frame that it is about.
template <class Framed>
void PutFramed(ByteWriter& to, const Framed& framed) {
  to.Put(PackLine(framed.line));
  to.PutBytes(framed.frame);
}

template <class Framed>
void GetFramed(ByteReader& from, Framed& framed) {
  LineBits line{};
  from.Get(line);
  framed.line = UnpackLine<decltype(framed.line)>(line);
  const auto rest = from.Rest();
  framed.frame.assign(rest.begin(), rest.end());
}

void PutBody(ByteWriter& to, const Frame& frame) { PutFramed(to, frame); }
void GetBody(ByteReader& from, Frame& frame) { GetFramed(from, frame); }

void PutBody(ByteWriter&, const InjectRequest&) {}
void GetBody(ByteReader&, InjectRequest&) {}
void PutBody(ByteWriter&, const HealthRequest&) {}
void GetBody(ByteReader&, HealthRequest&) {}

void PutBody(ByteWriter& to, const Opened& opened) {
  to.PutText(opened.description.profile);
  CardSizes sizes = opened.description.sizes;
  ForEachSize(sizes, [&to](const char*, uint32_t& rows) { to.Put(rows); });
  to.Put(opened.description.frame_bytes_max);
}

void GetBody(ByteReader& from, Opened& opened) {
  opened.description.profile = from.GetText();
  ForEachSize(opened.description.sizes,
              [&from](const char*, uint32_t& rows) { rows = from.Get<uint32_t>(); });
  opened.description.frame_bytes_max = from.Get<uint32_t>();
}

void PutBody(ByteWriter& to, const Answer& answer) {
  Put(to, answer.status);
  to.Put(static_cast<uint32_t>(answer.rows.size()));
  for (const RowBits& row : answer.rows) to.Put(row);
  to.Put(answer.health.heartbeat);
  to.Put(answer.health.cycles);
  to.Put(answer.health.error_bits);
  to.Put(answer.health.sweeps);
  to.Put(static_cast<uint32_t>(answer.health.statistics.size()));
  for (const uint32_t word : answer.health.statistics) to.Put(word);
}

void GetBody(ByteReader& from, Answer& answer) {
  answer.status = GetStatus(from);
  answer.rows.resize(from.GetCount(kRowsMax));
  for (RowBits& row : answer.rows) from.Get(row);
  answer.health.heartbeat = from.Get<uint32_t>();
  answer.health.cycles = from.Get<uint64_t>();
  answer.health.error_bits = from.Get<uint32_t>();
  answer.health.sweeps = from.Get<uint32_t>();
  answer.health.statistics.resize(from.GetCount(kStatisticsMax));
  for (uint32_t& word : answer.health.statistics) word = from.Get<uint32_t>();
}

void PutBody(ByteWriter& to, const PuntedFrame& punt) { PutFramed(to, punt); }
void GetBody(ByteReader& from, PuntedFrame& punt) { GetFramed(from, punt); }

void PutBody(ByteWriter& to, const Events& events) {
  to.Put(events.events_lost);
  to.Put(static_cast<uint32_t>(events.lines.size()));
  for (const LineBits& line : events.lines) to.Put(line);
}

void GetBody(ByteReader& from, Events& events) {
  events.events_lost = from.Get<uint32_t>();
  events.lines.resize(from.GetCount(kEventsMax));
  for (LineBits& line : events.lines) from.Get(line);
}

void PutBody(ByteWriter& to, const Failed& failed) { Put(to, failed.status); }
void GetBody(ByteReader& from, Failed& failed) { failed.status = GetStatus(from); }

template <class Message>
Bytes EncodeMessage(const Message& message) {
  ByteWriter to;
  to.Put(static_cast<Kind>(message.index()));
  std::visit([&to](const auto& body) { PutBody(to, body); }, message);
  return to.Take();
}

template <class Message, size_t kPlace = 0>
absl::StatusOr<Message> DecodeMessage(Kind kind, ByteReader& from) {
  if constexpr (kPlace == std::variant_size_v<Message>) {
    return absl::InternalError(fmt::format("channel: there is no message of kind {}", kind));
  } else {
    if (kind != kPlace) return DecodeMessage<Message, kPlace + 1>(kind, from);
    std::variant_alternative_t<kPlace, Message> body;
    GetBody(from, body);
    if (!from.ok() || !from.at_end()) {
      return absl::InternalError(fmt::format("channel: a message of kind {} makes no sense", kind));
    }
    return Message(std::move(body));
  }
}

template <class Message>
absl::StatusOr<Message> Decode(std::span<const uint8_t> bytes) {
  ByteReader from(bytes);
  const auto kind = from.Get<Kind>();
  return DecodeMessage<Message>(kind, from);
}

}  // namespace

Bytes Encode(const Request& request) { return EncodeMessage(request); }
Bytes Encode(const Report& report) { return EncodeMessage(report); }

absl::StatusOr<Request> DecodeRequest(std::span<const uint8_t> bytes) {
  return Decode<Request>(bytes);
}

absl::StatusOr<Report> DecodeReport(std::span<const uint8_t> bytes) {
  return Decode<Report>(bytes);
}

}  // namespace pointsman::cardd
