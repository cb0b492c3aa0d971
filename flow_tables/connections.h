// The software path's tables of connections, one a family: `originals` and `replies` (or
// `originals-ipv6` and `replies-ipv6`) of docs/card.md in one, exact match on full keys. Not
// thread-safe; one table of each a core.
//
// A lookup touches two cache lines: one bucket of the index, which holds twelve 8-bit tags and the
// numbers of their records, and one record (over IPv6 two lines), which serves both directions. An
// entry that finds its bucket full goes on to the next one and leaves a count behind, so that a
// lookup knows whether to follow; the index has room for every record, and the table is full only
// when all of them are taken.
#ifndef POINTSMAN_FLOW_TABLES_CONNECTIONS_H_
#define POINTSMAN_FLOW_TABLES_CONNECTIONS_H_

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "flow_tables/connection.h"
#include "flow_tables/connection_life.h"
#include "flow_tables/family.h"

namespace pointsman {

enum class RecordResult : uint8_t {
  kRecorded,
  kSourcePortTaken,  // the reply's key belongs to another connection
  kFull,             // size() == capacity()
};

template <class Family>
class ConnectionTable {
 public:
  using Key = typename Family::Key;
  using Connection = ConnectionAs<Family>;

  // Where a tuple is placed. Made by Hash of the same table, for the functions below.
  struct Placement {
    uint32_t value = 0;
  };

  // What may be known of tuples with a placement, as far as their bucket tells. Made by Look of the
  // same table.
  class Guess {
   public:
    bool IsNothing() const { return entry_ == kNothing; }

   private:
    friend class ConnectionTable;
    static constexpr uint32_t kNothing = ~0U;
    static constexpr uint32_t kElsewhere = ~0U - 1;  // in another bucket, if at all
    static constexpr uint32_t kNotAlone = 1U << 30;  // there may be more than this entry
    uint32_t entry_ = kNothing;
  };

  // `seed` keys the placement: random, where outsiders choose the tuples. REQUIRES: capacity is at
  // most 2^26. Takes 80 to 96 bytes a connection (over IPv6 64 more), all of them at once, of
  // `memory`, which must outlive the table. Lookups are random: huge pages are worth having.
  ConnectionTable(uint32_t capacity, uint64_t seed,
                  std::pmr::memory_resource* memory = std::pmr::get_default_resource());

  // Strongly universal (pair-multiply-shift, Thorup, "High speed hashing for integers and
  // strings"). A CRC would not do: which tuples collide does not depend on its seed.
  Placement Hash(const Key& tuple) const {
    const auto words = Family::Words(tuple);
    // Not a loop, which GCC would not unroll.
    const auto sum_of = [&]<size_t... kPair>(std::index_sequence<kPair...>) {
      return (
          ((keys_[2 * kPair] + words[2 * kPair]) * (keys_[2 * kPair + 1] + words[2 * kPair + 1])) +
          ...);
    };
    const uint64_t sum = sum_of(std::make_index_sequence<words.size() / 2>()) + keys_[words.size()];
    return {static_cast<uint32_t>(sum >> 32)};
  }

  // Hints, worth giving for a whole batch each before the first Find: the bucket first, then the
  // record. They change nothing.
  [[gnu::always_inline]] void PrefetchBucket(Placement placement) const {
    __builtin_prefetch(&buckets_[placement.value & bucket_mask_]);
  }
  [[gnu::always_inline]] void PrefetchRecord(Guess guess) const;

  // Reads the bucket, and spares Find that. Good until a connection is forgotten, or one is
  // recorded whose original was a reply that is known.
  Guess Look(Placement placement) const;

  // The connection of a packet with this tuple; originals before replies. Valid until it is erased.
  struct Found {
    Connection* connection = nullptr;  // nullptr: nothing known
    bool from_reply = false;
    explicit operator bool() const { return connection != nullptr; }
    const RewriteAs<Family>& rewrite() const { return RewriteOf(*connection, from_reply); }
  };
  Found Find(const Key& tuple, Placement placement);
  Found Find(const Key& tuple) { return Find(tuple, Hash(tuple)); }
  Found Find(const Key& tuple, Placement placement, Guess guess);

  // A packet of a connection that was found came at `tick`; over TCP with these flags, as at
  // kTcpFlagsOffset. Whether the connection is in another state now.
  bool Touch(Found found, uint8_t tcp_flags, uint32_t tick);

