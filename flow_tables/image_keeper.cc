#include "flow_tables/image_keeper.h"

#include <algorithm>
#include <functional>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/status/status.h"
#include "flow_tables/affinity_rows.h"
#include "flow_tables/describe.h"
#include "flow_tables/maglev.h"
#include "flow_tables/service_ranges.h"
#include "fmt/format.h"

namespace pointsman {
namespace {

// How many misfits try again with each change.
constexpr size_t kRetries = 4;

absl::Status CheckMasqueradePorts(const MasqueradePorts& ports) {
  if ((ports.base & ports.mask) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "masquerade ports: base {:#06x} and mask {:#06x} share bits", ports.base, ports.mask));
}

absl::Status CheckFrontend(const Frontend& frontend) {
  if (!IsForCard(frontend)) return absl::OkStatus();
  for (const FrontendHalf* half : {&frontend.outside, &frontend.inside}) {
    if (half->action != FrontendAction::kForward) continue;
    const auto& endpoints = half->endpoints;
    if (endpoints.empty()) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: action forward without endpoints; reject or drop instead", Describe(frontend)));
    }
    if (std::ranges::adjacent_find(endpoints, std::greater_equal<>()) != endpoints.end()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: endpoints are not sorted or repeat", Describe(frontend)));
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const std::vector<std::shared_ptr<const Frontend>>& frontends,
                   const Forwarding* rest) {
  absl::flat_hash_set<FrontendKey> keys;
  keys.reserve(frontends.size());
  for (const auto& frontend : frontends) {
    if (absl::Status status = CheckFrontend(*frontend); !status.ok()) return status;
    if (!keys.insert(KeyOf(*frontend)).second) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: another frontend has this address, port and protocol", Describe(*frontend)));
    }
  }
  if (rest == nullptr) return absl::OkStatus();
  if (absl::Status status = CheckMasqueradePorts(rest->masquerade_ports); !status.ok()) {
    return status;
  }
  return CheckSources(rest->sources);
}

// What the slots of a half are wanted for, as a number; 0: it wants none.
uint64_t SetOf(const Frontend& frontend, const FrontendHalf& half) {
  if (!IsForCard(frontend) || !WhyHostDecides(frontend).empty()) return 0;
  if (half.action != FrontendAction::kForward) return 0;
  uint64_t hash = half.endpoints.size();
  for (const Backend& endpoint : half.endpoints) {
    hash = absl::HashOf(hash, endpoint.address, endpoint.port);
  }
  return std::max<uint64_t>(hash, 1);
}

// 0, where the node has no address of IPv6.
Bits128 MasqueradeAddressIpv6(const Forwarding& wanted) {
  const Address& address = wanted.masquerade_address_v6;
  return address.is_v4() ? Bits128{} : address.bits();
}

// Frontends that stand in two rows lose the second one.
void ClearTwins(ImageDraft& draft) {
  const std::vector<FrontendRow>& rows = draft.image().frontends;
  const FrontendIndex firsts = IndexFrontends(rows);
  for (uint32_t row = 0; row < rows.size(); ++row) {
    if (rows[row].valid && firsts.at(KeyOf(rows[row])) != row) draft.Set(row, FrontendRow{});
  }
}

ImageDraft WithoutTwins(Image image) {
  ImageDraft draft(std::move(image));
  ClearTwins(draft);
  return draft;
}

}  // namespace

ImageKeeper::ImageKeeper(Image image)
    : draft_(WithoutTwins(std::move(image))),
      next_hops_(draft_),
      endpoints_(next_hops_, draft_),
      runs_(endpoints_, draft_),
      range_sets_(draft_),
      sources_(next_hops_, draft_),
      frontends_(draft_),
      first_plan_(MakePlan(draft_.Take())) {
  for (const FrontendRow& row : draft_.image().frontends) {
    if (row.valid) TakeOver(row);
  }
}

