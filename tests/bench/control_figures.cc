// What it costs to bring objects into the tables: control_figures prints JSON. CPU time of the
// process, from objects in memory (full) or from a changed frontend (delta) to the plan. The card
// is the largest that rows can name (20 bits of slots and endpoints, 16 of counters); what does not
// fit is served in software, and how much that is goes to stderr.
//
// control_figures ours SERVICES ENDPOINTS prints "FULL_S DELTA_S" of one size, for a script that
// measures a peer in turn.
#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "flow_tables/image_keeper.h"
#include "flow_tables/pipeline.h"
#include "host/services/forwarding_builder.h"
#include "tests/bench/connection_figure.h"
#include "tests/bench/figure.h"

namespace pointsman {
namespace {

constexpr int kDeltas = 200;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double PeakGiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);
}

kube::IpAddress Ipv4(uint32_t number) {
  return kube::IpAddress::Parse(fmt::format("{}.{}.{}.{}", number >> 24, number >> 16 & 255,
                                            number >> 8 & 255, number & 255))
      .value();
}

// Each Service has endpoints of its own; a slice has up to 100.
kube::ObjectSet Objects(int services, int endpoints) {
  kube::ObjectSet objects;
  for (int i = 0; i < services; ++i) {
    kube::Service service;
    service.metadata.ns = "bench";
    service.metadata.name = fmt::format("service-{}", i);
    service.cluster_ips = {Ipv4(0x0a600000 + static_cast<uint32_t>(i) + 1)};
    service.ports = {{.name = "http", .port = 80, .target_port = uint16_t{8080}, .node_port = 0}};
    kube::EndpointSlice slice;
    slice.metadata.ns = "bench";
    slice.metadata.name = service.metadata.name + "-1";
    slice.metadata.labels = {{std::string(kube::kServiceNameLabel), service.metadata.name}};
    slice.ports = {{.name = "http", .port = uint16_t{8080}}};
    for (int j = 0; j < endpoints; ++j) {
      kube::Endpoint endpoint;
      endpoint.addresses = {Ipv4(0x0b000000 + static_cast<uint32_t>(i * endpoints + j))};
      endpoint.node_name = fmt::format("worker-{}", j % 50);
      slice.endpoints.push_back(std::move(endpoint));
    }
    objects.Apply(std::move(service));
    objects.Apply(std::move(slice));
  }
  return objects;
}

NodeFacts Facts() {
  NodeFacts facts;
  facts.name = "worker-1";
  facts.primary_addresses = {Ipv4(0xc0a80002)};
  facts.pod_cidrs = {kube::IpPrefix::Parse("11.0.0.0/24").value()};
  return facts;
}

CardSizes LargestCard() {
  CardSizes sizes = kAlveoU250Sizes;
  sizes.frontends = 1 << 17;
  sizes.frontend_counters = 1 << 16;
  sizes.slots = sizes.endpoints = 1 << 20;
  return sizes;
}

// A frontend with one of its endpoints at another address.
Frontend OneEndpointMoved(const Frontend& frontend, uint32_t number) {
  Frontend changed = frontend;
  for (FrontendHalf* half : {&changed.outside, &changed.inside}) {
    if (half->endpoints.empty()) continue;
    half->endpoints.front().address = Ipv4Address{0xac100000 + number};
    std::ranges::sort(half->endpoints);
  }
  return changed;
}

struct Costs {
  double full_s = 0;
  double forwarding_s = 0;  // of it, objects to forwarding
  double delta_s = 0;       // mean
  size_t delta_rows_max = 0;
  size_t rows = 0;
  size_t misfits = 0;
  size_t frontends = 0;
};

