// What happens to a packet: the rule of docs/card.md, as the software path runs it and as the RTL
// is compared with it. Not thread-safe; one pipeline a core.
#ifndef POINTSMAN_FLOW_TABLES_PIPELINE_H_
#define POINTSMAN_FLOW_TABLES_PIPELINE_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "flow_tables/affinity_rows.h"
#include "flow_tables/connections.h"
#include "flow_tables/frontend_tags.h"
#include "flow_tables/image.h"
#include "flow_tables/packet.h"
#include "flow_tables/rewrite.h"
#include "flow_tables/shard.h"
#include "flow_tables/source_ranges.h"
#include "flow_tables/tunnel.h"

namespace pointsman {

// A frame without FCS, changed in place when it is translated: then `frame` is what leaves, which
// begins further in front or behind where headers of a tunnel come or go. Borrowed for the call.
struct Packet {
  std::span<uint8_t> frame;
  Port ingress = Port::kUplink;
  // Which candidate for the source port of a new connection, 0..kSourcePortAttempts-1.
  uint8_t attempt = 0;
  // The row of endpoints that the host chose for a new connection, in place of the slot's.
  std::optional<uint32_t> directed_endpoint{};
  // Bytes before the frame that may be written: kTunnelBytes at least where next hops have tunnels.
  size_t headroom_bytes = 0;
};

struct Outcome {
  Verdict verdict = Verdict::kPass;
  Reason reason = Reason::kNone;
  Port egress = Port::kUplink;    // for pass and forward
  bool learned = false;           // a connection was recorded, whatever the verdict
  uint16_t frontend_counter = 0;  // for forward
  uint32_t endpoint = 0;          // for forward
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// What happened to a connection: kLearn, or over TCP kEstablish or kClose.
struct ConnectionNews {
  EventKind kind = EventKind::kLearn;
  bool ipv6 = false;
  uint32_t number = 0;  // ConnectionTable::NumberOf
  friend bool operator==(const ConnectionNews&, const ConnectionNews&) = default;
};

class Pipeline {
 public:
  // Starts with no connections and room for as many as image->sizes says. `placement_seed` keys
  // the tables of connections: random where outsiders choose the packets. It has no influence on
  // outcomes. The tables of connections are in `memory`, which must outlive the pipeline.
  // Of several pipelines that share connections out, `shard` says which it is: it has room for its
  // part of them, and takes source ports of its own.
  // REQUIRES: each table of the image has a power of two rows, frontends at least one bucket a
  // bank.
  explicit Pipeline(std::shared_ptr<const Image> image, uint64_t placement_seed = 0,
                    std::pmr::memory_resource* memory = std::pmr::get_default_resource(),
                    const Shard& shard = {});

  // Packets that come later meet this image; connections, and the room for them, stay.
  // REQUIRES: as for the constructor.
  void SetImage(std::shared_ptr<const Image> image);

  // Mode offload of docs/card.md. One packet sees the connections recorded by those before it, in a
  // batch too. Fastest with batches of 32. REQUIRES: packets.size() == outcomes.size().
  void Process(std::span<Packet> packets, std::span<Outcome> outcomes);

  // Of the packets of the last call of Process, in order.
  std::span<const ConnectionNews> news() const { return news_; }

  // The time of packets that come later, in ticks of connection_life.h. Starts at 0.
  void SetTick(uint32_t tick) { tick_ = tick & kTickMask; }

  // Forgets the connections of both families that are over by the image's timeouts.
  void Sweep();
  const ConnectionTimeouts& timeouts() const { return image_->configuration.timeouts; }

  // What packets that come later meet in table affinity; as large as the image's sizes say.
  AffinityTable& affinity() { return affinity_; }

  Connections& connections() { return connections_; }
  const Connections& connections() const { return connections_; }
  ConnectionsIpv6& connections_ipv6() { return connections_ipv6_; }
  const ConnectionsIpv6& connections_ipv6() const { return connections_ipv6_; }

 private:
  static constexpr size_t kBatchPackets = 32;

  // Steps 3 and 4 for one packet, as far as the image alone decides.
  template <class Family>
  struct Plan {
    HashPair frontend_hashes;
    uint32_t frontend_candidates;  // of FrontendTags
    bool connects;                 // else: `refusal` is the outcome
    Outcome refusal;
    bool masquerade;
    uint16_t client_next_hop;
    uint16_t frontend_counter;
    uint32_t hash;
    uint32_t slot;
    ConnectionAs<Family> connection;
    typename ConnectionTable<Family>::Placement reply_placement;
  };

  // Places of packets in a batch, ascending: bit i is packet i's.
  class Places {
   public:
    void Add(size_t place) { bits_ |= uint32_t{1} << place; }
    bool Contains(size_t place) const { return (bits_ >> place & 1) != 0; }
    bool empty() const { return bits_ == 0; }

    class Iterator {
     public:
      explicit Iterator(uint32_t left) : left_(left) {}
      size_t operator*() const { return static_cast<size_t>(std::countr_zero(left_)); }
      void operator++() { left_ &= left_ - 1; }
      bool operator!=(const Iterator& other) const { return left_ != other.left_; }