void ImageKeeper::TakeOver(const FrontendRow& row) {
  Record record;
  record.range_set = row.range_set;
  if (row.range_set != 0) range_sets_.Use(row.range_set);
  if (row.outside_action == FrontendAction::kForward) {
    record.outside.run = runs_.Adopt({row.outside_slots_base, row.outside_slots_log2});
  }
  if (row.inside_action == FrontendAction::kForward) {
    record.inside.run = runs_.Adopt({row.inside_slots_base, row.inside_slots_log2});
  }
  records_.emplace(KeyOf(row), std::move(record));
}

absl::StatusOr<Plan> ImageKeeper::Replace(const Forwarding& wanted) {
  std::vector<std::shared_ptr<const Frontend>> frontends;
  frontends.reserve(wanted.frontends.size());
  absl::flat_hash_set<FrontendKey> keys;
  keys.reserve(wanted.frontends.size());
  for (const Frontend& frontend : wanted.frontends) {
    frontends.push_back(std::make_shared<const Frontend>(frontend));
    keys.insert(KeyOf(frontend));
  }
  std::vector<FrontendKey> gone;
  for (const auto& [key, record] : records_) {
    if (!keys.contains(key)) gone.push_back(key);
  }
  return Apply(std::move(frontends), gone, &wanted);
}

absl::StatusOr<Plan> ImageKeeper::Update(const ForwardingChange& change) {
  std::vector<std::shared_ptr<const Frontend>> frontends;
  frontends.reserve(change.frontends.size());
  for (const Frontend& frontend : change.frontends) {
    frontends.push_back(std::make_shared<const Frontend>(frontend));
  }
  return Apply(std::move(frontends), change.gone, change.rest ? &*change.rest : nullptr);
}

absl::StatusOr<Plan> ImageKeeper::Apply(std::vector<std::shared_ptr<const Frontend>> frontends,
                                        const std::vector<FrontendKey>& gone,
                                        const Forwarding* rest) {
  if (absl::Status status = Check(frontends, rest); !status.ok()) return status;
  for (const Lent& lent : std::exchange(lent_, {})) TakeBack(lent);
  AddRetries(gone, frontends);
  range_sets_.Settle();
  std::vector<Put> puts;
  puts.reserve(frontends.size());
  const std::vector<Source>& sources = (rest != nullptr ? *rest : rest_).sources;
  for (auto& frontend : frontends) {
    const uint8_t range_set = range_sets_.Acquire(*frontend, sources);
    puts.emplace_back(std::move(frontend), range_set);
  }
  if (absl::Status status = FillSources(rest); !status.ok()) {
    for (const auto& [frontend, range_set] : puts) {
      if (range_set != 0) range_sets_.Release(range_set);
    }
    return status;
  }
  for (const FrontendKey& key : gone) Forget(key);
  for (const auto& [frontend, range_set] : puts) {
    if (const auto old = records_.find(KeyOf(*frontend)); old != records_.end()) {
      UncountSets(old->second);
    }
    CountSets(*frontend);
  }
  AddThoseOfOtherDensity(puts);
  for (const Put& put : puts) PutFrontend(put);
  Configure();
  return TakePlan();
}

// The gateway and the sources, where they or the range sets are new.
absl::Status ImageKeeper::FillSources(const Forwarding* rest) {
  if (!range_sets_.TakeChanged() && rest == nullptr) return absl::OkStatus();
  const Forwarding& wanted = rest != nullptr ? *rest : rest_;
  next_hops_.SetGateway(wanted.gateway);
  absl::Status status = sources_.Fill(SourcesWithRanges(wanted, draft_.image()));
  if (!status.ok()) {
    next_hops_.SetGateway(rest_.gateway);
    return status;
  }
  if (rest == nullptr) return absl::OkStatus();
  rest_ = RestOf(*rest);
  ranges_are_new_ = true;
  return absl::OkStatus();
}

