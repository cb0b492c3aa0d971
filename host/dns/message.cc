#include "host/dns/message.h"

#include <fmt/format.h>
#include <ldns/ldns.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/status/status.h"

namespace pointsman::dns {
namespace {

constexpr uint32_t kTtlSeconds = 5;
constexpr size_t kPlainUdpBytes = 512;
constexpr size_t kUdpBytesMax = 1232;  // what no path cuts up
constexpr size_t kHeaderBytes = 12;

struct FreePacket {
  void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

Packet Parse(std::span<const uint8_t> bytes) {
  ldns_pkt* packet = nullptr;
  if (bytes.size() < kHeaderBytes || bytes.size() > kMaxMessageBytes ||
      ldns_wire2pkt(&packet, bytes.data(), bytes.size()) != LDNS_STATUS_OK) {
    return nullptr;
  }
  return Packet(packet);
}

Message Bytes(const Packet& packet) {
  uint8_t* data = nullptr;
  size_t size = 0;
  if (ldns_pkt2wire(&data, packet.get(), &size) != LDNS_STATUS_OK) return {};
  const std::unique_ptr<uint8_t, Free> owned(data);
  return Message(data, data + size);
}

std::string TextOf(const ldns_rdf* name) {
  const std::unique_ptr<char, Free> text(ldns_rdf2str(name));
  return text == nullptr ? "" : text.get();
}

// A query that can be answered: one question of class IN.
const ldns_rr* QuestionOf(const Packet& query) {
  if (ldns_pkt_qr(query.get()) || ldns_pkt_qdcount(query.get()) != 1) return nullptr;
  const ldns_rr_list* questions = ldns_pkt_question(query.get());
  return ldns_rr_list_rr_count(questions) == 1 ? ldns_rr_list_rr(questions, 0) : nullptr;
}

const char* TypeName(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "A";
    case RecordType::kAaaa:
      return "AAAA";
    case RecordType::kCname:
      return "CNAME";
    case RecordType::kPtr:
      return "PTR";
    case RecordType::kSrv:
      return "SRV";
    case RecordType::kTxt:
      return "TXT";
    case RecordType::kSoa:
    case RecordType::kAny:
      break;
  }
  return "SOA";
}

void Push(const Record& record, ldns_pkt_section section, Packet& packet) {
  const std::string text =
      fmt::format("{}. {} IN {} {}", record.owner, kTtlSeconds, TypeName(record.type), record.data);
  ldns_rr* rr = nullptr;
  if (ldns_rr_new_frm_str(&rr, text.c_str(), 0, nullptr, nullptr) == LDNS_STATUS_OK) {
    ldns_pkt_push_rr(packet.get(), section, rr);
  }
}

// The head of a reply: what RFC 1035 has it repeat of the query.
Packet StartReply(const Packet& query, ldns_pkt_rcode rcode) {
  Packet reply(ldns_pkt_new());
  ldns_pkt_set_id(reply.get(), ldns_pkt_id(query.get()));
  ldns_pkt_set_qr(reply.get(), true);
  ldns_pkt_set_opcode(reply.get(), ldns_pkt_get_opcode(query.get()));
  ldns_pkt_set_rd(reply.get(), ldns_pkt_rd(query.get()));
  ldns_pkt_set_rcode(reply.get(), rcode);
  if (ldns_pkt_edns(query.get())) ldns_pkt_set_edns_udp_size(reply.get(), kUdpBytesMax);
  const ldns_rr_list* questions = ldns_pkt_question(query.get());
  for (size_t i = 0; i < ldns_rr_list_rr_count(questions); ++i) {
    ldns_pkt_push_rr(reply.get(), LDNS_SECTION_QUESTION,
                     ldns_rr_clone(ldns_rr_list_rr(questions, i)));
  }
  return reply;
}

size_t Room(const Packet& query, Transport transport) {
  if (transport == Transport::kTcp) return kMaxMessageBytes;
  const size_t said = ldns_pkt_edns(query.get()) ? ldns_pkt_edns_udp_size(query.get()) : 0;
  return std::clamp(said, kPlainUdpBytes, kUdpBytesMax);
}

Packet ReplyOf(const Packet& query, const Zone& zone, const LookedUp& found) {
  Packet reply = StartReply(
      query, found.finding == Finding::kNoName ? LDNS_RCODE_NXDOMAIN : LDNS_RCODE_NOERROR);
  ldns_pkt_set_aa(reply.get(), true);
  for (const Record& record : found.answer) Push(record, LDNS_SECTION_ANSWER, reply);
  if (found.answer.empty()) Push(zone.Soa(), LDNS_SECTION_AUTHORITY, reply);
  for (const Record& record : found.additional) Push(record, LDNS_SECTION_ADDITIONAL, reply);
  return reply;
}

Message Truncated(const Packet& query) {
  Packet reply = StartReply(query, LDNS_RCODE_NOERROR);
  ldns_pkt_set_aa(reply.get(), true);
  ldns_pkt_set_tc(reply.get(), true);
  return Bytes(reply);
}

}  // namespace

Reply Answer(const Zone& zone, std::span<const uint8_t> bytes, Transport transport) {
  const Packet query = Parse(bytes);
  if (query == nullptr || ldns_pkt_qr(query.get())) return {};
  if (ldns_pkt_get_opcode(query.get()) != LDNS_PACKET_QUERY) {
    return {.message = Bytes(StartReply(query, LDNS_RCODE_NOTIMPL))};
  }
  const ldns_rr* question = QuestionOf(query);
  if (question == nullptr) return {.message = Bytes(StartReply(query, LDNS_RCODE_FORMERR))};
  LookedUp found;
  if (ldns_rr_get_class(question) == LDNS_RR_CLASS_IN) {
    found = zone.Find(TextOf(ldns_rr_owner(question)),
                      static_cast<RecordType>(ldns_rr_get_type(question)));
  }
  if (found.finding == Finding::kElsewhere) {
    return {.message = Bytes(StartReply(query, LDNS_RCODE_REFUSED)), .is_elsewhere = true};
  }
  Message reply = Bytes(ReplyOf(query, zone, found));
  if (reply.size() > Room(query, transport)) reply = Truncated(query);
  return {.message = std::move(reply)};
}

Message ServerFailure(std::span<const uint8_t> bytes) {
  const Packet query = Parse(bytes);
  return query == nullptr ? Message() : Bytes(StartReply(query, LDNS_RCODE_SERVFAIL));
}

absl::StatusOr<Message> MakeQuery(const std::string& name, RecordType type) {
  ldns_rdf* owner = ldns_dname_new_frm_str(name.c_str());
  if (owner == nullptr) {
    return absl::InvalidArgumentError(fmt::format("'{}' cannot be a name of DNS", name));
  }
  const Packet query(
      ldns_pkt_query_new(owner, static_cast<ldns_rr_type>(type), LDNS_RR_CLASS_IN, LDNS_RD));
  return Bytes(query);
}

absl::StatusOr<std::vector<kube::IpAddress>> AddressesIn(std::span<const uint8_t> bytes) {
  const Packet reply = Parse(bytes);
  if (reply == nullptr) return absl::InvalidArgumentError("not a message of DNS");
  std::vector<kube::IpAddress> addresses;
  const ldns_rr_list* answer = ldns_pkt_answer(reply.get());
  for (size_t i = 0; i < ldns_rr_list_rr_count(answer); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(answer, i);
    const ldns_rdf* data = ldns_rr_rdf(record, 0);
    const size_t size = data == nullptr ? 0 : ldns_rdf_size(data);
    const auto type = static_cast<RecordType>(ldns_rr_get_type(record));
    const size_t wanted = type == RecordType::kA ? 4 : type == RecordType::kAaaa ? 16 : 0;
    if (wanted == 0 || size != wanted) continue;
    addresses.push_back(kube::IpAddress::FromBytes({ldns_rdf_data(data), size}));
  }
  if (addresses.empty()) {
    return absl::NotFoundError(
        fmt::format("no address (rcode {})", static_cast<int>(ldns_pkt_get_rcode(reply.get()))));
  }
  return addresses;
}

}  // namespace pointsman::dns
