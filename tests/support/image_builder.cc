#include "tests/support/image_builder.h"

#include "flow_tables/hash.h"
#include "flow_tables/placement.h"

namespace pointsman {
namespace {

Image ZeroImage(const CardSizes& sizes) {
  Image image;
  image.sizes = sizes;
  image.frontends.resize(sizes.frontends);
  image.sources.resize(sizes.sources);
  image.slots.resize(sizes.slots);
  image.endpoints.resize(sizes.endpoints);
  image.next_hops.resize(sizes.next_hops);
  image.counter_names.resize(sizes.frontend_counters);
  return image;
}

}  // namespace

ImageBuilder::ImageBuilder(const CardSizes& sizes) : image_(ZeroImage(sizes)) {}

uint16_t ImageBuilder::AddNextHop(const NextHop& next_hop) {
  image_.next_hops.at(next_hops_) = {.valid = true,
                                     .egress = next_hop.egress,
                                     .destination_mac = next_hop.destination_mac.value,
                                     .source_mac = next_hop.source_mac.value};
  return static_cast<uint16_t>(next_hops_++);
}

uint32_t ImageBuilder::AddEndpoint(const Address& address, uint16_t port, uint16_t next_hop) {
  image_.endpoints.at(endpoints_) = {
      .valid = true, .address = address.bits(), .port = port, .next_hop = next_hop};
  return endpoints_++;
}

uint32_t ImageBuilder::AddSource(const AddressPrefix& prefix, ClientClass client_class,
                                 uint16_t next_hop) {
  image_.sources.at(sources_) = {.valid = true,
                                 .address = prefix.address.bits(),
                                 .prefix_length = prefix.length_bits,
                                 .client_class = client_class,
                                 .next_hop = next_hop};
  return sources_++;
}

uint32_t ImageBuilder::AddFrontend(FrontendRow row) {
  row.valid = true;
  const HashPair hashes = FrontendHashes(Address::FromBits(row.destination_address),
                                         row.destination_port, Protocol{row.protocol});
  const BucketGeometry geometry = FrontendGeometry(image_.sizes.frontends);
  uint32_t at = geometry.FirstRow(0, hashes);
  for (uint32_t bank = 0; bank < kPlacementBanks; ++bank) {
    for (uint32_t way = 0; way < geometry.ways; ++way) {
      at = geometry.FirstRow(bank, hashes) + way;
      if (!image_.frontends[at].valid) {
        image_.frontends[at] = row;
        return at;
      }
    }
  }
  return at;
}

uint32_t ImageBuilder::AddSlots(const std::vector<uint32_t>& endpoints) {
  const auto length = static_cast<uint32_t>(endpoints.size());
  const uint32_t base = (slots_ + length - 1) / length * length;
  for (uint32_t i = 0; i < length; ++i) image_.slots.at(base + i) = {.endpoint = endpoints[i]};
  slots_ = base + length;
  return base;
}

}  // namespace pointsman
