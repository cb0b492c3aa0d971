#include "sim/card/bank_allocator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pointsman {
namespace {

TEST(BankAllocatorTest, HandsOutWholePagesAndReusesGaps) {
  BankAllocator bank("bank0", 0x10000, 0x4000);
  EXPECT_EQ(*bank.Allocate(1), 0x10000u);
  EXPECT_EQ(*bank.Allocate(0x1001), 0x11000u);
  EXPECT_EQ(*bank.Allocate(0x1000), 0x13000u);
  bank.Free(0x11000);
  EXPECT_EQ(*bank.Allocate(0x1000), 0x11000u);
  EXPECT_EQ(*bank.Allocate(0x1000), 0x12000u);
}

TEST(BankAllocatorTest, RefusesWhatDoesNotFit) {
  BankAllocator bank("bank0", 0x10000, 0x4000);
  EXPECT_EQ(bank.Allocate(0).status().code(), absl::StatusCode::kInvalidArgument);
  for (const uint64_t size : {uint64_t{0x4001}, ~uint64_t{0}}) {
    const absl::Status status = bank.Allocate(size).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("bank0"));
  }
  EXPECT_TRUE(bank.Allocate(0x4000).ok());
  EXPECT_FALSE(bank.Allocate(1).ok());
}

}  // namespace
}  // namespace pointsman
