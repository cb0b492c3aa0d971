// The software path's table of IPv4 connections: `originals` and `replies` of docs/card.md in one,
// exact match on full keys. Not thread-safe; one table a core.
//
// A lookup touches two cache lines: one bucket of the index, which holds twelve 8-bit tags and the
// numbers of their records, and one record, which serves both directions. An entry that finds its
// bucket full goes on to the next one and leaves a count behind, so that a lookup knows whether to
// follow; the index has room for every record, and the table is full only when all of them are
// taken.
#ifndef POINTSMAN_FLOW_TABLES_CONNECTIONS_H_
#define POINTSMAN_FLOW_TABLES_CONNECTIONS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "flow_tables/types.h"

namespace pointsman {

// One connection. What a reply is recognised by follows from the rest: see ReplyKey.
struct Connection {
  Tuple original;           // as the client sends it
  Translation translation;  // what becomes of it
  Translation reply;        // what becomes of the endpoint's answers
  friend bool operator==(const Connection&, const Connection&) = default;
};

// (endpoint's address, new source address, endpoint's port, new source port, protocol).
inline Tuple ReplyKey(const Connection& connection) {
  const Translation& to = connection.translation;
  return {.source_address = to.new_destination_address,
          .destination_address = to.new_source_address,
          .source_port = to.new_destination_port,
          .destination_port = to.new_source_port,
          .protocol = connection.original.protocol};
}

// Back to the client: the two ends of the original, exchanged.
inline Translation ReplyTranslation(const Tuple& original, const Translation& translation,
                                    uint16_t next_hop) {
  return {.new_source_address = original.destination_address,
          .new_destination_address = original.source_address,
          .new_source_port = original.destination_port,
          .new_destination_port = original.source_port,
          .next_hop = next_hop,
          .frontend_counter = translation.frontend_counter,
          .endpoint = translation.endpoint};
}

enum class RecordResult : uint8_t {
  kRecorded,
  kSourcePortTaken,  // the reply's key belongs to another connection
  kFull,             // size() == capacity()
};

class Connections {
 public:
  // Where a tuple is placed. Made by Hash of the same table, for the functions below.
  struct Placement {
    uint32_t value = 0;
  };

  // `seed` keys the placement: random, where outsiders choose the tuples. REQUIRES: capacity is at
  // most 2^26. Takes 80 to 96 bytes a connection, all of them at once.
  Connections(uint32_t capacity, uint64_t seed);

  // Strongly universal (pair-multiply-shift, Thorup, "High speed hashing for integers and
  // strings"). A CRC would not do: which tuples collide does not depend on its seed.
  Placement Hash(const Tuple& tuple) const {
    const uint64_t ports = uint64_t{tuple.source_port} << 16 | tuple.destination_port;
    const uint64_t sum =
        (keys_[0] + tuple.source_address) * (keys_[1] + tuple.destination_address) +
        (keys_[2] + ports) * (keys_[3] + tuple.protocol) + keys_[4];
    return {static_cast<uint32_t>(sum >> 32)};
  }

  // Hints, worth giving for a whole batch each before the first Find: the bucket first, then the
  // record. They change nothing.
  void PrefetchBucket(Placement placement) const {
    __builtin_prefetch(&buckets_[placement.value & bucket_mask_]);
  }
  void PrefetchRecord(Placement placement) const;

  // What becomes of a packet with this tuple; originals before replies; nullptr: nothing known.
  // Valid until the next Erase or Clear.
  const Translation* Find(const Tuple& tuple, Placement placement) const;
  const Translation* Find(const Tuple& tuple) const { return Find(tuple, Hash(tuple)); }

  // Records both directions, or changes nothing. REQUIRES: connection.original is not the original
  // of a recorded connection.
  RecordResult Record(const Connection& connection);

  // Forgets the connection with this original tuple, both directions. False: there is none.
  bool Erase(const Tuple& original);

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
  static constexpr uint32_t kNowhere = ~0U;

  // Tag 0: the slot is free. An entry is a record's number, with kReplyBit for its reply.
  struct alignas(64) Bucket {
    std::array<uint8_t, kSlots> tags;
    uint32_t passed;  // entries that belong here or before and were placed behind
    std::array<uint32_t, kSlots> entries;
  };
  struct alignas(64) Row {
    Connection connection;
  };

  static uint8_t Tag(Placement placement);
  static uint32_t MatchingTags(const Bucket& bucket, uint8_t tag);
  // Calls visit(entry) for the entries that have this placement's tag until it returns true.
  template <class Visit>
  void VisitCandidates(Placement placement, Visit visit) const;
  uint32_t FindOriginal(const Tuple& original, Placement placement) const;
  bool HasReply(const Tuple& key, Placement placement) const;
  uint32_t TakeRecord();
  void Insert(Placement placement, uint32_t entry);
  void Remove(Placement placement, uint32_t entry);

  std::array<uint64_t, 5> keys_;
  uint32_t bucket_mask_;
  std::vector<Bucket> buckets_;
  std::vector<Row> records_;
  uint32_t used_ = 0;           // records from here on were never taken
  std::vector<uint32_t> free_;  // records before that were given back
};

template <class Visit>
void Connections::ForEach(Visit visit) const {
  for (const Bucket& bucket : buckets_) {
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      const bool original = (bucket.entries[slot] & kReplyBit) == 0;
      if (bucket.tags[slot] != 0 && original) visit(records_[bucket.entries[slot]].connection);
    }
  }
}

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_CONNECTIONS_H_
