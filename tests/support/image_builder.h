// Images for tests, row by row: what a test says and nothing else, without the planner's choices.
#ifndef POINTSMAN_TESTS_SUPPORT_IMAGE_BUILDER_H_
#define POINTSMAN_TESTS_SUPPORT_IMAGE_BUILDER_H_

#include <cstdint>
#include <vector>

#include "flow_tables/image.h"

namespace pointsman {

// Rows are taken in order. REQUIRES of all: the tables have room, and a frontend's buckets too.
class ImageBuilder {
 public:
  explicit ImageBuilder(const CardSizes& sizes);

  Image& image() { return image_; }

  // Each returns the row's index.
  uint16_t AddNextHop(const NextHop& next_hop);
  uint32_t AddEndpoint(const Address& address, uint16_t port, uint16_t next_hop);
  uint32_t AddEndpoint(Ipv4Address address, uint16_t port, uint16_t next_hop) {
    return AddEndpoint(Address(address), port, next_hop);
  }
  uint32_t AddSource(const AddressPrefix& prefix, ClientClass client_class, uint16_t next_hop);
  uint32_t AddSource(Ipv4Address address, uint8_t prefix_length, ClientClass client_class,
                     uint16_t next_hop) {
    return AddSource(Ipv4Prefix(address, prefix_length), client_class, next_hop);
  }
  // Puts it in a free way of its buckets; `row.valid` is set.
  uint32_t AddFrontend(FrontendRow row);
  // A run of slots, its first row. REQUIRES: as many endpoints as a power of two.
  uint32_t AddSlots(const std::vector<uint32_t>& endpoints);

 private:
  Image image_;
  uint32_t next_hops_ = 0;
  uint32_t endpoints_ = 0;
  uint32_t sources_ = 0;
  uint32_t slots_ = 0;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SUPPORT_IMAGE_BUILDER_H_
