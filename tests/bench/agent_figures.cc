// How long the agent takes: agent_figures prints JSON. Three processes on this machine: an API
// server (the tests' own) with 5,000 Services of 10 endpoints each, over TLS; the agent, on a card
// that is memory (agent_on_fake_card.h); and this one.
//
// start_to_programmed_s    from the start of the agent's process to all rows in the card's tables,
//                          written and read back by the driver
// change_to_row_ms         from a write of one endpoint at the API server to its row there, 100
//                          times a second
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

#include "absl/status/statusor.h"
#include "tests/bench/agent_on_fake_card.h"
#include "tests/bench/api_objects.h"
#include "tests/bench/figure.h"
#include "tests/support/api_server.h"
#include "tests/support/child_process.h"
#include "tests/support/test_certificates.h"

namespace pointsman {
namespace {

namespace fs = std::filesystem;

constexpr int kServices = 5000;
constexpr int kEndpoints = 10;
constexpr int kChanges = 800;
constexpr std::chrono::milliseconds kBetweenChanges(10);
constexpr std::chrono::seconds kDeadline(120);

void Fill(test::ApiStore& store) {
  for (int i = 0; i < kServices; ++i) {
    store.Put(kServicePath, BenchService(i));
    store.Put(kSlicePath, BenchSlice(BenchName(i), i, kEndpoints, 8080));
  }
  store.Put(kNodePath, BenchNode());
}

std::string NewAddress(int change) {
  return fmt::format("172.20.{}.{}", change / 250, change % 250 + 1);
}

// Replaces one endpoint of one Service after another. Tells by when each was stored.
void Change(test::ApiStore& store, std::ostream& log) {
  auto next = std::chrono::steady_clock::now();
  for (int i = 0; i < kChanges; ++i) {
    const int service = i * 7 % kServices;
    nlohmann::json slice = BenchSlice(BenchName(service), service, kEndpoints, 8080);
    slice["endpoints"][i % kEndpoints]["addresses"][0] = NewAddress(i);
    std::this_thread::sleep_until(next += kBetweenChanges);
    store.Put(kSlicePath, slice);
    log << fmt::format("{} {:.6f}\n", NewAddress(i), SteadySeconds());
  }
}

// The API server's process: tells its port, makes the changes when it is told to, and tells that;
// ends with its input.
[[noreturn]] void Serve(const fs::path& folder, const test::TestCertificates& certificates,
                        int input, int output) {
  test::ApiStore store;
  Fill(store);
  test::ApiServerOptions options;
  options.certificate = certificates.Certificate("server");
  options.key = certificates.Key("server");
  const test::ApiServer server(store, options);
  const uint16_t port = server.port();
  char go = 0;
  if (write(output, &port, sizeof(port)) == sizeof(port) && read(input, &go, 1) == 1) {
    std::ofstream log(folder / "changes");
    Change(store, log);
    log.close();
    if (write(output, &port, sizeof(port)) == sizeof(port)) read(input, &go, 1);
  }
  std::_Exit(0);
}

struct Server {
  pid_t pid = 0;
  int to = -1;
  int from = -1;
  uint16_t port = 0;

