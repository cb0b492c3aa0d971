// The memory banks of the simulated card: written into the xclbin, and what m_axi_host reaches.
#ifndef POINTSMAN_SIM_CARD_MEMORY_MAP_H_
#define POINTSMAN_SIM_CARD_MEMORY_MAP_H_

#include <array>
#include <cstdint>

namespace pointsman {

struct MemoryBank {
  const char* tag;  // name in the xclbin's MEM_TOPOLOGY; XRT knows host memory by "HOST"
  uint64_t base;
  uint64_t size_bytes;
};

// No bank begins at address 0, so a ring whose address was never set is an error, not a write.
inline constexpr std::array<MemoryBank, 2> kMemoryBanks = {{
    {"bank0", 0x4'0000'0000, uint64_t{4} << 30},
    {"HOST[0]", 0x20'0000'0000, uint64_t{4} << 30},
}};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_MEMORY_MAP_H_
