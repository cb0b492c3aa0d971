#include "host/softpath/huge_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>

namespace pointsman {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

class HugePageResource : public std::pmr::memory_resource {
  void* do_allocate(size_t bytes, size_t alignment) override {
    void* memory = below_->allocate(bytes, Alignment(bytes, alignment));
    // A hint: where it is refused, pages stay small.
    if (bytes >= kHugePageBytes) static_cast<void>(madvise(memory, bytes, MADV_HUGEPAGE));
    return memory;
  }
  void do_deallocate(void* memory, size_t bytes, size_t alignment) override {
    below_->deallocate(memory, bytes, Alignment(bytes, alignment));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  static size_t Alignment(size_t bytes, size_t asked) {
    return bytes >= kHugePageBytes ? std::max(asked, kHugePageBytes) : asked;
  }

  std::pmr::memory_resource* below_ = std::pmr::new_delete_resource();
};

}  // namespace

std::pmr::memory_resource* HugePages() {
  static HugePageResource resource;
  return &resource;
}

}  // namespace pointsman
