// Keeps the image of all tables equal to what is wanted, change by change: the work and the writes
// of a change are those of the frontends that it names, whatever the size of the tables. Rows,
// runs, next hops and range sets are counted by their users; those without go. Pure; not
// thread-safe.
//
// What there is no room for is not an error: such a frontend is a misfit, and the software path
// starts its connections (Lend). It tries again with later changes.
#ifndef POINTSMAN_FLOW_TABLES_IMAGE_KEEPER_H_
#define POINTSMAN_FLOW_TABLES_IMAGE_KEEPER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "flow_tables/endpoint_rows.h"
#include "flow_tables/forwarding_change.h"
#include "flow_tables/frontend_rows.h"
#include "flow_tables/image_draft.h"
#include "flow_tables/next_hop_rows.h"
#include "flow_tables/plan.h"
#include "flow_tables/range_sets.h"
#include "flow_tables/slot_runs.h"
#include "flow_tables/source_rows.h"

namespace pointsman {

class ImageKeeper {
 public:
  // All tables are as `image` has them: EmptyImage, or what a card was found to hold, also in the
  // middle of a plan. REQUIRES: CheckImage(image) (image_check.h). What has no user goes with the
  // first Replace, which must come before any Update, unless the image is empty.
  explicit ImageKeeper(Image image);
  ImageKeeper(const ImageKeeper&) = delete;  // its parts refer to each other
  ImageKeeper& operator=(const ImageKeeper&) = delete;

  const Image& image() const { return draft_.image(); }

  // What is to be written before the first Replace: a frontend that a plan was moving when it broke
  // off stands in two rows, one of which goes.
  const Plan& first_plan() const { return first_plan_; }

  // From now on `wanted`, whatever was before; the plan from the image as it was. New rows take
  // only places that nobody used before the call, so the plan can make before it breaks. Row 0 of
  // next-hops is the gateway: endpoints and sources behind it share that row, so that one write
  // takes all of them, and their connections, to a new gateway. Frontends that are not for the card
  // (IsForCard) make no rows, but set host_protocols.sctp. Where the host decides (WhyHostDecides),
  // a half that forwards has action host, no slots, and its endpoints as rows; where the card has
  // no room for a frontend's source ranges (range_sets.h), so has one that rejects. The service
  // ranges are as few prefixes as the registers hold that cover wanted.cluster_ips,
  // wanted.service_ranges and the addresses of frontends that have no row; what they hold besides
  // costs a punt and is passed on.
  //
  // Errors, naming table and object, change nothing: InvalidArgument for what breaks a promise of
  // forwarding.h, or a half that forwards without endpoints; ResourceExhausted where the sources of
  // old and new do not fit side by side.
  //
  // REQUIRES, here and below: the plan of the call before is written.
  absl::StatusOr<Plan> Replace(const Forwarding& wanted);

  // The same for what changes. Endpoints behind the gateway go to a new one with it, whether or not
  // the change names their frontends. Where the slots an endpoint (ChooseDensity) change, so do the
  // runs of all frontends.
  absl::StatusOr<Plan> Update(const ForwardingChange& change);

  // Wanted frontends that the card's tables do not hold as they should, and the table that is full.
  // Those without a row are not in the table at all; others have action host, and only such
  // endpoints as rows as there was room for.
  struct Misfit {
    bool has_row = false;
    std::string why;
  };
  const absl::flat_hash_map<FrontendKey, Misfit>& misfits() const { return misfits_; }

  // A misfit takes the place of a frontend that has a row, which becomes a misfit. Either stays as
  // it is if it is not that. Whether the room is enough, misfits() tells. The plan is empty where
  // nothing changes.
  Plan MakeWay(const FrontendKey& misfit, const FrontendKey& resident);

  // What the tables lend a misfit, so that the card may record one connection of it that the host
  // directs: a row for the endpoint, and one with action host for the frontend if it has none.
  struct Loan {
    Plan plan;
    uint32_t endpoint = 0;  // row
  };
  // The rows stay until as many loans as half of the rows to lend have followed, or the next
  // change. NotFound: no such frontend; ResourceExhausted.
  absl::StatusOr<Loan> Lend(const FrontendKey& key, const Backend& endpoint);

 private:
  // Halves of a frontend as they stand in the tables.
  struct Half {
    FrontendAction action = FrontendAction::kReject;
    SlotRuns::Run* run = nullptr;     // where the action is forward
    std::vector<uint32_t> endpoints;  // rows of its own, where the host decides
  };
  struct Record {
    std::shared_ptr<const Frontend> frontend;  // none, of what was taken over
    Half outside;
    Half inside;
    uint8_t range_set = 0;
    std::array<uint64_t, 2> sets{};  // of endpoints that slots are wanted for; 0: none
    std::string misfit;
    bool waits = false;  // for more room
  };
  struct Lent {
    FrontendKey key;
    uint32_t endpoint = 0;
  };
  using Put = std::pair<std::shared_ptr<const Frontend>, uint8_t>;  // its range set

  void TakeOver(const FrontendRow& row);
  absl::StatusOr<Plan> Apply(std::vector<std::shared_ptr<const Frontend>> frontends,
                             const std::vector<FrontendKey>& gone, const Forwarding* rest);
  absl::Status FillSources(const Forwarding* rest);
  void AddRetries(const std::vector<FrontendKey>& gone,
                  std::vector<std::shared_ptr<const Frontend>>& frontends);
  void CountSets(const Frontend& frontend);
  void UncountSets(const Record& record);
  void AddThoseOfOtherDensity(std::vector<Put>& puts);
  void PutFrontend(const Put& put);
  Record Place(const Put& put);
  Half PlaceHalf(const FrontendHalf& half, bool card_knows_clients, Record& record);
  static FrontendRow RowOf(const Record& record);
  void ReleaseRows(Record& record);
  void TakeBack(const Lent& lent);
  void Forget(const FrontendKey& key);
  void NoteMisfit(const FrontendKey& key, Record& record);
  void Configure();
  Plan TakePlan();

  ImageDraft draft_;
  NextHopRows next_hops_;
  EndpointRows endpoints_;
  SlotRuns runs_;
  RangeSets range_sets_;
  SourceRows sources_;
  FrontendRows frontends_;
  Plan first_plan_;

  Forwarding rest_;  // no frontends
  absl::flat_hash_map<FrontendKey, Record> records_;
  absl::flat_hash_map<FrontendKey, Misfit> misfits_;
  std::deque<FrontendKey> waiting_;  // frontends whose record says so, and some others
  absl::flat_hash_set<FrontendKey> in_waiting_;
  std::vector<Address> absent_;  // of frontends without a row, as ranges cover them
  bool ranges_are_new_ = true;   // what service ranges depend on has changed
  size_t sctp_frontends_ = 0;
  std::deque<Lent> lent_;                               // the oldest first
  absl::flat_hash_map<FrontendKey, size_t> lent_rows_;  // frontends that stand in a lent row: loans
  // Sets of endpoints that slots are wanted for: how many frontend halves want each, by hash; and
  // how many sets there are of each size.
  absl::flat_hash_map<uint64_t, std::pair<size_t, size_t>> sets_;  // users, size
  std::map<size_t, size_t> sets_by_size_;
  uint32_t density_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_IMAGE_KEEPER_H_
