#include <cstring>
#include <fstream>
#include <iterator>

#include "gtest/gtest.h"
#include "tests/hw/card_bench.h"

namespace pointsman {
namespace {

TEST(CardRegisters, SayWhatTheCardIs) {
  CardBench bench(1);
  EXPECT_EQ(bench.Read(RegisterOffset::kMagic), 0x5054534du);
  EXPECT_EQ(bench.Read(RegisterOffset::kLayoutHash), kLayoutHash);
  EXPECT_EQ(bench.Read(RegisterOffset::kMode), static_cast<uint32_t>(Mode::kBypass));
  EXPECT_EQ(bench.Errors(), 0u);
}

TEST(CardRegisters, RomIsTheBlob) {
  CardBench bench(1);
  std::ifstream file(POINTSMAN_SIM_BLOB, std::ios::binary);
  std::vector<char> blob((std::istreambuf_iterator<char>(file)), {});
  ASSERT_FALSE(blob.empty()) << POINTSMAN_SIM_BLOB;
  ASSERT_EQ(bench.Read(RegisterOffset::kDescriptionBytes), blob.size());
  blob.resize(0x8000);
  for (uint32_t at = 0; at < blob.size(); at += 4) {
    uint32_t word;
    std::memcpy(&word, blob.data() + at, 4);
    ASSERT_EQ(bench.Read(static_cast<uint32_t>(RegisterOffset::kRom) + at), word) << at;
  }
}

TEST(CardRegisters, HeartbeatCountsUnitsOf64Cycles) {
  CardBench bench(1);
  const uint32_t before = bench.Read(RegisterOffset::kHeartbeat);
  bench.Step(6400);
  const uint32_t after = bench.Read(RegisterOffset::kHeartbeat);
  EXPECT_EQ(before >> 24, 0xa5u);
  EXPECT_NEAR(after - before, 100, 1);
}

TEST(CardRegisters, ReadingTheLowCyclesLatchesTheHighOnes) {
  CardBench bench(1);
  const uint32_t before = bench.Read(RegisterOffset::kCyclesLow);
  EXPECT_EQ(bench.Read(RegisterOffset::kCyclesHigh), 0u);
  bench.Step(1000);
  EXPECT_NEAR(bench.Read(RegisterOffset::kCyclesLow) - before, 1010, 10);
}

TEST(CardRegisters, KeepWhatIsWritten) {
  CardBench bench(1);
  const struct {
    RegisterOffset offset;
    uint32_t mask;
  } registers[] = {
      {RegisterOffset::kMode, 3},
      {RegisterOffset::kCapture, 1},
      {RegisterOffset::kStatusAddressLow, ~0u},
      {RegisterOffset::kStatusAddressHigh, ~0u},
      {RegisterOffset::kCommandAddressLow, ~0u},
      {RegisterOffset::kCommandAddressHigh, ~0u},
      {RegisterOffset::kCommandLinesLog2, ~0u},
      {RegisterOffset::kResponseAddressLow, ~0u},
      {RegisterOffset::kResponseAddressHigh, ~0u},
      {RegisterOffset::kInjectAddressLow, ~0u},
      {RegisterOffset::kInjectAddressHigh, ~0u},
      {RegisterOffset::kInjectLinesLog2, ~0u},
      {RegisterOffset::kPuntAddressLow, ~0u},
      {RegisterOffset::kPuntAddressHigh, ~0u},
      {RegisterOffset::kPuntLinesLog2, ~0u},
      {RegisterOffset::kEventAddressLow, ~0u},
      {RegisterOffset::kEventAddressHigh, ~0u},
      {RegisterOffset::kEventLinesLog2, ~0u},
      {RegisterOffset::kSlotHashSeed, ~0u},
      {RegisterOffset::kMasqueradeAddress, ~0u},
      {RegisterOffset::kMasqueradePortBase, 0xffff},
      {RegisterOffset::kMasqueradePortMask, 0xffff},
      {RegisterOffset::kVxlanAddress, ~0u},
      {RegisterOffset::kVxlanPort, 0xffff},
      {RegisterOffset::kVxlanVni, 0xffffff},
      {RegisterOffset::kVxlanMacLow, ~0u},
      {RegisterOffset::kVxlanMacHigh, 0xffff},
      {RegisterOffset::kVxlanMtu, 0xffff},
      {RegisterOffset::kHostProtocols, 0x7},
      {RegisterOffset::kTick, 0xfffff},
      {RegisterOffset::kTimeoutTcpUnconfirmed, 0xfffff},
      {RegisterOffset::kTimeoutUdpEstablished, 0xfffff},
      {RegisterOffset::kUnconfirmedQuota, 0xfffff},
      {RegisterOffset::kTickCycles, ~0u},
  };
  uint32_t value = 0x89abcdef;
  for (const auto& r : registers) {
    bench.Write(r.offset, value);
    EXPECT_EQ(bench.Read(r.offset), value & r.mask) << std::hex << static_cast<uint32_t>(r.offset);
    value = value * 1664525u + 1013904223u;
  }
}

TEST(CardRegisters, ArraysKeepEachWord) {
  CardBench bench(1);
  const struct {
    RegisterOffset first;
    uint32_t words;
  } arrays[] = {{RegisterOffset::kMasqueradeIpv6Address, kMasqueradeIpv6AddressWords},
                {RegisterOffset::kServiceRanges, kServiceRangesWords}};
  for (const auto& array : arrays) {
    const auto at = [&](uint32_t word) { return static_cast<uint32_t>(array.first) + 4 * word; };
    for (uint32_t word = 0; word < array.words; ++word) bench.Write(at(word), 0xa5000000 + word);
    for (uint32_t word = 0; word < array.words; ++word) {
      EXPECT_EQ(bench.Read(at(word)), 0xa5000000 + word) << word;
    }
  }
}

TEST(CardRegisters, TheTickCountsClocksAndCanBeSet) {
  CardBench bench(1);
  bench.Write(RegisterOffset::kTick, 0xffffe);
  bench.Write(RegisterOffset::kTickCycles, 1000);
  bench.Step(500);
  EXPECT_EQ(bench.Read(RegisterOffset::kTick), 0xffffeu);
  bench.Step(2000);
  EXPECT_EQ(bench.Read(RegisterOffset::kTick), 0u);
  bench.Write(RegisterOffset::kTickCycles, 0);
  bench.Step(2000);
  EXPECT_EQ(bench.Read(RegisterOffset::kTick), 0u);
}

TEST(CardRegisters, HolesReadZeroAndWritesToThemDoNothing) {
  CardBench bench(1);
  for (uint32_t offset : {0x0024u, 0x0160u, 0x021cu, 0x0288u, 0x1100u, 0x1ffcu, 0x2000u, 0x7ffcu}) {
    bench.Write(offset, ~0u);
    EXPECT_EQ(bench.Read(offset), 0u) << std::hex << offset;
  }
  bench.Write(RegisterOffset::kMagic, 0);
  bench.Write(RegisterOffset::kRom, 0);
  EXPECT_EQ(bench.Read(RegisterOffset::kMagic), 0x5054534du);
  EXPECT_EQ(bench.Read(RegisterOffset::kRom), 0xedfe0dd0u);
}

TEST(CardRegisters, DoorbellsOfStoppedRingsStayZero) {
  CardBench bench(1);
  bench.Write(RegisterOffset::kCommandTail, 4);
  EXPECT_EQ(bench.Read(RegisterOffset::kCommandTail), 0u);
  EXPECT_EQ(bench.Errors(), 0u);
}

}  // namespace
}  // namespace pointsman