// Some of those that might stand better with more room, the longest waiting first.
void ImageKeeper::AddRetries(const std::vector<FrontendKey>& gone,
                             std::vector<std::shared_ptr<const Frontend>>& frontends) {
  if (waiting_.empty()) return;
  absl::flat_hash_set<FrontendKey> changing(gone.begin(), gone.end());
  for (const auto& frontend : frontends) changing.insert(KeyOf(*frontend));
  const size_t all = frontends.size() + kRetries;
  for (size_t left = waiting_.size(); left > 0 && frontends.size() < all; --left) {
    const FrontendKey key = waiting_.front();
    waiting_.pop_front();
    in_waiting_.erase(key);
    const auto record = records_.find(key);
    if (record == records_.end() || !record->second.waits || changing.contains(key)) continue;
    frontends.push_back(record->second.frontend);
  }
}

void ImageKeeper::CountSets(const Frontend& frontend) {
  for (const FrontendHalf* half : {&frontend.outside, &frontend.inside}) {
    const uint64_t set = SetOf(frontend, *half);
    if (set == 0) continue;
    auto& [users, size] = sets_[set];
    size = half->endpoints.size();
    if (users++ == 0) ++sets_by_size_[size];
  }
}

void ImageKeeper::UncountSets(const Record& record) {
  for (const uint64_t set : record.sets) {
    const auto known = sets_.find(set);
    if (set == 0 || known == sets_.end()) continue;
    auto& [users, size] = known->second;
    if (--users != 0) continue;
    if (--sets_by_size_[size] == 0) sets_by_size_.erase(size);
    sets_.erase(known);
  }
}

// Where runs are to have another length now, all of them are made anew.
void ImageKeeper::AddThoseOfOtherDensity(std::vector<Put>& puts) {
  const uint32_t density = ChooseDensity(sets_by_size_, draft_.image().sizes.slots);
  if (density == density_) return;
  density_ = density;
  absl::flat_hash_set<FrontendKey> changing;
  for (const auto& [frontend, range_set] : puts) changing.insert(KeyOf(*frontend));
  for (const auto& [key, record] : records_) {
    if (record.frontend == nullptr || changing.contains(key)) continue;
    if (record.range_set != 0) range_sets_.Use(record.range_set);
    UncountSets(record);
    CountSets(*record.frontend);
    puts.emplace_back(record.frontend, record.range_set);
  }
}

void ImageKeeper::PutFrontend(const Put& put) {
  const Frontend& frontend = *put.first;
  const FrontendKey key = KeyOf(frontend);
  Record record = Place(put);
  if (IsForCard(frontend)) {
    absl::Status status = frontends_.Put(RowOf(record), frontend);
    if (!status.ok()) {
      record.misfit = std::string(status.message());
      ReleaseRows(record);
    }
  }
  const auto known = records_.find(key);
  if (known == records_.end()) {
    sctp_frontends_ += IsForCard(frontend) ? 0 : 1;
  } else {
    ReleaseRows(known->second);
  }
  NoteMisfit(key, record);
  records_.insert_or_assign(key, std::move(record));
}

ImageKeeper::Record ImageKeeper::Place(const Put& put) {
  const auto& [frontend, range_set] = put;
  Record record;
  record.frontend = frontend;
  record.range_set = range_set;
  record.sets = {SetOf(*frontend, frontend->outside), SetOf(*frontend, frontend->inside)};
  if (!IsForCard(*frontend)) return record;
  const bool card_knows_clients = frontend->source_ranges.empty() || range_set != 0;
  record.waits = NeedsRangeSet(*frontend) && range_set == 0;
  record.outside = PlaceHalf(frontend->outside, card_knows_clients, record);
  record.inside = PlaceHalf(frontend->inside, card_knows_clients, record);
  return record;
}

