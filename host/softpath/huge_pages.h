// Memory for tables that are read at random. Where Linux gives huge pages on request (transparent
// huge pages "madvise" or "always"), large blocks are on them; elsewhere on ordinary pages.
#ifndef POINTSMAN_HOST_SOFTPATH_HUGE_PAGES_H_
#define POINTSMAN_HOST_SOFTPATH_HUGE_PAGES_H_

#include <memory_resource>

namespace pointsman {

// Lives as long as the program. Thread-safe. Throws std::bad_alloc, as operator new does.
std::pmr::memory_resource* HugePages();

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SOFTPATH_HUGE_PAGES_H_
