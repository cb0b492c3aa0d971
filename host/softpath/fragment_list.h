// Datagrams that come in fragments: what became of the first fragment becomes of the others, which
// have no ports of their own. Others that come before wait for it. Nothing is reassembled. Bounded
// in datagrams, in frames of one and in bytes that wait; what has been there for longest is
// forgotten first. Not thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_FRAGMENT_LIST_H_
#define POINTSMAN_HOST_SOFTPATH_FRAGMENT_LIST_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "flow_tables/flow.h"
#include "host/softpath/deep_packet.h"

namespace pointsman {

// What becomes of a datagram.
struct DatagramWay {
  bool translated = false;  // else it passes
  FlowKey to;
  NextHop hop;
};

struct HeldFragment {
  Port ingress = Port::kUplink;
  std::vector<uint8_t> frame;
};

struct FragmentLimits {
  size_t datagrams = 4096;
  size_t frames_of_one = 64;
  size_t held_bytes = 4 << 20;
  // As long as Linux waits for the rest of a datagram (net.ipv4.ipfrag_time).
  absl::Duration lifetime = absl::Seconds(30);
};

class FragmentList {
 public:
  explicit FragmentList(const FragmentLimits& limits = {}) : limits_(limits) {}

  // The first fragment came at `now`. Returns those that waited for it, in their order.
  std::vector<HeldFragment> Learn(const DatagramId& id, const DatagramWay& way, absl::Time now);

  // nullptr: the first fragment has not come, or is forgotten. Valid until the next change.
  const DatagramWay* Find(const DatagramId& id, absl::Time now);

  // Lets a fragment wait. False: there is no room, it is lost. REQUIRES: Find gives nothing.
  bool Hold(const DatagramId& id, Port ingress, std::span<const uint8_t> frame, absl::Time now);

  void Clear();
  size_t datagrams() const { return by_id_.size(); }
  size_t held_bytes() const { return held_bytes_; }

 private:
  struct Datagram {
    DatagramId id;
    absl::Time since;
    std::optional<DatagramWay> way;
    std::vector<HeldFragment> held;
  };
  using ByAge = std::list<Datagram>;  // the oldest first

  Datagram& Take(const DatagramId& id, absl::Time now);
  void ForgetOld(absl::Time now);
  std::vector<HeldFragment> Release(Datagram& datagram);
  void Erase(ByAge::iterator datagram);

  const FragmentLimits limits_;
  ByAge by_age_;
  absl::flat_hash_map<DatagramId, ByAge::iterator> by_id_;
  size_t held_bytes_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_FRAGMENT_LIST_H_