ImageKeeper::Half ImageKeeper::PlaceHalf(const FrontendHalf& half, bool card_knows_clients,
                                         Record& record) {
  if (half.action != FrontendAction::kForward) {
    // Whom the source ranges keep out is dropped, not rejected: the host knows which.
    const bool host = half.action == FrontendAction::kReject && !card_knows_clients;
    return {.action = host ? FrontendAction::kHost : half.action, .run = nullptr, .endpoints = {}};
  }
  const Frontend& frontend = *record.frontend;
  auto rows = endpoints_.Acquire(half.endpoints, frontend);
  if (!rows.ok()) {
    record.misfit = std::string(rows.status().message());
    return {.action = FrontendAction::kHost, .run = nullptr, .endpoints = {}};
  }
  if (!card_knows_clients || !WhyHostDecides(frontend).empty()) {
    return {.action = FrontendAction::kHost, .run = nullptr, .endpoints = *std::move(rows)};
  }
  const int log2 = RunSlotsLog2(rows->size(), density_);
  const auto run = runs_.Acquire(*rows, log2, frontend);
  if (!run.ok()) {
    record.misfit = std::string(run.status().message());
    return {.action = FrontendAction::kHost, .run = nullptr, .endpoints = *std::move(rows)};
  }
  for (const uint32_t row : *rows) endpoints_.Release(row);  // the run has them
  record.waits |= (*run)->place.log2 != log2;
  return {.action = FrontendAction::kForward, .run = *run, .endpoints = {}};
}

FrontendRow ImageKeeper::RowOf(const Record& record) {
  const Frontend& frontend = *record.frontend;
  const SlotRun outside = record.outside.run == nullptr ? SlotRun{} : record.outside.run->place;
  const SlotRun inside = record.inside.run == nullptr ? SlotRun{} : record.inside.run->place;
  return {.valid = true,
          .destination_address = frontend.address.bits(),
          .destination_port = frontend.port,
          .protocol = static_cast<uint8_t>(frontend.protocol),
          .outside_action = record.outside.action,
          .outside_masquerade = frontend.outside.masquerade,
          .outside_slots_log2 = static_cast<uint8_t>(outside.log2),
          .outside_slots_base = outside.base,
          .inside_action = record.inside.action,
          .inside_masquerade = frontend.inside.masquerade,
          .inside_slots_log2 = static_cast<uint8_t>(inside.log2),
          .inside_slots_base = inside.base,
          .range_set = record.range_set,
          .affinity_group = AffinityGroupOf(frontend)};
}

void ImageKeeper::ReleaseRows(Record& record) {
  for (Half* half : {&record.outside, &record.inside}) {
    if (half->run != nullptr) runs_.Release(half->run);
    for (const uint32_t row : half->endpoints) endpoints_.Release(row);
    *half = {};
  }
  if (record.range_set != 0) range_sets_.Release(record.range_set);
  record.range_set = 0;
}

Plan ImageKeeper::MakeWay(const FrontendKey& misfit, const FrontendKey& resident) {
  const auto comes = records_.find(misfit);
  const auto goes = records_.find(resident);
  if (comes == records_.end() || goes == records_.end() || misfits_.contains(resident) ||
      !misfits_.contains(misfit) || goes->second.frontend == nullptr) {
    return {};
  }
  for (const Lent& lent : std::exchange(lent_, {})) TakeBack(lent);
  Record& record = goes->second;
  ReleaseRows(record);
  frontends_.Remove(resident);
  record.misfit = "the card has no room for all, and others are busier";
  NoteMisfit(resident, record);
  Configure();
  Plan plan = TakePlan();
  const std::shared_ptr<const Frontend> frontend = comes->second.frontend;
  PutFrontend({frontend, range_sets_.Acquire(*frontend, rest_.sources)});
  FillSources(nullptr).IgnoreError();  // a set is numbered only where its prefixes fit
  Configure();
  const Plan second = TakePlan();
  if (second.configuration) plan.configuration = second.configuration;
  plan.writes.insert(plan.writes.end(), second.writes.begin(), second.writes.end());
  return plan;
}

