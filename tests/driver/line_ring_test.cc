#include "driver/line_ring.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/driver/descriptions.h"
#include "tests/driver/fake_card.h"

namespace pointsman {
namespace {

constexpr uint32_t kLinesLog2 = 4;

class LineRingTest : public testing::Test {
 protected:
  FakeCard card_{SimulationBlob()};
  std::unique_ptr<Transport> transport_ = card_.Connect();
};

TEST_F(LineRingTest, IsZeroAtFirstOnBothSides) {
  auto ring = LineRing::Create(*transport_, kLinesLog2);
  ASSERT_TRUE(ring.ok()) << ring.status();
  EXPECT_EQ(ring->lines(), 16u);
  for (int from_card = 0; from_card < 2; ++from_card) {
    for (uint32_t i = 0; i < ring->lines(); ++i) EXPECT_EQ(ring->Get(i), LineBits{});
    ASSERT_TRUE(ring->SyncFromCard(0, ring->lines()).ok());
  }
}

// Lengths around whole lines, starts around the ring's end and around the wrap of indices.
TEST_F(LineRingTest, CarriesBytesAcrossItsEndAndTheWrapOfIndices) {
  auto ring = LineRing::Create(*transport_, kLinesLog2);
  ASSERT_TRUE(ring.ok());
  for (uint32_t index : {0u, 14u, 15u, 16u, 0xfffffffeu, 0xffffffffu}) {
    for (size_t size : {0, 1, 63, 64, 65, 128, 200, 1024}) {
      std::vector<uint8_t> bytes(size);
      std::iota(bytes.begin(), bytes.end(), uint8_t(size + index));
      ring->PutBytes(index, bytes);
      ASSERT_TRUE(ring->SyncToCard(index, LinesFor(size)).ok());
      ring->PutBytes(index, std::vector<uint8_t>(size, 0xff));
      ASSERT_TRUE(ring->SyncFromCard(index, LinesFor(size)).ok());
      std::vector<uint8_t> got(size);
      ring->GetBytes(index, got);
      EXPECT_EQ(got, bytes) << size << " bytes at " << index;
    }
  }
}

TEST_F(LineRingTest, FillsTheLastLineWithZeros) {
  auto ring = LineRing::Create(*transport_, kLinesLog2);
  ASSERT_TRUE(ring.ok());
  LineBits ones;
  ones.fill(~uint64_t{0});
  ring->Put(15, ones);
  ring->Put(0, ones);
  ring->PutBytes(15, std::vector<uint8_t>(65, 0x11));
  EXPECT_EQ(ring->Get(0)[0], 0x11u);
  EXPECT_EQ(ring->Get(0)[7], 0u);
}

TEST_F(LineRingTest, SyncsTouchOnlyTheirLines) {
  auto ring = LineRing::Create(*transport_, kLinesLog2);
  ASSERT_TRUE(ring.ok());
  const LineBits line = {1, 2, 3};
  for (uint32_t i = 0; i < 3; ++i) ring->Put(i, line);
  ASSERT_TRUE(ring->SyncToCard(1, 1).ok());
  ASSERT_TRUE(ring->SyncFromCard(0, 16).ok());
  EXPECT_EQ(ring->Get(0), LineBits{});
  EXPECT_EQ(ring->Get(1), line);
  EXPECT_EQ(ring->Get(2), LineBits{});
}

}  // namespace
}  // namespace pointsman
