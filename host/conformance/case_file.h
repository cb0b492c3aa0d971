// Files of conformance cases, kind packet (docs/conformance.md): what must become of the first
// packet of a connection, for given objects and a given node. Plain values.
#ifndef POINTSMAN_HOST_CONFORMANCE_CASE_FILE_H_
#define POINTSMAN_HOST_CONFORMANCE_CASE_FILE_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "host/kube/ip_address.h"
#include "host/kube/objects.h"
#include "host/kube/problem.h"

namespace pointsman::conformance {

// How a scenario's node and its proxy are set up.
struct NodeSetup {
  std::string node_name;
  std::string zone;
  std::vector<kube::IpAddress> node_ips;  // the primary one of each family
  std::vector<kube::IpAddress> other_local_ips;
  bool detect_pods_by_cidr = false;
  std::vector<kube::IpPrefix> pod_cidrs;
  std::vector<kube::IpPrefix> service_cidrs;
  std::vector<std::string> node_port_addresses;  // "primary" or CIDRs
  bool masquerade_all = false;
  bool localhost_node_ports = false;
};

struct SocketAddress {
  kube::IpAddress address;
  uint16_t port = 0;
  // "10.0.0.1:80", "[fd00::1]:80"
  std::string ToString() const;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

enum class Expectation : uint8_t { kForward, kDrop, kReject, kAccept };
std::string_view ToString(Expectation expectation);

struct PacketCase {
  std::string name;
  int line = 0;
  kube::Protocol protocol = kube::Protocol::kTcp;
  kube::IpAddress source;
  kube::IpAddress destination;
  uint16_t destination_port = 0;
  Expectation expect = Expectation::kForward;
  std::vector<SocketAddress> to;  // exact: each must be possible, nothing else may be
  bool masquerade = false;
  std::vector<SocketAddress> masquerade_for;  // masqueraded all the same, with masquerade false
  std::string sticky;                         // cases of one mark meet the same endpoint
};

// Within a step objects are deleted first, then applied, then the cases are asked.
struct Step {
  std::string name;
  std::vector<kube::ObjectKey> deletions;
  std::vector<kube::Object> apply;
  bool restart = false;  // a new process meets what the old one programmed
  std::vector<PacketCase> cases;
};

struct Scenario {
  std::string name;
  NodeSetup node;
  std::vector<Step> steps;
};

struct CaseFile {
  std::string file;
  std::string kind;  // "packet"; of other kinds nothing else is filled in
  std::vector<Scenario> scenarios;
  std::vector<kube::Problem> refused_objects;  // part of the world: a proxy passes over them
};

// Errors: InvalidArgument naming file, line and field.
absl::StatusOr<CaseFile> ParseCaseFile(std::string_view text, const std::string& file);

}  // namespace pointsman::conformance

#endif  // POINTSMAN_HOST_CONFORMANCE_CASE_FILE_H_
