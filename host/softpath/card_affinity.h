// Which clients a card is told of, so that it carries their new connections by itself: those that
// have met an endpoint of a frontend with session affinity. Affinity stays the truth; what the card
// does not know, it asks for. Not thread-safe.
#ifndef POINTSMAN_HOST_SOFTPATH_CARD_AFFINITY_H_
#define POINTSMAN_HOST_SOFTPATH_CARD_AFFINITY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "flow_tables/affinity_rows.h"
#include "flow_tables/flow.h"
#include "flow_tables/image.h"
#include "host/softpath/affinity.h"

namespace pointsman {

class CardAffinity {
 public:
  // Begins anew with no frontends; clients stay. Borrows `image`, which may change meanwhile, until
  // the next call; its sizes are always the same.
  void Reset(const Image& image);
  // A frontend that there is from now on, or not any more.
  void Add(const Frontend& frontend);
  void Remove(const Frontend& frontend);

  // Whether any frontend has session affinity.
  bool HasGroups() const { return !groups_.empty(); }

  // The client of this connection has met the endpoint in row `endpoint` of endpoints, at the
  // frontend's half for clients outside or inside. Nothing happens where the host decides about all
  // connections, or where the table is full.
  void Tell(const Frontend& frontend, bool outside, const FlowKey& key, uint32_t endpoint);

  // Takes back what `affinity` has forgotten or what is over at `now`.
  void Sweep(const Affinity& affinity, absl::Time now);

  // Takes back everything.
  void Clear();

  // What the card is to be told since the last call, in this order.
  std::vector<RowWrite> TakeWrites();

  // Clients that the card knows.
  size_t size() const { return rows_ ? rows_->row_by_client().size() : 0; }

  // The write of a row as it is to be; nothing: the card has no such row.
  std::optional<RowWrite> WriteOf(uint32_t index) const;

 private:
  struct Group {
    std::string name{};
    absl::Duration timeout{};
    size_t frontends = 0;
  };

  bool IsOver(const AffinityRows::Client& client, const Affinity& affinity, absl::Time now) const;

  const Image* image_ = nullptr;
  std::optional<AffinityRows> rows_;
  absl::flat_hash_map<uint32_t, std::vector<Group>> groups_;  // by number; more than one is rare
  std::vector<RowWrite> writes_;
};

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_CARD_AFFINITY_H_
