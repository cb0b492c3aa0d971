// The host's part of forwarding: what a card (or the software pipeline, which follows the card's
// rule) hands over. It decides first packets whose endpoint the host chooses, carries SCTP and what
// the card has no room for by itself, refuses what is sent to addresses of Services in vain, and
// answers. Pure but for its own state: time is an argument. A VLAN tag stays as it is, on answers
// too; answers to what came through a tunnel go back through it. Not thread-safe.
//
// - sctp: translated here, both directions, by a table of connections here.
// - connection-table-full: the same, as long as there are less than so many. Whoever hands packets
//   over must have been told (HasConnections) before what this service sends is sent.
// - host-connections: a packet of those, or given back with its endpoint, or passed on.
// - host-decides: given back with the endpoint chosen (affinity, ranges, scheduler); the card is
//   told whom a client with affinity has met.
// - source-port-taken: given back with the next candidate.
// - service-range: rejected, dropped, or passed on, as the address is one of a Service.
// - fragment: translated as the first fragment of the datagram is; others that come before it wait
//   (fragment_list.h). A first fragment that is too short for the ports' checksum is dropped.
// - ip-options: translated, with options or extension headers.
// - icmp-error: translated with the connection of the packet that it quotes. Its source stays
//   unless it is an end of the connection. Redirects of translated packets are dropped.
// - too-big, over IPv4 and not marked "do not fragment": translated and cut up.
// - reject, ttl-expired and all others: as flow_tables/answer.h says.
//
// Where a fragment or a packet with options begins a connection, the card must learn it: the packet
// is given back after a scout, the packet's plain headers with checksums that are wrong, which the
// card takes for a first packet and every receiver throws away.
#ifndef POINTSMAN_HOST_SOFTPATH_SOFTWARE_PATH_H_
#define POINTSMAN_HOST_SOFTPATH_SOFTWARE_PATH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "flow_tables/forwarding.h"
#include "flow_tables/forwarding_change.h"
#include "flow_tables/frontend_index.h"
#include "flow_tables/image.h"
#include "host/softpath/affinity.h"
#include "host/softpath/card_affinity.h"
#include "host/softpath/deep_packet.h"
#include "host/softpath/endpoint_directory.h"
#include "host/softpath/fragment_list.h"
#include "host/softpath/host_connections.h"
#include "host/softpath/kept_software.h"
#include "host/softpath/schedulers.h"
#include "host/softpath/service_lookup.h"

namespace pointsman {

// A packet that was handed over. Borrowed for the call.
struct HandedOver {
  std::span<const uint8_t> frame;
  Port ingress = Port::kUplink;
  Reason reason = Reason::kNone;
  uint8_t attempt = 0;
  uint8_t rounds = 0;  // how often it was given back to be asked about again
};

// What the card (or pipeline) that handed a packet over makes of packets with a key; nothing: it
// knows no connection of theirs.
using FindTranslation = absl::FunctionRef<std::optional<FlowKey>(const FlowKey&)>;

// What becomes of a packet.
enum class Fate : uint8_t {
  kPassed,     // leaves as it came, by the other port
  kForwarded,  // leaves translated
  kRejected,   // its sender is told
  kAnswered,   // its sender is told that its TTL or hop limit was too small, or the packet too big
  kDropped,
  kHeld,   // waits here
  kRetry,  // not decided: to be processed again
};
inline constexpr size_t kFates = 7;
const char* Name(Fate fate);  // "passed", "forwarded", ..., "given-back"

// A row of endpoints that is wanted for a connection of a frontend that the card has no room for
// (ImageKeeper::Lend).
struct WantedRow {
  FrontendKey frontend;
  Backend endpoint;
};

struct PuntService {
  Fate fate = Fate::kDropped;
  Reason reason = Reason::kNone;  // of a drop
  // For kRetry: which candidate for the source port, and which row of endpoints.
  uint8_t attempt = 0;
  std::optional<uint32_t> directed_endpoint{};
  std::optional<WantedRow> wanted_row{};  // to be directed there, once there is one
  // And how often it was given back then. A scout is to be processed before, as a packet that came
  // the same way, and need not leave; empty: none.
  uint8_t rounds = 0;
  std::vector<uint8_t> scout{};
  // Else what is sent, in order, and where; empty: nothing.
  Port egress = Port::kUplink;
  std::vector<std::vector<uint8_t>> frames{};
  bool into_tunnel = false;  // `frames` go into a tunnel, whose headers they have
};

// What the rules say of the first packet of a connection.
struct Decision {
  const Frontend* frontend = nullptr;  // nullptr: none
  ClientInfo client;
  const FrontendHalf* half = nullptr;
  FrontendAction action = FrontendAction::kForward;  // of a frontend; kDrop also by source ranges
  bool by_affinity = false;
  const Backend* endpoint = nullptr;  // for kForward; nullptr: every weight is 0
};

class SoftwarePath {
 public:
  // Begins with the connections and clients that were kept. REQUIRES: at most kKeptConnectionsMax
  // connections, where any are kept.
  explicit SoftwarePath(size_t connections_max, KeptSoftware kept = {});

  // Packets that come later meet this forwarding, of which `image` was built; connections and
  // affinity stay. Borrows `image` until the next call; it may change as Update and RowsWritten
  // say.
  void SetForwarding(const Forwarding& forwarding, const Image& image);

  // What of the forwarding is new, by work that goes with it.
  void Update(const ForwardingChange& change);

  // Rows that the image has otherwise now. Next hops that endpoints already have change only with
  // SetForwarding.
  void RowsWritten(std::span<const RowWrite> writes);

  PuntService Serve(const HandedOver& packet, absl::Time now, FindTranslation find);

  // Changes nothing that counts. Valid until the forwarding changes.
  Decision Decide(const FlowKey& key, absl::Time now);