  // Records both directions, or changes nothing. REQUIRES: the original is not that of a recorded
  // connection.
  // `placement` and `reply_placement` are of the original and of the ReplyKey.
  RecordResult Record(const Connection& connection, Placement placement, Placement reply_placement);
  RecordResult Record(const Connection& connection) {
    return Record(connection, Hash(OriginalKey(connection)), Hash(ReplyKey(connection)));
  }

  // Forgets the connection with this original tuple, both directions. False: there is none.
  bool Erase(const Key& original);

  // Forgets what is over at `tick`, both directions, and calls visit(const Connection&) for each
  // before. Looks at every connection, or at those of `count` records from `first` on.
  template <class Visit>
  void Sweep(const ConnectionTimeouts& timeouts, uint32_t tick, Visit visit) {
    Sweep(timeouts, tick, 0, used_, visit);
  }
  template <class Visit>
  void Sweep(const ConnectionTimeouts& timeouts, uint32_t tick, uint32_t first, uint32_t count,
             Visit visit);

  // For connections that somebody else has carried until `since`, of `count` records from `first`
  // on: none is older than that.
  void Refresh(uint32_t since, uint32_t tick, uint32_t first, uint32_t count);

  // The one that was recorded last. REQUIRES: it has not been forgotten.
  const Connection& newest() const { return records_[newest_]; }

  // Each connection has a record, whose number stays its own until it is forgotten.
  uint32_t NumberOf(const Connection& connection) const {
    return static_cast<uint32_t>(&connection - records_.data());
  }
  // All of them, in the memory that the table was given; those with protocol 0 are free.
  std::span<const Connection> records() const { return records_; }
  // Records from this number on are free.
  uint32_t records_used() const { return used_; }
  // nullptr: the record is free, or there is none of this number.
  const Connection* At(uint32_t number) const {
    return number < used_ && records_[number].protocol != 0 ? &records_[number] : nullptr;
  }

  // How many connections with this frontend counter are unconfirmed.
  uint32_t unconfirmed(uint16_t frontend_counter) const {
    return frontend_counter < unconfirmed_.size() ? unconfirmed_[frontend_counter] : 0;
  }

  // Forgets all of them.
  void Clear();

  uint32_t size() const { return used_ - static_cast<uint32_t>(free_.size()); }
  uint32_t capacity() const { return static_cast<uint32_t>(records_.size()); }

  // Calls visit(const Connection&) once for each connection, in no order. `visit` must not change
  // the table.
  template <class Visit>
  void ForEach(Visit visit) const;

 private:
  static constexpr uint32_t kSlots = 12;
  static constexpr uint32_t kReplyBit = 1U << 31;
  static constexpr uint32_t kNumberMask = Guess::kNotAlone - 1;
  static constexpr uint32_t kNowhere = ~0U;

  // Tag 0: the slot is free. An entry is a record's number, with kReplyBit for its reply.
  struct alignas(kCacheLineBytes) Bucket {
    std::array<uint8_t, kSlots> tags;
    uint32_t passed;  // entries that belong here or before and were placed behind
    std::array<uint32_t, kSlots> entries;
  };

  // The bucket takes the low bits, the tag the high ones.
  static uint8_t Tag(Placement placement) {
    return static_cast<uint8_t>(std::max(1U, placement.value >> 24));
  }
  // Bit i: slot i has this tag.
  static uint32_t MatchingTags(const Bucket& bucket, uint8_t tag) {
    const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
    const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<uint32_t>(_mm_movemask_epi8(equal)) & ((1U << kSlots) - 1);
  }
  // Calls visit(entry) for the entries that have this placement's tag until it returns true.
  template <class Visit>
  void VisitCandidates(Placement placement, Visit visit) const;
  uint32_t FindOriginal(const Key& original, Placement placement) const;
  bool HasReply(const Key& key, Placement placement) const;
  bool Move(Found found, uint8_t tcp_flags, uint32_t tick);
  uint32_t TakeRecord();
  void EraseRecord(uint32_t number, Placement placement);
  uint32_t& CountUnconfirmed(const Connection& connection);
  void Insert(Placement placement, uint32_t entry);
  void Remove(Placement placement, uint32_t entry);

