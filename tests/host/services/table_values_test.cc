#include "host/services/table_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/host/services/test_objects.h"

namespace pointsman {
namespace {

TEST(CardValuesTest, AddressesAreInHostOrder) {
  EXPECT_EQ(TableAddress(test::Ip("10.0.0.1")), Address(Ipv4Address{0x0a000001}));
  EXPECT_EQ(TableAddress(test::Ip("fd00::102")), Address::FromWords(0xfd00000000000000, 0x102));
  EXPECT_EQ(TablePrefix(test::Cidr("10.0.0.0/8")).length_bits, 104);
  EXPECT_EQ(TablePrefix(test::Cidr("fd00::/8")).length_bits, 8);
}

TEST(CardValuesTest, ProtocolsOfTheTables) {
  EXPECT_EQ(TableProtocol(kube::Protocol::kTcp), Protocol::kTcp);
  EXPECT_EQ(TableProtocol(kube::Protocol::kUdp), Protocol::kUdp);
  EXPECT_EQ(TableProtocol(kube::Protocol::kSctp), Protocol::kSctp);
}

TEST(CardValuesTest, MacTextAndBack) {
  for (const std::string text : {"02:00:00:00:00:01", "fe:dc:ba:98:76:54", "00:00:00:00:00:01"}) {
    const auto mac = ParseMac(text);
    ASSERT_TRUE(mac.ok()) << mac.status();
    EXPECT_EQ(MacText(*mac), text);
  }
  EXPECT_EQ(ParseMac("0A:1b:2C:3d:4E:5f")->value, 0x0a1b2c3d4e5fu);
}

TEST(CardValuesTest, RefusesWhatIsNoMac) {
  for (const std::string text :
       {"", "02:00:00:00:00", "02:00:00:00:00:01:02", "02-00-00-00-00-01", "0x:00:00:00:00:01",
        "02:00:00:00:00:0g", " 2:00:00:00:00:01", "+2:00:00:00:00:01", "00:00:00:00:00:00",
        "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"}) {
    const auto mac = ParseMac(text);
    ASSERT_FALSE(mac.ok()) << text;
    EXPECT_EQ(mac.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(mac.status().message()), testing::HasSubstr("\"" + text + "\""));
  }
}

}  // namespace
}  // namespace pointsman
