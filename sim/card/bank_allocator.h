// Hands out addresses of one memory bank, first fit, in whole pages. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_BANK_ALLOCATOR_H_
#define POINTSMAN_SIM_CARD_BANK_ALLOCATOR_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace pointsman {

class BankAllocator {
 public:
  BankAllocator(std::string tag, uint64_t base, uint64_t size_bytes);

  // Errors: InvalidArgument for 0 bytes, ResourceExhausted naming the bank.
  absl::StatusOr<uint64_t> Allocate(uint64_t size_bytes);
  void Free(uint64_t address) { used_.erase(address); }

  const std::string& tag() const { return tag_; }

 private:
  std::string tag_;
  uint64_t base_;
  uint64_t size_bytes_;
  std::map<uint64_t, uint64_t> used_;  // address -> bytes
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_BANK_ALLOCATOR_H_
