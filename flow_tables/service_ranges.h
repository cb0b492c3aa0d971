// The few prefixes that a card watches for packets to addresses of Services. Pure.
#ifndef POINTSMAN_FLOW_TABLES_SERVICE_RANGES_H_
#define POINTSMAN_FLOW_TABLES_SERVICE_RANGES_H_

#include <array>

#include "flow_tables/forwarding.h"
#include "flow_tables/image.h"

namespace pointsman {

// Prefixes that cover `wanted.cluster_ips` and `wanted.service_ranges`, cut where neighbours have
// the least in common, so that they hold little besides. Where there are both families, they are
// cut apart first or nearly so: what they have in common is less than what two of IPv4 have.
std::array<ServiceRange, kServiceRanges> CoveringRanges(const Forwarding& wanted);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_SERVICE_RANGES_H_