absl::StatusOr<ImageKeeper::Loan> ImageKeeper::Lend(const FrontendKey& key,
                                                    const Backend& endpoint) {
  const auto record = records_.find(key);
  if (record == records_.end() || record->second.frontend == nullptr) {
    return absl::NotFoundError("there is no such frontend");
  }
  const CardSizes& sizes = draft_.image().sizes;
  const size_t most = std::min(RowsToLend(sizes.endpoints), RowsToLend(sizes.frontends)) / 2 + 1;
  while (lent_.size() >= most) {
    TakeBack(lent_.front());
    lent_.pop_front();
  }
  Loan loan{.plan = TakePlan()};
  const Frontend& frontend = *record->second.frontend;
  const auto row = endpoints_.Borrow(endpoint, frontend);
  if (!row.ok()) return row.status();
  if (const auto lent = lent_rows_.find(key); lent != lent_rows_.end()) {
    ++lent->second;
  } else if (!frontends_.Contains(key)) {
    FrontendRow content = RowOf(record->second);
    content.outside_action = content.inside_action = FrontendAction::kHost;
    if (absl::Status status = frontends_.Borrow(content, frontend); !status.ok()) {
      endpoints_.Release(*row);
      return status;
    }
    lent_rows_.emplace(key, 1);
  }
  lent_.push_back({key, *row});
  loan.endpoint = *row;
  Plan plan = TakePlan();
  loan.plan.writes.insert(loan.plan.writes.end(), plan.writes.begin(), plan.writes.end());
  return loan;
}

void ImageKeeper::TakeBack(const Lent& lent) {
  endpoints_.Release(lent.endpoint);
  const auto row = lent_rows_.find(lent.key);
  if (row == lent_rows_.end() || --row->second != 0) return;
  frontends_.Remove(lent.key);
  lent_rows_.erase(row);
}

void ImageKeeper::Forget(const FrontendKey& key) {
  const auto known = records_.find(key);
  if (known == records_.end()) return;
  UncountSets(known->second);
  ReleaseRows(known->second);
  if (std::get<Protocol>(key) == Protocol::kSctp) --sctp_frontends_;
  frontends_.Remove(key);
  if (misfits_.erase(key) != 0) ranges_are_new_ = true;
  records_.erase(known);
}

void ImageKeeper::NoteMisfit(const FrontendKey& key, Record& record) {
  record.waits |= !record.misfit.empty();
  if (record.waits && in_waiting_.insert(key).second) waiting_.push_back(key);
  const auto known = misfits_.find(key);
  const bool was_absent = known != misfits_.end() && !known->second.has_row;
  const bool has_row = frontends_.Contains(key);
  if (record.misfit.empty()) {
    if (known != misfits_.end()) misfits_.erase(known);
  } else {
    misfits_.insert_or_assign(key, Misfit{has_row, record.misfit});
  }
  if (was_absent != (!record.misfit.empty() && !has_row)) ranges_are_new_ = true;
}

// Ranges are given up a step later than they are taken: a frontend's row comes after them.
void ImageKeeper::Configure() {
  Configuration& configuration = draft_.configuration();
  // What is sent to addresses of Services is the host's business over SCTP too: to refuse it where
  // no frontend takes it.
  const bool host_forwards_sctp =
      !rest_.cluster_ips.empty() || !rest_.service_ranges.empty() || sctp_frontends_ != 0;
  configuration = {.slot_hash_seed = rest_.slot_hash_seed,
                   .masquerade_address = rest_.masquerade_address,
                   .masquerade_address_v6 = MasqueradeAddressIpv6(rest_),
                   .masquerade_ports = rest_.masquerade_ports,
                   .tunnel = rest_.tunnel,
                   .host_protocols = {.sctp = host_forwards_sctp},
                   .service_ranges = configuration.service_ranges,
                   .timeouts = {},
                   .unconfirmed_quota = rest_.unconfirmed_quota};
  if (!ranges_are_new_) return;
  Forwarding covered = rest_;
  std::vector<Address> absent;
  for (const auto& [key, misfit] : misfits_) {
    if (!misfit.has_row) absent.push_back(std::get<Address>(key));
  }
  covered.cluster_ips.insert(covered.cluster_ips.end(), absent.begin(), absent.end());
  covered.cluster_ips.insert(covered.cluster_ips.end(), absent_.begin(), absent_.end());
  configuration.service_ranges = CoveringRanges(covered);
  ranges_are_new_ = !absent_.empty();
  absent_ = std::move(absent);
}

Plan ImageKeeper::TakePlan() {
  frontends_.Settle();
  runs_.Settle();
  endpoints_.Settle();
  next_hops_.Settle();
  return MakePlan(draft_.Take());
}

}  // namespace pointsman
