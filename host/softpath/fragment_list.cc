#include "host/softpath/fragment_list.h"

#include <utility>

namespace pointsman {

std::vector<HeldFragment> FragmentList::Learn(const DatagramId& id, const DatagramWay& way,
                                              absl::Time now) {
  Datagram& datagram = Take(id, now);
  datagram.way = way;
  return Release(datagram);
}

const DatagramWay* FragmentList::Find(const DatagramId& id, absl::Time now) {
  ForgetOld(now);
  const auto found = by_id_.find(id);
  return found != by_id_.end() && found->second->way ? &*found->second->way : nullptr;
}

bool FragmentList::Hold(const DatagramId& id, Port ingress, std::span<const uint8_t> frame,
                        absl::Time now) {
  Datagram& datagram = Take(id, now);
  if (datagram.held.size() == limits_.frames_of_one) return false;
  if (held_bytes_ + frame.size() > limits_.held_bytes) return false;
  datagram.held.push_back({ingress, {frame.begin(), frame.end()}});
  held_bytes_ += frame.size();
  return true;
}

void FragmentList::Clear() {
  by_age_.clear();
  by_id_.clear();
  held_bytes_ = 0;
}

FragmentList::Datagram& FragmentList::Take(const DatagramId& id, absl::Time now) {
  ForgetOld(now);
  if (const auto found = by_id_.find(id); found != by_id_.end()) return *found->second;
  if (by_id_.size() == limits_.datagrams) Erase(by_age_.begin());
  by_age_.push_back({.id = id, .since = now, .way = std::nullopt, .held = {}});
  by_id_[id] = std::prev(by_age_.end());
  return by_age_.back();
}

void FragmentList::ForgetOld(absl::Time now) {
  while (!by_age_.empty() && by_age_.front().since + limits_.lifetime <= now) {
    Erase(by_age_.begin());
  }
}

std::vector<HeldFragment> FragmentList::Release(Datagram& datagram) {
  for (const HeldFragment& fragment : datagram.held) held_bytes_ -= fragment.frame.size();
  return std::exchange(datagram.held, {});
}

void FragmentList::Erase(ByAge::iterator datagram) {
  Release(*datagram);
  by_id_.erase(datagram->id);
  by_age_.erase(datagram);
}

}  // namespace pointsman
