// Many Services and flows to them, for benches: Services 10.96.0.0+i or fd00:96::i, port 80 of TCP,
// each with a run of 64 slots over 4096 endpoints, half of them by either port.
#ifndef POINTSMAN_TESTS_BENCH_SERVICE_IMAGE_H_
#define POINTSMAN_TESTS_BENCH_SERVICE_IMAGE_H_

#include <cstdint>
#include <memory>
#include <span>

#include "flow_tables/image.h"

namespace pointsman {

// With room for so many connections, which is a power of two, of each family that has Services.
std::shared_ptr<const Image> MakeServiceImage(uint32_t connections, uint32_t services,
                                              uint32_t services_ipv6 = 0);

// A minimum-size frame, behind StampFlow the first direction of a flow: a client of 4096 ports, and
// a Service. REQUIRES of StampFlow: `frame` has the bytes of FlowFrame().
std::span<const uint8_t> FlowFrame();
void StampFlow(uint8_t* frame, uint32_t flow, uint32_t services);

// The same over IPv6, a few bytes longer.
std::span<const uint8_t> FlowFrameIpv6();
void StampFlowIpv6(uint8_t* frame, uint32_t flow, uint32_t services);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_SERVICE_IMAGE_H_
