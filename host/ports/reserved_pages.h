// Huge pages that the machine has reserved (sysctl vm.nr_hugepages; Linux, admin-guide/mm/
// hugetlbpage.rst), which DPDK takes its memory from. Those that Linux gives on request are in
// host/softpath/huge_pages.h.
#ifndef POINTSMAN_HOST_PORTS_RESERVED_PAGES_H_
#define POINTSMAN_HOST_PORTS_RESERVED_PAGES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace pointsman {

struct ReservedPages {
  uint64_t page_bytes = 0;
  uint64_t free = 0;  // of all, whoever may take them
};

// Of each size that the machine has, none where the kernel has no huge pages.
std::vector<ReservedPages> FindReservedPages();

// Whether this process can have so much memory on pages of one of these sizes. It is taken and
// given back: a control group (a pod without a limit for huge pages) may forbid what is free. Linux
// before 5.14 cannot say so without a SIGBUS to who asks; there what is free counts.
bool CanTakeReservedPages(const std::vector<ReservedPages>& pages, uint64_t bytes);

// "12 free of 2 MiB, 0 free of 1024 MiB"
std::string Describe(const std::vector<ReservedPages>& pages);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_PORTS_RESERVED_PAGES_H_
