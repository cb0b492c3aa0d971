#include "driver/row_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "flow_tables/address.h"

namespace pointsman {
namespace {

using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Pair;

template <class Row>
std::map<std::string, std::string> FieldsOf(const Row& row) {
  std::map<std::string, std::string> fields;
  for (const RowField& field : RowFields(Row::kTable, PackRow(row))) {
    fields.emplace(field.name, field.value);
  }
  return fields;
}

TEST(RowFieldsTest, TellNamesOfTheDescriptionAndValuesInTheirUsualForm) {
  const FrontendRow row{.valid = true,
                        .destination_address = Address(Ipv4Address{0x0a600001}).bits(),
                        .destination_port = 443,
                        .protocol = 6,
                        .counter = 65535,
                        .outside_action = FrontendAction::kDrop,
                        .inside_slots_base = 0xfffff,
                        .affinity_group = 0xfedcba98};
  EXPECT_THAT(FieldsOf(row),
              IsSupersetOf({Pair("valid", "1"), Pair("destination-address", "10.96.0.1"),
                            Pair("destination-port", "443"), Pair("protocol", "6"),
                            Pair("counter", "65535"), Pair("outside-action", "drop"),
                            Pair("inside-action", "forward"), Pair("inside-slots-base", "1048575"),
                            Pair("affinity-group", "4275878552")}));
}

TEST(RowFieldsTest, TellMacAddressesAndTheFieldsOfAGroup) {
  const NextHopRow hop{.valid = true, .egress = Port::kNode, .destination_mac = 0x020000aabbcc};
  EXPECT_THAT(FieldsOf(hop),
              IsSupersetOf({Pair("egress", "node"), Pair("destination-mac", "02:00:00:aa:bb:cc")}));
  OriginalIpv6Row original{.valid = true};
  original.key.destination_address = {.low = 1, .high = 0xfd00'0000'0000'0000};
  original.key.destination_port = 53;
  original.state = ConnectionState::kHalfOpen;
  EXPECT_THAT(FieldsOf(original),
              IsSupersetOf({Pair("destination-address", "fd00::1"), Pair("destination-port", "53"),
                            Pair("state", "half-open")}));
}

TEST(RowFieldsTest, OfNoTableAreNone) { EXPECT_THAT(RowFields(TableId(200), {}), IsEmpty()); }

}  // namespace
}  // namespace pointsman
