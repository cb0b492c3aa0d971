#include "host/softpath/endpoint_directory.h"

#include <algorithm>

#include "flow_tables/next_hop_rows.h"

namespace pointsman {
namespace {

template <class Map, class Key>
void Remove(uint32_t row, const Key& key, Map& map) {
  const auto found = map.find(key);
  found->second.erase(std::find(found->second.begin(), found->second.end(), row));
  if (found->second.empty()) map.erase(found);
}

}  // namespace

void EndpointDirectory::Reset(const Image& image) {
  places_.assign(image.endpoints.size(), std::nullopt);
  by_place_.clear();
  by_id_.clear();
  for (uint32_t row = 0; row < image.endpoints.size(); ++row) {
    Set(row, image.endpoints[row], image.next_hops);
  }
}

void EndpointDirectory::Set(uint32_t row, const EndpointRow& endpoint,
                            const std::vector<NextHopRow>& next_hops) {
  std::optional<EndpointPlace>& place = places_.at(row);
  if (place) {
    Remove(row, *place, by_place_);
    Remove(row, place->id, by_id_);
    place.reset();
  }
  if (!endpoint.valid) return;
  place = {.id = {Address::FromBits(endpoint.address), endpoint.port},
           .next_hop = NextHopOf(next_hops.at(endpoint.next_hop))};
  by_place_[*place].push_back(row);
  by_id_[place->id].push_back(row);
}

std::optional<uint32_t> EndpointDirectory::RowOf(const EndpointPlace& place) const {
  const auto found = by_place_.find(place);
  return found == by_place_.end() ? std::nullopt : std::optional(found->second.front());
}

const NextHop* EndpointDirectory::HopOf(const EndpointId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &places_[found->second.front()]->next_hop;
}

}  // namespace pointsman