  // Waits for the next word of it, a port. False: it has ended.
  bool Listen() { return read(from, &port, sizeof(port)) == sizeof(port); }
};

absl::StatusOr<Server> StartServer(const fs::path& folder,
                                   const test::TestCertificates& certificates) {
  std::array<int, 2> to{};
  std::array<int, 2> from{};
  if (pipe(to.data()) != 0 || pipe(from.data()) != 0) return absl::InternalError("no pipe");
  Server server{fork(), to[1], from[0]};
  if (server.pid == 0) {
    close(to[1]);
    Serve(folder, certificates, to[0], from[1]);
  }
  close(from[1]);
  close(to[0]);
  if (!server.Listen()) return absl::InternalError("the API server did not start");
  return server;
}

std::string WriteKubeconfig(const fs::path& folder, uint16_t port, const fs::path& authority) {
  const std::string path = folder / "config";
  std::ofstream(path) << fmt::format(
      R"({{"clusters": [{{"name": "c", "cluster": {{"server": "https://127.0.0.1:{}",)"
      R"( "certificate-authority": "{}"}}}}], "users": [{{"name": "u", "user": {{}}}}],)"
      R"( "contexts": [{{"name": "x", "context": {{"cluster": "c", "user": "u"}}}}],)"
      R"( "current-context": "x"}})",
      port, authority.string());
  return path;
}

// When the first state was in the tables, by the agent's own word.
absl::StatusOr<double> AwaitProgrammed(test::ChildProcess& agent) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (agent.Runs() && std::chrono::steady_clock::now() < end) {
    std::istringstream log(agent.Log());
    std::string word;
    double seconds = 0;
    int frontends = 0, endpoints = 0;
    if (log >> word >> seconds >> frontends >> endpoints && word == "programmed") {
      if (frontends != kServices || endpoints != kServices * kEndpoints) {
        return absl::InternalError(
            fmt::format("only {} frontends and {} endpoints are programmed", frontends, endpoints));
      }
      return seconds;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return absl::DeadlineExceededError("the agent programmed nothing: " + agent.Log());
}

// Milliseconds from each change to its row, sorted.
absl::StatusOr<std::vector<double>> Latencies(const fs::path& changes, const std::string& log) {
  std::map<std::string, double> rows;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, address;
    double seconds = 0;
    if (words >> word >> address >> seconds && word == "row") rows.emplace(address, seconds);
  }
  std::vector<double> latencies;
  std::ifstream stored(changes);
  std::string address;
  for (double seconds = 0; stored >> address >> seconds;) {
    const auto row = rows.find(address);
    if (row == rows.end()) return absl::InternalError(address + " never came to the tables");
    latencies.push_back((row->second - seconds) * 1000);
  }
  if (latencies.size() != kChanges) return absl::InternalError("not all changes were made");
  std::ranges::sort(latencies);
  return latencies;
}

absl::StatusOr<std::vector<Figure>> Measure(const fs::path& folder) {
  const test::TestCertificates certificates(folder);
  auto server = StartServer(folder, certificates);
  if (!server.ok()) return server.status();
  const std::string kubeconfig =
      WriteKubeconfig(folder, server->port, certificates.Certificate("ca"));

  const double started = SteadySeconds();
  test::ChildProcess agent({"/proc/self/exe", "agent", kubeconfig, folder / "agent.sock"}, {},
                           folder / "agent.log");
  const auto programmed = AwaitProgrammed(agent);
  if (!programmed.ok()) return programmed.status();
  if (write(server->to, "g", 1) != 1 || !server->Listen()) {
    return absl::InternalError("the API server has ended");
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  agent.Stop();
  const auto latencies = Latencies(folder / "changes", agent.Log());
  close(server->to);
  waitpid(server->pid, nullptr, 0);
  if (!latencies.ok()) return latencies.status();

  const double start_s = *programmed - started;
  const double p50 = (*latencies)[kChanges / 2];
  const double p99 = (*latencies)[kChanges * 99 / 100];
  return std::vector<Figure>{{"api", "start_to_programmed_s", "s", start_s, "1.5", start_s <= 1.5},
                             {"api", "change_to_row_ms.p50", "ms", p50, "10", p50 <= 10},
                             {"api", "change_to_row_ms.p99", "ms", p99, "50", p99 <= 50}};
}

int PrintFigures() {
  std::string folder = (fs::temp_directory_path() / "agent_figures_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const auto figures = Measure(folder);
  fs::remove_all(folder);
  if (!figures.ok()) {
    fmt::print(stderr, "agent_figures: {}\n", std::string(figures.status().message()));
    return 1;
  }
  fmt::print("{}", Json(*figures));
  return 0;
}

}  // namespace
}  // namespace pointsman

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "agent") {
    return pointsman::RunAgentOnFakeCard(argv[2], argv[3]);
  }
  return pointsman::PrintFigures();
}
