// The head of a file that outlives the process: whose it is, and what for. A file is taken over
// only by a program that would lay it out the same, on a machine that has not started again since,
// because times of connections count from there.
#ifndef POINTSMAN_HOST_KEPT_KEPT_FILE_H_
#define POINTSMAN_HOST_KEPT_KEPT_FILE_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "hw/card_layout.h"

namespace pointsman {

struct KeptFileHead {
  uint64_t magic = 0;  // set last, once the rest of a new file is as it should be
  uint32_t layout_hash = 0;
  uint32_t head_bytes = 0;  // of the whole head that follows this one
  CardSizes sizes;
  uint32_t cores = 0;
  std::array<char, 40> boot_id{};  // /proc/sys/kernel/random/boot_id
};

// Of this program and machine.
KeptFileHead MakeHead(uint64_t magic, const CardSizes& sizes, uint32_t cores, uint32_t head_bytes);

// Whether `found` is `expected`. FailedPrecondition naming the file and what differs.
absl::Status CheckHead(const std::string& path, const KeptFileHead& found,
                       const KeptFileHead& expected);

// Renames it to PATH.set-aside, over one that is there already. FailedPrecondition naming it.
absl::Status SetAside(const std::string& path);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_KEPT_KEPT_FILE_H_
