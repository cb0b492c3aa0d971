// What an API server's answers cost: api_figures prints JSON. The server is a process of its own,
// so that CPU time and memory are the client's: TLS, JSON, objects, Service semantics, image and
// plan.
//
// The list is of 1,000 Services with 100 endpoints each, with the fields that a real server sends
// (about 25 MB); events are of slices with 10 endpoints.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "absl/time/clock.h"
#include "flow_tables/plan.h"
#include "host/agent/node_forwarding.h"
#include "host/apiserver/api_watcher.h"
#include "tests/bench/api_objects.h"
#include "tests/bench/figure.h"
#include "tests/support/api_server.h"
#include "tests/support/test_certificates.h"

namespace pointsman {
namespace {

constexpr int kServices = 1000;
constexpr int kEndpoints = 100;
constexpr int kEvents = 20'000;
constexpr int kSlicesOfEvents = 500;
constexpr char kLastEvent[] = "last-event";
constexpr absl::Duration kDeadline = absl::Seconds(120);

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void Fill(test::ApiStore& store) {
  for (int i = 0; i < kServices; ++i) {
    store.Put(kServicePath, BenchService(i));
    store.Put(kSlicePath, BenchSlice(BenchName(i), i, kEndpoints, 8080));
  }
  store.Put(kNodePath, BenchNode());
}

// The other process: tells its port, and makes events when it is told to; ends with its input.
[[noreturn]] void Serve(const test::TestCertificates& certificates, int input, int output) {
  test::ApiStore store;
  Fill(store);
  test::ApiServerOptions options;
  options.certificate = certificates.Certificate("server");
  options.key = certificates.Key("server");
  const test::ApiServer server(store, options);
  const uint16_t port = server.port();
  char go = 0;
  if (write(output, &port, sizeof(port)) == sizeof(port) && read(input, &go, 1) == 1) {
    for (int i = 0; i < kEvents; ++i) {
      const int slice = i % kSlicesOfEvents;
      store.Put(kSlicePath,
                BenchSlice(fmt::format("event-{}", slice), slice, 10, 1000 + i % 50'000));
    }
    store.Put(kSlicePath, BenchSlice(kLastEvent, 0, 1, 1));
    while (read(input, &go, 1) == 1) continue;
  }
  std::_Exit(0);
}

CardSizes LargeCard() {
  CardSizes sizes;
  sizes.frontends = sizes.originals = sizes.replies = sizes.slots = sizes.endpoints = 1 << 18;
  sizes.sources = sizes.next_hops = sizes.hash_keys = 1 << 12;
  sizes.frontend_counters = sizes.endpoint_counters = 1 << 18;
  return sizes;
}

// Polls until `wanted` holds. False: not within the deadline.
template <class Wanted>
bool Await(kube::ApiWatcher& watcher, const Wanted& wanted) {
  const absl::Time end = absl::Now() + kDeadline;
  while (!wanted() && absl::Now() < end) {
    watcher.Poll(absl::Milliseconds(100));
    for (const std::string& error : watcher.TakeErrors()) fmt::print(stderr, "{}\n", error);
  }
  return wanted();
}

absl::StatusOr<std::vector<Figure>> Measure(kube::ServerConfig config, int to_server) {
  const double started = CpuSeconds();
  auto watcher = kube::ApiWatcher::Open(std::move(config), "", {}, 1);
  if (!watcher.ok()) return watcher.status();
  if (!Await(**watcher, [&] { return (*watcher)->synced(); })) {
    return absl::DeadlineExceededError("the lists did not come");
  }
  const double listed = CpuSeconds();
  const auto node = ForwardingOfNode((*watcher)->objects(), "worker-1", {});
  if (!node.ok()) return node.status();
  const Image empty = EmptyImage(LargeCard());
  const auto image = BuildImage(node->forwarding, empty);
  if (!image.ok()) return image.status();
  const Plan plan = MakePlan(empty, *image);
  const double planned = CpuSeconds();
  fmt::print(stderr, "{} frontends, {} row writes; lists alone {:.3f} s\n",
             node->forwarding.frontends.size(), plan.writes.size(), listed - started);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;

  const kube::ObjectKey last{kube::Kind::kEndpointSlice, "bench", kLastEvent};
  const double before_events = CpuSeconds();
  if (write(to_server, "g", 1) != 1) return absl::InternalError("the server is gone");
  if (!Await(**watcher, [&] { return (*watcher)->objects().Contains(last); })) {
    return absl::DeadlineExceededError("the events did not come");
  }
  const double events_per_s = kEvents / (CpuSeconds() - before_events);
  const double list_s = planned - started;
  return std::vector<Figure>{
      {"api", "list_100k_endpoints_cpu_s", "s", list_s, "1", list_s <= 1},
      {"api", "list_100k_peak_mib", "MiB", peak_mib, "500", peak_mib <= 500},
      {"api", "events_per_cpu_s", "1/s", events_per_s, "10000", events_per_s >= 10'000}};
}

absl::StatusOr<std::vector<Figure>> MeasureWith(const test::TestCertificates& certificates) {
  std::array<int, 2> to_server{};
  std::array<int, 2> from_server{};
  if (pipe(to_server.data()) != 0 || pipe(from_server.data()) != 0) {
    return absl::InternalError("no pipe");
  }
  const pid_t child = fork();
  if (child == 0) {
    close(to_server[1]);
    Serve(certificates, to_server[0], from_server[1]);
  }
  close(from_server[1]);
  uint16_t port = 0;
  if (read(from_server[0], &port, sizeof(port)) != sizeof(port)) {
    return absl::InternalError("the server did not start");
  }
  kube::ServerConfig config;
  config.server = fmt::format("https://127.0.0.1:{}", port);
  config.name = config.server;
  config.certificate_authority.file = certificates.Certificate("ca");
  auto figures = Measure(std::move(config), to_server[1]);
  close(to_server[1]);
  waitpid(child, nullptr, 0);
  return figures;
}

}  // namespace
}  // namespace pointsman

int main() {
  std::string folder = (std::filesystem::temp_directory_path() / "api_figures_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const pointsman::test::TestCertificates certificates(folder);
  const auto figures = pointsman::MeasureWith(certificates);
  std::filesystem::remove_all(folder);
  if (!figures.ok()) {
    fmt::print(stderr, "api_figures: {}\n", std::string(figures.status().message()));
    return 1;
  }
  fmt::print("{}", pointsman::Json(*figures));
  return 0;
}