  std::array<uint64_t, std::tuple_size_v<decltype(Family::Words({}))> + 1> keys_;
  uint32_t bucket_mask_;
  std::pmr::vector<Bucket> buckets_;
  std::pmr::vector<Connection> records_;  // protocol 0: it is free
  std::vector<uint32_t> unconfirmed_;     // by frontend counter, as far as they were met
  uint32_t used_ = 0;                     // records from here on were never taken
  uint32_t newest_ = 0;                   // taken last
  std::vector<uint32_t> free_;            // records before that were given back
};

template <class Family>
[[gnu::always_inline]] inline typename ConnectionTable<Family>::Guess ConnectionTable<Family>::Look(
    Placement placement) const {
  const Bucket& bucket = buckets_[placement.value & bucket_mask_];
  const uint32_t matches = MatchingTags(bucket, Tag(placement));
  const uint32_t others = (matches & (matches - 1)) | bucket.passed;
  const uint32_t not_alone = others != 0 ? Guess::kNotAlone : 0;
  Guess guess;
  if (matches != 0) {
    guess.entry_ = bucket.entries[static_cast<uint32_t>(std::countr_zero(matches))] | not_alone;
  } else if (bucket.passed != 0) {
    guess.entry_ = Guess::kElsewhere;
  }
  return guess;
}

// Forced inline: GCC takes a function that only prefetches for one without effect, and drops calls.
template <class Family>
[[gnu::always_inline]] inline void ConnectionTable<Family>::PrefetchRecord(Guess guess) const {
  if (guess.entry_ >= Guess::kElsewhere) return;
  const auto* record = reinterpret_cast<const char*>(&records_[guess.entry_ & kNumberMask]);
  for (size_t line = 0; line < sizeof(Connection); line += kCacheLineBytes) {
    __builtin_prefetch(record + line);
  }
}

template <class Family>
template <class Visit>
[[gnu::always_inline]] inline void ConnectionTable<Family>::VisitCandidates(Placement placement,
                                                                            Visit visit) const {
  const uint8_t tag = Tag(placement);
  for (uint32_t at = placement.value & bucket_mask_;; at = (at + 1) & bucket_mask_) {
    const Bucket& bucket = buckets_[at];
    for (uint32_t left = MatchingTags(bucket, tag); left != 0; left &= left - 1) {
      if (visit(bucket.entries[static_cast<uint32_t>(std::countr_zero(left))])) return;
    }
    if (bucket.passed == 0) return;
  }
}

// An original that is found needs no further look; for a reply there may be an original.
template <class Family>
[[gnu::always_inline]] inline typename ConnectionTable<Family>::Found ConnectionTable<Family>::Find(
    const Key& tuple, Placement placement, Guess guess) {
  if (guess.entry_ < Guess::kElsewhere) [[likely]] {
    constexpr uint32_t kMayBeOriginal = kReplyBit | Guess::kNotAlone;
    const bool from_reply = (guess.entry_ & kReplyBit) != 0;
    Connection& connection = records_[guess.entry_ & kNumberMask];
    if ((guess.entry_ & kMayBeOriginal) != kMayBeOriginal && HasKey(connection, from_reply, tuple))
        [[likely]]
      return {&connection, from_reply};
  }
  return Find(tuple, placement);
}

// The state of most connections stays what it is.
template <class Family>
[[gnu::always_inline]] inline bool ConnectionTable<Family>::Touch(Found found, uint8_t tcp_flags,
                                                                  uint32_t tick) {
  Connection& connection = *found.connection;
  const bool changes =
      !StaysEstablished(connection.state, tcp_flags) && Move(found, tcp_flags, tick);
  if (connection.last_seen != tick) connection.last_seen = tick;
  return changes;
}

template <class Family>
template <class Visit>
void ConnectionTable<Family>::Sweep(const ConnectionTimeouts& timeouts, uint32_t tick,
                                    uint32_t first, uint32_t count, Visit visit) {
  const uint32_t end = std::min(used_, first + std::min(count, used_));
  for (uint32_t number = first; number < end; ++number) {
    const Connection& connection = records_[number];
    if (connection.protocol == 0) continue;
    const bool tcp = connection.protocol == static_cast<uint8_t>(Protocol::kTcp);
    if (!IsOver(timeouts, tcp, connection.state, connection.last_seen, tick)) continue;
    visit(connection);
    EraseRecord(number, Hash(OriginalKey(connection)));
  }
}

template <class Family>
template <class Visit>
void ConnectionTable<Family>::ForEach(Visit visit) const {
  for (uint32_t number = 0; number < used_; ++number) {
    if (records_[number].protocol != 0) visit(records_[number]);
  }
}

using Connections = ConnectionTable<Ipv4>;
using ConnectionsIpv6 = ConnectionTable<Ipv6>;
extern template class ConnectionTable<Ipv4>;
extern template class ConnectionTable<Ipv6>;

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_CONNECTIONS_H_
