#include "host/agent/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "host/agent/card_metrics.h"

namespace pointsman {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

Buckets SyncBuckets() {
  Buckets buckets;
  for (double bound = 0.001; buckets.size() < 15; bound *= 2) buckets.push_back(bound);
  return buckets;
}

// 0.25, 0.5, 1 to 59 by 1, 60 to 115 by 5, 120 to 300 by 30 seconds.
Buckets NetworkProgrammingBuckets() {
  Buckets buckets = {0.25, 0.5};
  for (int bound = 1; bound < 60; ++bound) buckets.push_back(bound);
  for (int bound = 60; bound < 120; bound += 5) buckets.push_back(bound);
  for (int bound = 120; bound <= 300; bound += 30) buckets.push_back(bound);
  return buckets;
}

double Seconds(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

}  // namespace

class AgentMetrics::Impl {
 public:
  explicit Impl(absl::Time started) : started_(started) {}

  void Queued(const HeardChanges& heard, absl::Time now) {
    endpoint_changes_.Increment(static_cast<double>(heard.endpoint_slices));
    endpoint_changes_pending_.Increment(static_cast<double>(heard.endpoint_slices));
    service_changes_.Increment(static_cast<double>(heard.services));
    service_changes_pending_.Increment(static_cast<double>(heard.services));
    last_queued_.Set(Seconds(now));
    const std::lock_guard lock(mutex_);
    for (const absl::Time triggered : heard.triggered) {
      if (triggered > started_) triggered_.push_back(triggered);
    }
    HeardChanges services;
    services.waiting = heard.waiting;
    services.gone = heard.gone;
    waiting_.Append(std::move(services));
  }

  void Programmed(size_t rows, absl::Duration took, absl::Time now) {
    sync_duration_.Observe(absl::ToDoubleSeconds(took));
    last_sync_.Set(Seconds(now));
    endpoint_changes_pending_.Set(0);
    service_changes_pending_.Set(0);
    rows_written_.Increment(static_cast<double>(rows));
    refused_.Set(0);
    const std::lock_guard lock(mutex_);
    for (const absl::Time triggered : std::exchange(triggered_, {})) {
      network_programming_.Observe(absl::ToDoubleSeconds(now - triggered));
    }
    const HeardChanges done = std::exchange(waiting_, {});
    for (const kube::ObjectKey& service : done.gone) programmed_in_.erase(service);
    for (const auto& [service, since] : done.waiting) {
      change_duration_.Observe(absl::ToDoubleSeconds(now - since));
      programmed_in_[service] = now - since;
    }
  }

  void Refused() { refused_.Set(1); }
  void ApiRequestsFailed(size_t count) { api_failures_.Increment(static_cast<double>(count)); }
  void ApiListsTaken(size_t count) { api_lists_.Increment(static_cast<double>(count)); }

  void SetCard(CardCounts counts) {
    const std::lock_guard lock(mutex_);
    card_ = std::move(counts);
  }

  std::optional<absl::Duration> ProgrammedIn(const kube::ObjectKey& service) const {
    const std::lock_guard lock(mutex_);
    const auto known = programmed_in_.find(service);
    return known == programmed_in_.end() ? std::nullopt : std::optional(known->second);
  }

  std::string Text() const {
    std::vector<prometheus::MetricFamily> families = registry_.Collect();
    {
      const std::lock_guard lock(mutex_);
      AppendCardMetrics(card_, families);
    }
    return prometheus::TextSerializer().Serialize(families);
  }

 private:
  prometheus::Counter& AddCounter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add({});
  }
  prometheus::Gauge& AddGauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  }
  prometheus::Histogram& AddHistogram(const char* name, const char* help, const Buckets& buckets) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add({}, buckets);
  }

  const absl::Time started_;
  prometheus::Registry registry_;

  prometheus::Histogram& network_programming_ =
      AddHistogram("kubeproxy_network_programming_duration_seconds",
                   "From a change of endpoints, as their slice says it, to its rows in the card",
                   NetworkProgrammingBuckets());
  prometheus::Histogram& sync_duration_ =
      AddHistogram("kubeproxy_sync_proxy_rules_duration_seconds",
                   "From taking a state to its rows in the card", SyncBuckets());
  prometheus::Histogram& change_duration_ =
      AddHistogram("pointsman_service_change_duration_seconds",
                   "From hearing of a Service's change to its rows in the card", SyncBuckets());
  prometheus::Gauge& last_sync_ = AddGauge("kubeproxy_sync_proxy_rules_last_timestamp_seconds",
                                           "When all was last in the card");
  prometheus::Gauge& last_queued_ =
      AddGauge("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
               "When a state last arrived to be programmed");
  prometheus::Counter& endpoint_changes_ =
      AddCounter("kubeproxy_sync_proxy_rules_endpoint_changes_total",
                 "EndpointSlices that came, went or changed");
  prometheus::Gauge& endpoint_changes_pending_ =
      AddGauge("kubeproxy_sync_proxy_rules_endpoint_changes_pending",
               "Of these, how many are not in the card yet");
  prometheus::Counter& service_changes_ = AddCounter(
      "kubeproxy_sync_proxy_rules_service_changes_total", "Services that came, went or changed");
  prometheus::Gauge& service_changes_pending_ =
      AddGauge("kubeproxy_sync_proxy_rules_service_changes_pending",
               "Of these, how many are not in the card yet");
  prometheus::Counter& rows_written_ =
      AddCounter("pointsman_rows_written_total", "Rows of tables written to program states");
  prometheus::Gauge& refused_ =
      AddGauge("pointsman_programming_refused",
               "1 while the newest state is not in the card, as with a full table");
  prometheus::Counter& api_failures_ =
      AddCounter("pointsman_api_requests_failed_total",
                 "Lists and watches at the API server that failed or were refused");
  prometheus::Counter& api_lists_ = AddCounter(
      "pointsman_api_lists_total", "Complete lists taken from the API server; one a kind is usual");

  mutable std::mutex mutex_;
  std::vector<absl::Time> triggered_;                        // guarded by mutex_: of what waits
  HeardChanges waiting_;                                     // guarded by mutex_: Services
  std::map<kube::ObjectKey, absl::Duration> programmed_in_;  // guarded by mutex_
  CardCounts card_;                                          // guarded by mutex_
};

AgentMetrics::AgentMetrics(absl::Time started) : impl_(std::make_unique<Impl>(started)) {}
AgentMetrics::~AgentMetrics() = default;
void AgentMetrics::Queued(const HeardChanges& heard, absl::Time now) { impl_->Queued(heard, now); }
void AgentMetrics::Programmed(size_t rows, absl::Duration took, absl::Time now) {
  impl_->Programmed(rows, took, now);
}
void AgentMetrics::Refused() { impl_->Refused(); }
void AgentMetrics::ApiRequestsFailed(size_t count) { impl_->ApiRequestsFailed(count); }
void AgentMetrics::ApiListsTaken(size_t count) { impl_->ApiListsTaken(count); }
void AgentMetrics::SetCard(CardCounts counts) { impl_->SetCard(std::move(counts)); }
std::optional<absl::Duration> AgentMetrics::ProgrammedIn(const kube::ObjectKey& service) const {
  return impl_->ProgrammedIn(service);
}
std::string AgentMetrics::Text() const { return impl_->Text(); }

}  // namespace pointsman
