#include "flow_tables/describe.h"

#include "fmt/format.h"

namespace pointsman {

std::string Describe(const Frontend& frontend) {
  return fmt::format("frontend {} ({} {})", frontend.name,
                     DescribeSocket(frontend.address, frontend.port), Name(frontend.protocol));
}

std::string Describe(const Source& source) {
  return fmt::format("source {}", Describe(source.prefix));
}

}  // namespace pointsman
