// What the simulated card wants to know of an xclbin (the container that XRT loads; its layout is
// the public <xclbin.h> of XRT 2.13).
#ifndef POINTSMAN_SIM_CARD_XCLBIN_READER_H_
#define POINTSMAN_SIM_CARD_XCLBIN_READER_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace pointsman {

struct XclbinBank {
  std::string tag;
  uint64_t base = 0;
  uint64_t size_bytes = 0;
};

struct XclbinContents {
  std::array<uint8_t, 16> uuid;
  std::vector<std::string> kernels;  // "kernel:instance", in order of their base addresses
  std::vector<XclbinBank> banks;     // by MEM_TOPOLOGY index
};

// Errors: InvalidArgument saying which part is missing, cut off or wrong.
absl::StatusOr<XclbinContents> ReadXclbin(absl::Span<const uint8_t> container);

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_XCLBIN_READER_H_