absl::StatusOr<Costs> Measure(int services, int endpoints) {
  Costs costs;
  const kube::ObjectSet objects = Objects(services, endpoints);
  const NodeFacts facts = Facts();
  const auto keeper = std::make_unique<ImageKeeper>(EmptyImage(LargestCard()));
  const double start = CpuSeconds();
  const ServiceForwarding built = BuildForwarding(objects, facts);
  const double forwarded = CpuSeconds();
  const auto plan = keeper->Replace(built.forwarding);
  const double planned = CpuSeconds();
  if (!plan.ok()) return plan.status();
  costs.forwarding_s = forwarded - start;
  costs.full_s = planned - start;
  costs.rows = plan->writes.size();
  costs.misfits = keeper->misfits().size();
  costs.frontends = built.forwarding.frontends.size();
  std::mt19937 random(1);
  double spent = 0;
  for (uint32_t i = 0; i < kDeltas; ++i) {
    const Frontend& frontend = built.forwarding.frontends[random() % costs.frontends];
    const ForwardingChange change{.frontends = {OneEndpointMoved(frontend, i)}, .gone = {}};
    const double before = CpuSeconds();
    const auto delta = keeper->Update(change);
    spent += CpuSeconds() - before;
    if (!delta.ok()) return delta.status();
    costs.delta_rows_max = std::max(costs.delta_rows_max, delta->writes.size());
  }
  costs.delta_s = spent / kDeltas;
  fmt::print(stderr,
             "{} x {}: {:.2f} s (of it {:.2f} s from objects to forwarding), {} rows, {} of {} "
             "frontends do not fit; delta {:.3f} ms, at most {} rows; peak {:.2f} GiB\n",
             services, endpoints, costs.full_s, costs.forwarding_s, costs.rows, costs.misfits,
             costs.frontends, costs.delta_s * 1e3, costs.delta_rows_max, PeakGiB());
  return costs;
}

Figure AtMost(std::string name, std::string unit, double value, double goal) {
  return {"control", std::move(name),         std::move(unit),
          value,     fmt::format("{}", goal), value <= goal};
}

absl::StatusOr<std::vector<Figure>> MeasureAll() {
  std::vector<Figure> figures;
  std::vector<std::pair<std::string, absl::StatusOr<Costs>>> deltas;
  for (const auto& [name, services] :
       {std::pair("1k", 1'000), {"10k", 10'000}, {"100k", 100'000}}) {
    deltas.emplace_back(name, Measure(services, 10));
    if (!deltas.back().second.ok()) return deltas.back().second.status();
  }
  const auto large = Measure(10'000, 100);
  if (!large.ok()) return large.status();
  figures.push_back(AtMost("full_cpu_s.10k_x_10", "s", deltas[1].second->full_s, 0.5));
  figures.push_back(AtMost("full_cpu_s.10k_x_100", "s", large->full_s, 5));
  figures.push_back(AtMost("full_peak_gib", "GiB", PeakGiB(), 2));
  size_t rows = 0;
  for (const auto& [name, costs] : deltas) {
    figures.push_back(AtMost("delta_cpu_ms." + name, "ms", costs->delta_s * 1e3, 1));
    rows = std::max(rows, costs->delta_rows_max);
  }
  // A run of 65,536 slots is the most that a frontend has; more would be another's rows.
  figures.push_back(AtMost("delta_rows_max", "rows", static_cast<double>(rows), 65'536));
  const auto broken = BrokenConnections();
  if (!broken.ok()) return broken.status();
  figures.push_back(AtMost("connections_broken_of_1m", "", static_cast<double>(*broken), 0));
  return figures;
}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "control_figures: {}\n", std::string(status.message()));
  return 1;
}

int Main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "ours") {
    const auto costs = Measure(std::atoi(argv[2]), std::atoi(argv[3]));
    if (!costs.ok()) return Fail(costs.status());
    fmt::print("{} {}\n", costs->full_s, costs->delta_s);
    return 0;
  }
  const auto figures = MeasureAll();
  if (!figures.ok()) return Fail(figures.status());
  fmt::print("{}", Json(*figures));
  return 0;
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) { return pointsman::Main(argc, argv); }
