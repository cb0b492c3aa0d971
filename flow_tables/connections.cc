#include "flow_tables/connections.h"

#include <algorithm>

namespace pointsman {
namespace {

// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").
uint64_t NextKey(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Both directions of a full table fill two thirds of the slots or less.
uint32_t BucketsFor(uint32_t capacity) { return std::bit_ceil(std::max(1U, capacity / 4 + 1)); }

}  // namespace

template <class Family>
ConnectionTable<Family>::ConnectionTable(uint32_t capacity, uint64_t seed,
                                         std::pmr::memory_resource* memory)
    : bucket_mask_(BucketsFor(capacity) - 1),
      buckets_(BucketsFor(capacity), Bucket{}, memory),
      records_(capacity, memory) {
  for (uint64_t& key : keys_) key = NextKey(seed);
}

template <class Family>
typename ConnectionTable<Family>::Found ConnectionTable<Family>::Find(const Key& tuple,
                                                                      Placement placement) {
  Found found;
  VisitCandidates(placement, [&](uint32_t entry) {
    const bool from_reply = (entry & kReplyBit) != 0;
    Connection& connection = records_[entry & kNumberMask];
    if (!HasKey(connection, from_reply, tuple)) return false;
    found = {&connection, from_reply};
    return !from_reply;
  });
  return found;
}

// To the state behind a packet; whether that is another one.
template <class Family>
bool ConnectionTable<Family>::Move(Found found, uint8_t tcp_flags, uint32_t tick) {
  Connection& connection = *found.connection;
  const ConnectionState next = NextState(
      connection.state, {.tcp = connection.protocol == static_cast<uint8_t>(Protocol::kTcp),
                         .tcp_flags = tcp_flags,
                         .from_reply = found.from_reply,
                         .later = connection.last_seen != tick});
  if (next == connection.state) return false;
  if (connection.state == ConnectionState::kUnconfirmed) --CountUnconfirmed(connection);
  connection.state = next;
  return true;
}

template <class Family>
uint32_t ConnectionTable<Family>::FindOriginal(const Key& original, Placement placement) const {
  uint32_t found = kNowhere;
  VisitCandidates(placement, [&](uint32_t entry) {
    if ((entry & kReplyBit) == 0 && OriginalKey(records_[entry]) == original) found = entry;
    return found != kNowhere;
  });
  return found;
}

template <class Family>
bool ConnectionTable<Family>::HasReply(const Key& key, Placement placement) const {
  bool found = false;
  VisitCandidates(placement, [&](uint32_t entry) {
    found = (entry & kReplyBit) != 0 && ReplyKey(records_[entry & ~kReplyBit]) == key;
    return found;
  });
  return found;
}

template <class Family>
RecordResult ConnectionTable<Family>::Record(const Connection& connection, Placement placement,
                                             Placement reply_placement) {
  if (HasReply(ReplyKey(connection), reply_placement)) return RecordResult::kSourcePortTaken;
  if (size() == capacity()) return RecordResult::kFull;
  const uint32_t number = TakeRecord();
  records_[number] = connection;
  newest_ = number;
  if (connection.state == ConnectionState::kUnconfirmed) ++CountUnconfirmed(connection);
  Insert(placement, number);
  Insert(reply_placement, number | kReplyBit);
  return RecordResult::kRecorded;
}

template <class Family>
uint32_t ConnectionTable<Family>::TakeRecord() {
  if (free_.empty()) return used_++;
  const uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

template <class Family>
bool ConnectionTable<Family>::Erase(const Key& original) {
  const Placement placement = Hash(original);
  const uint32_t number = FindOriginal(original, placement);
  if (number == kNowhere) return false;
  EraseRecord(number, placement);
  return true;
}

template <class Family>
void ConnectionTable<Family>::EraseRecord(uint32_t number, Placement placement) {
  Connection& connection = records_[number];
  if (connection.state == ConnectionState::kUnconfirmed) --CountUnconfirmed(connection);
  Remove(placement, number);
  Remove(Hash(ReplyKey(connection)), number | kReplyBit);
  connection.protocol = 0;
  free_.push_back(number);
}

template <class Family>
uint32_t& ConnectionTable<Family>::CountUnconfirmed(const Connection& connection) {
  const size_t counter = connection.there.to.frontend_counter;
  if (counter >= unconfirmed_.size()) unconfirmed_.resize(counter + 1);
  return unconfirmed_[counter];
}

template <class Family>
void ConnectionTable<Family>::Refresh(uint32_t since, uint32_t tick, uint32_t first,
                                      uint32_t count) {
  const auto ticks = [](uint32_t from, uint32_t to) { return (to - from) & kTickMask; };
  const uint32_t end = std::min(used_, first + std::min(count, used_));
  for (uint32_t number = first; number < end; ++number) {
    Connection& connection = records_[number];
    if (connection.protocol == 0) continue;
    if (ticks(connection.last_seen, tick) > ticks(since, tick)) connection.last_seen = since;
  }
}

template <class Family>
void ConnectionTable<Family>::Clear() {
  std::fill(buckets_.begin(), buckets_.end(), Bucket{});
  for (uint32_t number = 0; number < used_; ++number) records_[number].protocol = 0;
  unconfirmed_.clear();
  used_ = 0;
  free_.clear();
}

template <class Family>
void ConnectionTable<Family>::Insert(Placement placement, uint32_t entry) {
  for (uint32_t at = placement.value & bucket_mask_;; at = (at + 1) & bucket_mask_) {
    Bucket& bucket = buckets_[at];
    const uint32_t free_slots = MatchingTags(bucket, 0);
    if (free_slots != 0) {
      const auto slot = static_cast<uint32_t>(std::countr_zero(free_slots));
      bucket.tags[slot] = Tag(placement);
      bucket.entries[slot] = entry;
      return;
    }
    ++bucket.passed;
  }
}

template <class Family>
void ConnectionTable<Family>::Remove(Placement placement, uint32_t entry) {
  for (uint32_t at = placement.value & bucket_mask_;; at = (at + 1) & bucket_mask_) {
    Bucket& bucket = buckets_[at];
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (bucket.tags[slot] == 0 || bucket.entries[slot] != entry) continue;
      bucket.tags[slot] = 0;
      return;
    }
    --bucket.passed;
  }
}

template class ConnectionTable<Ipv4>;
template class ConnectionTable<Ipv6>;

}  // namespace pointsman
