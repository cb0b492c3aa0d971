// The card's own counters, as Prometheus families. Pure.
#ifndef POINTSMAN_HOST_AGENT_CARD_METRICS_H_
#define POINTSMAN_HOST_AGENT_CARD_METRICS_H_

#include <prometheus/metric_family.h>

#include <vector>

#include "host/agent/metrics.h"

namespace pointsman {

// Every metric has each of its labels' values, zeros too, so that none appears later.
void AppendCardMetrics(const CardCounts& counts, std::vector<prometheus::MetricFamily>& families);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_CARD_METRICS_H_
