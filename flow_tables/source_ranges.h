// Longest prefix match of a client's address, for the software pipeline: the `sources` rows cut
// into ranges that do not overlap, found by binary search. Those that hold IPv4 addresses are there
// once more by themselves, as numbers of 32 bits. Immutable once made.
#ifndef POINTSMAN_FLOW_TABLES_SOURCE_RANGES_H_
#define POINTSMAN_FLOW_TABLES_SOURCE_RANGES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "flow_tables/address.h"
#include "flow_tables/types.h"

namespace pointsman {

// Who a client is and where replies to it go.
struct Client {
  ClientClass client_class = ClientClass::kOutside;
  uint16_t next_hop = 0;
  uint32_t range_sets = 0;
  friend bool operator==(const Client&, const Client&) = default;
};

class SourceRanges {
 public:
  // Of two rows with the same prefix the first counts. Bits of an address behind its prefix are
  // ignored.
  explicit SourceRanges(std::span<const SourceRow> rows);

  // No match: class outside, next hop 0, no sets.
  const Client& Find(uint32_t ipv4_address) const { return ipv4_.Find(ipv4_address); }
  const Client& Find(const Bits128& address) const { return all_.Find(Address::FromBits(address)); }

 private:
  template <class Number>
  struct Ranges {
    const Client& Find(const Number& address) const {
      const auto behind = std::upper_bound(firsts.begin(), firsts.end(), address);
      return clients[static_cast<size_t>(behind - firsts.begin()) - 1];
    }
    // A range that starts where the last one did takes its place.
    void Start(const Number& first, const Client& client) {
      if (!firsts.empty() && firsts.back() == first) {
        clients.back() = client;
        return;
      }
      firsts.push_back(first);
      clients.push_back(client);
    }

    // Ascending; [0] is 0; a range ends before the next one's first.
    std::vector<Number> firsts;
    std::vector<Client> clients;  // of the range with the same index
  };

  Ranges<Address> all_;
  Ranges<uint32_t> ipv4_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SOURCE_RANGES_H_
