#include "flow_tables/connections.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>

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

Connections::Connections(uint32_t capacity, uint64_t seed)
    : bucket_mask_(BucketsFor(capacity) - 1),
      buckets_(BucketsFor(capacity), Bucket{}),
      records_(capacity) {
  for (uint64_t& key : keys_) key = NextKey(seed);
}

// The bucket takes the low bits, the tag the high ones.
uint8_t Connections::Tag(Placement placement) {
  return static_cast<uint8_t>(std::max(1U, placement.value >> 24));
}

// Bit i: slot i has this tag.
uint32_t Connections::MatchingTags(const Bucket& bucket, uint8_t tag) {
  const __m128i tags = _mm_load_si128(reinterpret_cast<const __m128i*>(&bucket));
  const __m128i equal = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
  return static_cast<uint32_t>(_mm_movemask_epi8(equal)) & ((1U << kSlots) - 1);
}

void Connections::PrefetchRecord(Placement placement) const {
  const Bucket& bucket = buckets_[placement.value & bucket_mask_];
  const uint32_t matches = MatchingTags(bucket, Tag(placement));
  if (matches == 0) return;
  const uint32_t entry = bucket.entries[static_cast<uint32_t>(std::countr_zero(matches))];
  __builtin_prefetch(&records_[entry & ~kReplyBit]);
}

template <class Visit>
void Connections::VisitCandidates(Placement placement, Visit visit) const {
  const uint8_t tag = Tag(placement);
  for (uint32_t at = placement.value & bucket_mask_;; at = (at + 1) & bucket_mask_) {
    const Bucket& bucket = buckets_[at];
    for (uint32_t left = MatchingTags(bucket, tag); left != 0; left &= left - 1) {
      if (visit(bucket.entries[static_cast<uint32_t>(std::countr_zero(left))])) return;
    }
    if (bucket.passed == 0) return;
  }
}

const Translation* Connections::Find(const Tuple& tuple, Placement placement) const {
  const Translation* found = nullptr;
  VisitCandidates(placement, [&](uint32_t entry) {
    const Connection& connection = records_[entry & ~kReplyBit].connection;
    if ((entry & kReplyBit) != 0) {
      if (ReplyKey(connection) == tuple) found = &connection.reply;
      return false;
    }
    if (connection.original != tuple) return false;
    found = &connection.translation;
    return true;
  });
  return found;
}

uint32_t Connections::FindOriginal(const Tuple& original, Placement placement) const {
  uint32_t found = kNowhere;
  VisitCandidates(placement, [&](uint32_t entry) {
    if ((entry & kReplyBit) == 0 && records_[entry].connection.original == original) found = entry;
    return found != kNowhere;
  });
  return found;
}

bool Connections::HasReply(const Tuple& key, Placement placement) const {
  bool found = false;
  VisitCandidates(placement, [&](uint32_t entry) {
    found = (entry & kReplyBit) != 0 && ReplyKey(records_[entry & ~kReplyBit].connection) == key;
    return found;
  });
  return found;
}

RecordResult Connections::Record(const Connection& connection) {
  const Tuple reply_key = ReplyKey(connection);
  const Placement reply_placement = Hash(reply_key);
  if (HasReply(reply_key, reply_placement)) return RecordResult::kSourcePortTaken;
  if (size() == capacity()) return RecordResult::kFull;
  const uint32_t number = TakeRecord();
  records_[number].connection = connection;
  Insert(Hash(connection.original), number);
  Insert(reply_placement, number | kReplyBit);
  return RecordResult::kRecorded;
}

uint32_t Connections::TakeRecord() {
  if (free_.empty()) return used_++;
  const uint32_t number = free_.back();
  free_.pop_back();
  return number;
}

bool Connections::Erase(const Tuple& original) {
  const Placement placement = Hash(original);
  const uint32_t number = FindOriginal(original, placement);
  if (number == kNowhere) return false;
  Remove(placement, number);
  Remove(Hash(ReplyKey(records_[number].connection)), number | kReplyBit);
  free_.push_back(number);
  return true;
}

void Connections::Clear() {
  std::fill(buckets_.begin(), buckets_.end(), Bucket{});
  used_ = 0;
  free_.clear();
}

void Connections::Insert(Placement placement, uint32_t entry) {
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

void Connections::Remove(Placement placement, uint32_t entry) {
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

}  // namespace pointsman