     private:
      uint32_t left_;
    };
    Iterator begin() const { return Iterator(bits_); }
    static Iterator end() { return Iterator(0); }

   private:
    uint32_t bits_ = 0;
  };
  static_assert(kBatchPackets <= 32);

  // What is known of a batch's packets over one family, by place in the batch.
  template <class Family>
  struct Lane {
    Places places;  // of those that have a tuple
    std::array<ParsedAs<typename Family::Key>, kBatchPackets> parsed;
    std::array<typename ConnectionTable<Family>::Placement, kBatchPackets> placements;
    std::array<typename ConnectionTable<Family>::Guess, kBatchPackets> guesses;
    std::array<Plan<Family>, kBatchPackets> plans;
    Places planned;  // of those that have a plan
  };

  // The stages of a batch; `i` is a packet's place in it.
  void ProcessBatch(std::span<Packet> packets, std::span<Outcome> outcomes);
  void ParseBatch(std::span<const Packet> packets);
  bool ParsePlain(const Packet& packet, size_t i);
  void ParseSpecial(const Packet& packet, size_t i);
  void ParseOther(const Packet& packet, size_t i);
  template <class Family>
  void PrefetchBuckets();
  template <class Family>
  void LookUp();
  template <class Family>
  void PlanUnknown(std::span<const Packet> packets);
  void FinishBatch(std::span<Packet> packets, std::span<Outcome> outcomes);
  template <class Family>
  void Finish(Packet& packet, size_t i, Outcome& outcome);
  template <class Family>
  void FinishUnknown(Packet& packet, size_t i, Outcome& outcome);
  void FinishOther(Packet& packet, size_t i, Outcome& outcome);

  // A packet that comes by itself: it has nothing to do while it waits for what it asks for.
  void ProcessAlone(Packet& packet, Outcome& outcome);

  template <class Family>
  ConnectionTable<Family>& Table() {
    if constexpr (std::is_same_v<Family, Ipv4>) {
      return connections_;
    } else {
      return connections_ipv6_;
    }
  }
  template <class Family>
  Lane<Family>& LaneOf() {
    if constexpr (std::is_same_v<Family, Ipv4>) {
      return ipv4_;
    } else {
      return ipv6_;
    }
  }
  // The three steps of a plan; what the next one reads has been asked for.
  template <class Family>
  void StartPlan(const typename Family::Key& tuple, Plan<Family>& plan) const;
  template <class Family>
  void ChooseSlot(const Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                  Plan<Family>& plan) const;
  template <class Family>
  void MakePlan(const Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                Plan<Family>& plan);
  // The slot of a client that has met an endpoint, as long as it is one of the run's; nothing: the
  // host chooses.
  std::optional<uint32_t> SlotByAffinity(uint32_t group, const Bits128& client, uint32_t slots_base,
                                         uint32_t slots_mask) const;
  Outcome WithoutFrontend(const Packet& packet, const Bits128& destination) const;
  template <class Family>
  const FrontendRow* FindFrontend(const typename Family::Key& tuple,
                                  const Plan<Family>& plan) const;

  template <class Family>
  void Translate(Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                 const typename ConnectionTable<Family>::Found& known, Outcome& outcome);
  template <class Family>
  void Note(EventKind kind, const ConnectionAs<Family>& connection);
  template <class Family>
  void NoteChange(const ConnectionAs<Family>& connection);
  template <class Family>
  void Connect(Packet& packet, const ParsedAs<typename Family::Key>& parsed,
               const Plan<Family>& plan, typename ConnectionTable<Family>::Placement placement,
               Outcome& outcome);
  template <class Family>
  void Forward(Packet& packet, const ParsedAs<typename Family::Key>& parsed,
               const RewriteAs<Family>& rewrite, Outcome& outcome) const;
  template <class Family>
  void ForwardByTunnel(Packet& packet, const ParsedAs<typename Family::Key>& parsed,
                       const RewriteAs<Family>& rewrite, const Hop& hop, Outcome& outcome) const;
  // What a tunnel that the packet came through or goes into has against it.
  template <class Family>
  std::optional<Outcome> RefusalOfTunnel(const Packet& packet,
                                         const ParsedAs<typename Family::Key>& parsed,
                                         const Hop& hop) const;
  // Takes headers away and puts new ones, before and behind what RewriteFrame does.
  template <class Family>
  void LeaveTunnel(Packet& packet, const ParsedAs<typename Family::Key>& parsed) const;
  template <class Family>
  void EnterTunnel(Packet& packet, size_t tag_bytes, const Hop& hop) const;

  const Shard shard_;
  std::shared_ptr<const Image> image_;
  MasqueradePorts masquerade_ports_;  // the shard's
  uint32_t unconfirmed_quota_ = 0;
  std::vector<Hop> hops_;
  uint32_t hops_mask_ = 0;
  SourceRanges sources_;
  FrontendTags frontend_tags_;
  Connections connections_;
  ConnectionsIpv6 connections_ipv6_;
  AffinityTable affinity_;
  uint32_t tick_ = 0;
  std::vector<ConnectionNews> news_;
  // A batch's own, here to spare their initialisation each time.
  Lane<Ipv4> ipv4_;
  Lane<Ipv6> ipv6_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_PIPELINE_H_
