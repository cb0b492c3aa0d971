#include "host/ports/reserved_pages.h"

#include <fmt/format.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace pointsman {
namespace {

constexpr char kFolder[] = "/sys/kernel/mm/hugepages";

bool CanTake(const ReservedPages& pages, uint64_t bytes) {
  const uint64_t rounded = (bytes + pages.page_bytes - 1) / pages.page_bytes * pages.page_bytes;
  if (rounded / pages.page_bytes > pages.free) return false;
  const int size_flag = std::countr_zero(pages.page_bytes) << MAP_HUGE_SHIFT;
  void* memory = mmap(nullptr, rounded, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag, -1, 0);
  if (memory == MAP_FAILED) return false;
  const bool taken = madvise(memory, rounded, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
  munmap(memory, rounded);
  return taken;
}

}  // namespace

std::vector<ReservedPages> FindReservedPages() {
  std::vector<ReservedPages> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder, ignored)) {
    uint64_t kib = 0;
    if (std::sscanf(entry.path().filename().c_str(), "hugepages-%lukB", &kib) != 1) continue;
    ReservedPages pages{.page_bytes = kib << 10};
    if (std::ifstream(entry.path() / "free_hugepages") >> pages.free) found.push_back(pages);
  }
  std::ranges::sort(found, {}, &ReservedPages::page_bytes);
  return found;
}

bool CanTakeReservedPages(const std::vector<ReservedPages>& pages, uint64_t bytes) {
  return std::ranges::any_of(pages, [bytes](const auto& one) { return CanTake(one, bytes); });
}

std::string Describe(const std::vector<ReservedPages>& pages) {
  std::string text;
  for (const ReservedPages& one : pages) {
    text += fmt::format("{}{} free of {} MiB", text.empty() ? "" : ", ", one.free,
                        one.page_bytes >> 20);
  }
  return text.empty() ? "none" : text;
}

}  // namespace pointsman
