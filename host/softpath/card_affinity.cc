#include "host/softpath/card_affinity.h"

#include <algorithm>
#include <utility>

#include "flow_tables/frontend_index.h"

namespace pointsman {
namespace {

// A slot of a run that leads to the endpoint, the search beginning somewhere in it.
std::optional<uint32_t> SlotTo(uint32_t endpoint, const std::vector<SlotRow>& slots, uint32_t base,
                               uint8_t log2, uint32_t somewhere) {
  const uint32_t mask = (uint32_t{1} << log2) - 1;
  for (uint32_t step = 0; step <= mask; ++step) {
    const uint32_t slot = base + ((somewhere + step) & mask);
    if (slots[slot].endpoint == endpoint) return slot;
  }
  return std::nullopt;
}

}  // namespace

void CardAffinity::Reset(const Image& image) {
  image_ = &image;
  if (!rows_) rows_.emplace(image.sizes.affinity);
  groups_.clear();
}

void CardAffinity::Add(const Frontend& frontend) {
  if (frontend.affinity_seconds == 0) return;
  std::vector<Group>& named = groups_[AffinityGroupOf(frontend)];
  auto group = std::ranges::find(named, frontend.affinity_group, &Group::name);
  if (group == named.end()) group = named.insert(group, {.name = frontend.affinity_group});
  group->timeout = absl::Seconds(frontend.affinity_seconds);
  ++group->frontends;
}

void CardAffinity::Remove(const Frontend& frontend) {
  if (frontend.affinity_seconds == 0) return;
  const auto named = groups_.find(AffinityGroupOf(frontend));
  if (named == groups_.end()) return;
  const auto group = std::ranges::find(named->second, frontend.affinity_group, &Group::name);
  if (group == named->second.end() || --group->frontends != 0) return;
  named->second.erase(group);
  if (named->second.empty()) groups_.erase(named);
}

void CardAffinity::Tell(const Frontend& frontend, bool outside, const FlowKey& key,
                        uint32_t endpoint) {
  if (image_ == nullptr || frontend.affinity_seconds == 0) return;
  const FrontendRow* row =
      FindFrontendRow(image_->frontends, {frontend.address, frontend.port, frontend.protocol});
  if (row == nullptr) return;
  if ((outside ? row->outside_action : row->inside_action) != FrontendAction::kForward) return;
  const auto slot =
      SlotTo(endpoint, image_->slots, outside ? row->outside_slots_base : row->inside_slots_base,
             outside ? row->outside_slots_log2 : row->inside_slots_log2,
             FlowHash(key, image_->configuration.slot_hash_seed));
  if (slot) rows_->Set({row->affinity_group, key.source.bits()}, *slot, endpoint, writes_);
}

void CardAffinity::Sweep(const Affinity& affinity, absl::Time now) {
  if (!rows_) return;
  std::vector<AffinityRows::Client> over;
  for (const auto& [client, row] : rows_->row_by_client()) {
    if (IsOver(client, affinity, now)) over.push_back(client);
  }
  for (const AffinityRows::Client& client : over) rows_->Erase(client, writes_);
}

bool CardAffinity::IsOver(const AffinityRows::Client& client, const Affinity& affinity,
                          absl::Time now) const {
  const auto named = groups_.find(client.group);
  if (named == groups_.end()) return true;
  const Address address = Address::FromBits(client.address);
  return std::ranges::none_of(named->second, [&](const Group& group) {
    return affinity.Find(group.name, address, now, group.timeout).has_value();
  });
}

void CardAffinity::Clear() {
  if (rows_) rows_->Clear(writes_);
}

std::vector<RowWrite> CardAffinity::TakeWrites() { return std::exchange(writes_, {}); }

std::optional<RowWrite> CardAffinity::WriteOf(uint32_t index) const {
  if (image_ == nullptr || index >= image_->sizes.affinity) return std::nullopt;
  return rows_->WriteOf(index);
}

}  // namespace pointsman
