#include "host/kube/ip_address.h"

#include "tests/host/kube/kube_test_util.h"

namespace pointsman::kube {
namespace {

using testing::HasSubstr;

TEST(IpAddressTest, ParsesToCanonicalText) {
  const struct {
    const char* text;
    const char* canonical;
    IpFamily family;
  } kCases[] = {
      {"0.0.0.0", "0.0.0.0", IpFamily::kIPv4},
      {"255.255.255.255", "255.255.255.255", IpFamily::kIPv4},
      {"10.96.0.1", "10.96.0.1", IpFamily::kIPv4},
      {"::", "::", IpFamily::kIPv6},
      {"FD00:0010:0096::0001", "fd00:10:96::1", IpFamily::kIPv6},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", IpFamily::kIPv6},
  };
  for (const auto& c : kCases) {
    const absl::StatusOr<IpAddress> address = IpAddress::Parse(c.text);
    ASSERT_TRUE(address.ok()) << c.text;
    EXPECT_EQ(address->ToString(), c.canonical);
    EXPECT_EQ(address->family(), c.family);
    EXPECT_EQ(IpAddress::FromBytes(address->bytes()), *address);
  }
}

TEST(IpAddressTest, RefusesWhatIsNone) {
  const std::string kBad[] = {"",           "10.0.0",          "10.0.0.1.2",
                              "10.0.0.256", "010.0.0.1",       " 10.0.0.1",
                              "1::2::3",    "fe80::1%e0",      "10.0.0.1/24",
                              "pod-1",      "::ffff:10.0.0.1", std::string("10.0.0.1\0", 9)};
  for (const std::string& text : kBad) {
    const absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(address.status().message()), HasSubstr("'" + text + "'"));
  }
}

TEST(IpAddressTest, ReadsWhatOldObjectsHold) {
  const struct {
    const char* text;
    const char* canonical;
  } kCases[] = {{"172.30.0.041", "172.30.0.41"}, {"010.00.0.000", "10.0.0.0"},
                {"1.2.3.004", "1.2.3.4"},        {"::ffff:10.0.0.1", "10.0.0.1"},
                {"100.200.0.1", "100.200.0.1"},  {"fd00::1", "fd00::1"}};
  for (const auto& c : kCases) {
    const absl::StatusOr<IpAddress> address = IpAddress::ParseStored(c.text);
    ASSERT_TRUE(address.ok()) << c.text;
    EXPECT_EQ(address->ToString(), c.canonical);
  }
  for (const char* text : {"010.0.0.256", "0x10.0.0.1", "10.0.0.1 ", "00", ""}) {
    EXPECT_FALSE(IpAddress::ParseStored(text).ok()) << text;
  }
}

TEST(IpAddressTest, KnowsSpecialAddresses) {
  const struct {
    const char* text;
    bool unspecified, loopback, link_local;
  } kCases[] = {
      {"0.0.0.0", true, false, false},     {"::", true, false, false},
      {"127.9.0.1", false, true, false},   {"::1", false, true, false},
      {"169.254.1.1", false, false, true}, {"fe80::1", false, false, true},
      {"febf::1", false, false, true},     {"fec0::1", false, false, false},
      {"224.0.0.9", false, false, true},   {"ff02::1", false, false, true},
      {"224.0.1.9", false, false, false},  {"10.0.0.1", false, false, false},
  };
  for (const auto& c : kCases) {
    const IpAddress address = Ip(c.text);
    EXPECT_EQ(address.IsUnspecified(), c.unspecified) << c.text;
    EXPECT_EQ(address.IsLoopback(), c.loopback) << c.text;
    EXPECT_EQ(address.IsLinkLocal(), c.link_local) << c.text;
  }
}

TEST(IpPrefixTest, ParsesAndClearsHostBits) {
  const struct {
    const char* text;
    const char* canonical;
  } kCases[] = {{"10.1.2.3/8", "10.0.0.0/8"},
                {"0.0.0.0/0", "0.0.0.0/0"},
                {"10.1.2.3/32", "10.1.2.3/32"},
                {"10.1.2.255/25", "10.1.2.128/25"},
                {"fd00:10:96::ffff/112", "fd00:10:96::/112"}};
  for (const auto& c : kCases) {
    const absl::StatusOr<IpPrefix> prefix = IpPrefix::Parse(c.text);
    ASSERT_TRUE(prefix.ok()) << c.text;
    EXPECT_EQ(prefix->ToString(), c.canonical);
  }
  EXPECT_EQ(IpPrefix::ParseStored("203.0.113.000/025").value().ToString(), "203.0.113.0/25");
}

TEST(IpPrefixTest, RefusesWhatIsNone) {
  for (const char* text :
       {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "fd00::/129",
        "10.0.0.0/8/8", "10.0.0.0/a", "/8", "10.0.0.0/99999999999"}) {
    const absl::StatusOr<IpPrefix> prefix = IpPrefix::Parse(text);
    ASSERT_FALSE(prefix.ok()) << text;
    EXPECT_THAT(std::string(prefix.status().message()), HasSubstr(text));
  }
}

TEST(IpPrefixTest, Contains) {
  EXPECT_TRUE(Cidr("10.0.0.0/8").Contains(Ip("10.255.0.1")));
  EXPECT_FALSE(Cidr("10.0.0.0/8").Contains(Ip("11.0.0.1")));
  EXPECT_TRUE(Cidr("0.0.0.0/0").Contains(Ip("11.0.0.1")));
  EXPECT_FALSE(Cidr("0.0.0.0/0").Contains(Ip("fd00::1")));
  EXPECT_TRUE(Cidr("fd00:10:96::/112").Contains(Ip("fd00:10:96::beef")));
  EXPECT_FALSE(Cidr("fd00:10:96::/112").Contains(Ip("fd00:10:96::1:0")));
}

}  // namespace
}  // namespace pointsman::kube