  // Forgets connections and affinity.
  void Forget();

  const HostConnections& connections() const { return connections_; }
  // Clients with session affinity that it remembers.
  size_t clients() const { return affinity_.size(); }

  // It has connections of its own over this protocol: the card is to hand over what no connection
  // there takes (host-protocols). Becomes false only by Sweep, ForgetIf and Forget.
  bool HasConnections(Protocol protocol) const { return connections_.size(protocol) != 0; }

  // Connections of the card's that it has no room for any more: its own from now on. Returns how
  // many it could not take either; before the first forwarding, whose next hops they need, all.
  size_t TakeOver(std::span<const std::variant<Connection, ConnectionIpv6>> connections);

  // Forgets connections of its own that are over at `now`; returns how many.
  size_t Sweep(absl::Time now);
  // And those for which `chosen` is true.
  size_t ForgetIf(absl::FunctionRef<bool(const HostConnection&)> chosen);

  // The card has recorded a connection to the endpoint: by session affinity, a client's time
  // begins anew.
  void Learned(const FlowKey& original, const EndpointId& endpoint, absl::Time now);

  // Takes back from the card's table affinity what is over at `now`. Due at least once a second.
  void ExpireAffinity(absl::Time now) { card_affinity_.Sweep(affinity_, now); }

  // Rows that the card is to be told, in this order, before the packets that were served since are
  // given back.
  std::vector<RowWrite> TakeWrites() { return card_affinity_.TakeWrites(); }

  // Clients that table affinity knows.
  size_t affinity_rows() const { return card_affinity_.size(); }

  // What mends a row of table affinity.
  std::optional<RowWrite> AffinityWriteOf(uint32_t row) const {
    return card_affinity_.WriteOf(row);
  }

  // Connections that there were before the first forwarding, of the card's one and all of its own:
  // they count for their endpoints. Once each.
  void CountConnection(const FlowKey& original, const EndpointId& endpoint);
  void CountConnections();

  // A connection that the card carried to the endpoint has ended.
  void Ended(const EndpointId& endpoint) { schedulers_.Ended(endpoint); }

 private:
  // A packet as it is served: without tag and tunnel, and what it came as.
  struct Unwrapped : HandedOver {
    std::span<const uint8_t> whole;
  };

  PuntService ServeWhole(const HandedOver& packet, absl::Time now, FindTranslation find);
  PuntService ServeUntagged(const Unwrapped& packet, absl::Time now, FindTranslation find);
  PuntService ServeFromTunnel(const HandedOver& packet, absl::Time now, FindTranslation find);
  // Of software_path_deep.cc:
  PuntService ServeFragment(const Unwrapped& packet, absl::Time now, FindTranslation find);
  PuntService ServeOptions(const HandedOver& packet, absl::Time now, FindTranslation find);
  PuntService ServeTooBig(const HandedOver& packet, FindTranslation find) const;
  PuntService ServeIcmpError(const HandedOver& packet, FindTranslation find) const;
  PuntService BeginDeep(const HandedOver& packet, const DeepPacket& deep, const FlowKey& key,
                        absl::Time now);
  PuntService SendDeep(const HandedOver& packet, const DeepPacket& deep, const FlowKey& to,
                       const NextHop& hop) const;
  PuntService Send(std::vector<uint8_t> frame, const FlowKey& to, const NextHop& hop) const;
  NextHop HopTowards(const FlowKey& to) const;

  PuntService ServeSctp(const HandedOver& packet, absl::Time now, FindTranslation find);
  PuntService ServeTableFull(const HandedOver& packet, absl::Time now, FindTranslation find);
  PuntService ServeHostConnections(const HandedOver& packet, absl::Time now);
  // Nothing: none of the connections here takes it.
  std::optional<PuntService> ServeOwn(const HandedOver& packet, const Flow& flow, absl::Time now);
  std::optional<FlowKey> TranslationOf(const FlowKey& key) const;
  PuntService Connect(const HandedOver& packet, const Flow& flow, absl::Time now,
                      FindTranslation find);
  PuntService Direct(const HandedOver& packet, uint8_t attempt, absl::Time now);
  PuntService Retry(const HandedOver& packet, absl::Time now);
  PuntService Refuse(const HandedOver& packet, const Address& destination) const;
  PuntService ByAnswer(const HandedOver& packet, Reason reason) const;
  PuntService Forward(const HandedOver& packet, const Flow& flow, const FlowKey& to,
                      const NextHop& hop) const;
  // The first candidate from `attempt` on whose replies none of the connections here takes;
  // nothing: there is none.
  std::optional<uint8_t> FreeAttempt(const FlowKey& key, const Decision& decision,
                                     uint8_t attempt) const;
  // The candidate for the source of a connection's translated packets; nothing: the node has no
  // address of this family.
  std::optional<FlowKey> Translate(const FlowKey& key, const Decision& decision,
                                   uint8_t attempt) const;
  const Backend* FromAffinity(const Decision& decision, const FlowKey& key, absl::Time now) const;
  void Commit(const Decision& decision, const FlowKey& key, absl::Time now);
  Address NodeAddress(const Address& of_family) const;

  void PutFrontend(const Frontend& frontend);
  void RemoveFrontend(const FrontendKey& key);

  std::optional<FolderLock> kept_lock_;
  Forwarding rest_;  // no frontends
  const Image* image_ = nullptr;
  ServiceLookup lookup_;
  Schedulers schedulers_{0};
  EndpointDirectory endpoints_;
  Affinity affinity_;
  CardAffinity card_affinity_;
  HostConnections connections_;
  FragmentList fragments_;
  std::vector<HeldFragment> released_;  // by the first fragment that is served
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_SOFTWARE_PATH_H_
