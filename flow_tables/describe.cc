#include "flow_tables/describe.h"

#include "fmt/format.h"

namespace pointsman {

std::string Describe(Ipv4Address address) {
  const uint32_t value = address.value;
  return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 0xff, value >> 8 & 0xff,
                     value & 0xff);
}

std::string Describe(const Frontend& frontend) {
  return fmt::format("frontend {} ({}:{} {})", frontend.name, Describe(frontend.address),
                     frontend.port, frontend.protocol == Protocol::kTcp ? "TCP" : "UDP");
}

std::string Describe(const Source& source) {
  return fmt::format("source {}/{}", Describe(source.address), source.prefix_length);
}

}  // namespace pointsman
