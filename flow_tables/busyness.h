// How busy frontends are, and which of them a card with little room should carry: those with the
// most new connections, as those are what a frontend costs in software. Pure; not thread-safe.
#ifndef POINTSMAN_FLOW_TABLES_BUSYNESS_H_
#define POINTSMAN_FLOW_TABLES_BUSYNESS_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "flow_tables/frontend_index.h"
#include "flow_tables/image_keeper.h"

namespace pointsman {

class Busyness {
 public:
  // A connection to the frontend began.
  void Count(const FrontendKey& frontend) { ++now_[frontend]; }

  // A period of time is over. What was in it counts half of what is in the next.
  void EndPeriod();

  // New connections in the last period, and in those before it, halved for each.
  double Of(const FrontendKey& frontend) const;

  // A misfit that is so much busier than a frontend with a row that the two should change places;
  // nothing where there is none. Twice as busy, and by four connections: with less, places would be
  // changed for ever.
  struct Exchange {
    FrontendKey misfit;
    FrontendKey resident;
  };
  std::optional<Exchange> Choose(const ImageKeeper& keeper) const;

  // The room that others leave is not enough for this misfit: it is not chosen any more, until
  // TryAgain.
  void GiveUp(const FrontendKey& misfit) { given_up_.insert(misfit); }
  void TryAgain() { given_up_.clear(); }

 private:
  absl::flat_hash_map<FrontendKey, uint64_t> now_;
  absl::flat_hash_map<FrontendKey, double> before_;
  absl::flat_hash_set<FrontendKey> given_up_;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_BUSYNESS_H_
