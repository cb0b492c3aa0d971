#include "sim/cluster/scenario_cluster.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>
#include <utility>

#include "flow_tables/big_endian.h"

namespace pointsman::cluster {
namespace {

using kube::Field;
using kube::IpAddress;
using kube::IpFamily;
using kube::IpPrefix;

constexpr int kNodesMax = 200;
constexpr int kPodPrefixBits = 24;

constexpr std::array<std::pair<std::string_view, NetworkModel>, 2> kModels = {
    {{"vpc", NetworkModel::kVpc}, {"tunnel", NetworkModel::kTunnel}}};
constexpr std::array<std::pair<std::string_view, ForwardingMode>, 3> kModes = {
    {{"pointsman", ForwardingMode::kPointsman},
     {"iptables", ForwardingMode::kIptables},
     {"ipvs", ForwardingMode::kIpvs}}};
constexpr std::array<std::pair<std::string_view, LoadBalancerKind>, 2> kKinds = {
    {{"shared", LoadBalancerKind::kShared}, {"dedicated", LoadBalancerKind::kDedicated}}};

uint32_t Number(const IpAddress& address) { return LoadBe32(address.bytes().data()); }

bool Overlap(const IpPrefix& a, const IpPrefix& b) {
  return a.Contains(b.address()) || b.Contains(a.address());
}

std::string NameIn(const Field& field) {
  std::string name = field["name"].Text();
  if (name.empty()) field["name"].Fail("missing");
  return name;
}

// Reads one part after another, and remembers whose each address and prefix is.
class Decoder {
 public:
  ClusterSetup Decode(const Field& root) {
    const Field network = root["network"];
    RefuseUnknown(network, {"model", "mode", "privateCIDR", "serviceCIDR"});
    setup_.model = network["model"].Enum<NetworkModel>(kModels, NetworkModel::kVpc);
    setup_.mode = network["mode"].Enum<ForwardingMode>(kModes, ForwardingMode::kPointsman);
    setup_.private_cidr = Prefix(network["privateCIDR"], "192.168.0.0/16");
    setup_.service_cidrs = {Prefix(network["serviceCIDR"], "10.96.0.0/16")};
    if (root["nodes"].size() == 0) root["nodes"].Fail("missing: a list of nodes");
    root["nodes"].ForEach([&](const Field& field) { AddNodes(field); });
    root["loadBalancers"].ForEach([&](const Field& field) { AddBalancer(field); });
    root["clients"].ForEach([&](const Field& field) { AddClient(field); });
    return std::move(setup_);
  }

 private:
  IpPrefix Prefix(const Field& field, std::string_view absent) {
    const std::optional<IpPrefix> read = field.Prefix();
    if (field.present() && !read) return {};
    const IpPrefix prefix = read.value_or(IpPrefix::Parse(absent).value_or(IpPrefix()));
    Claim(prefix, field);
    return prefix;
  }

  // No two networks may share an address.
  void Claim(const IpPrefix& prefix, const Field& field) {
    if (prefix.family() != IpFamily::kIPv4) return field.Fail("the virtual cluster is IPv4 only");
    for (const IpPrefix& other : prefixes_) {
      if (Overlap(other, prefix)) {
        return field.Fail(fmt::format("{} overlaps {}", prefix.ToString(), other.ToString()));
      }
    }
    prefixes_.push_back(prefix);
  }

  void Claim(const IpAddress& address, const std::string& owner, const Field& field) {
    const auto [entry, added] = owners_.try_emplace(address, owner);
    if (!added) field.Fail(fmt::format("{} is {}'s already", address.ToString(), entry->second));
  }

  std::optional<IpAddress> Private(const Field& field, const std::string& owner) {
    const std::optional<IpAddress> address = field.Ip();
    if (!address) {
      if (!field.present()) field.Fail("missing: an address of network.privateCIDR");
      return std::nullopt;
    }
    if (!setup_.private_cidr.Contains(*address)) {
      field.Fail(fmt::format("{} is not in network.privateCIDR, {}", address->ToString(),
                             setup_.private_cidr.ToString()));
    }
    Claim(*address, owner, field);
    return address;
  }

  std::optional<IpAddress> Public(const Field& field, const std::string& owner) {
    const std::optional<IpAddress> address = field.Ip();
    if (!address) return std::nullopt;
    if (address->family() != IpFamily::kIPv4) field.Fail("the virtual cluster is IPv4 only");
    for (const IpPrefix& prefix : prefixes_) {
      if (prefix.Contains(*address)) {
        field.Fail(fmt::format("{} is in {}, which is inside the cluster", address->ToString(),
                               prefix.ToString()));
      }
    }
    Claim(*address, owner, field);
    return address;
  }

  void AddNodes(const Field& field) {
    if (field["count"].present()) return AddManyNodes(field);
    RefuseUnknown(field, {"name", "address", "publicAddress", "podCIDR", "zone", "card"});
    NodeSetup node;
    node.name = NameIn(field);
    AddName(node.name, field["name"]);
    const std::string owner = "node " + node.name;
    node.address = Private(field["address"], owner).value_or(IpAddress());
    node.public_address = Public(field["publicAddress"], owner);
    if (const auto cidr = field["podCIDR"].Prefix()) {
      node.pod_cidr = *cidr;
      Claim(*cidr, field["podCIDR"]);
    } else if (!field["podCIDR"].present()) {
      field["podCIDR"].Fail("missing: the range of its pods' addresses");
    }
    node.zone = field["zone"].Text();
    node.on_card = field["card"].Bool(false);
    if (node.on_card && std::exchange(has_card_, true)) {
      field["card"].Fail("one process can hold one simulated card, and another node has it");
    }
    setup_.nodes.push_back(std::move(node));
  }

  // {prefix, count, firstAddress, podCIDR}: pods' ranges are /24 of the podCIDR, in order.
  void AddManyNodes(const Field& field) {
    RefuseUnknown(field, {"prefix", "count", "firstAddress", "firstPublicAddress", "podCIDR"});
    const auto count = field["count"].Integer(1, kNodesMax, "a number of nodes").value_or(0);
    const std::string prefix = field["prefix"].Text();
    const auto first = field["firstAddress"].Ip();
    const auto first_public = field["firstPublicAddress"].Ip();
    const auto range = field["podCIDR"].Prefix();
    if (!first || !range || range->family() != IpFamily::kIPv4 ||
        first->family() != IpFamily::kIPv4) {
      return field.Fail("count needs firstAddress and podCIDR, both IPv4");
    }
    Claim(*range, field["podCIDR"]);
    if (count << (32 - kPodPrefixBits) > int64_t{1} << (32 - range->length_bits())) {
      return field["podCIDR"].Fail(fmt::format("has no room for {} ranges of /24", count));
    }
    for (int i = 0; i < count; ++i) {
      NodeSetup node;
      node.name = fmt::format("{}{}", prefix, i + 1);
      AddName(node.name, field["prefix"]);
      node.address = Plus(*first, i);
      Claim(node.address, "node " + node.name, field["firstAddress"]);
      if (!setup_.private_cidr.Contains(node.address)) {
        return field["firstAddress"].Fail("leads out of network.privateCIDR");
      }
      if (first_public) node.public_address = Plus(*first_public, i);
      const IpAddress pods = Plus(range->address(), i << (32 - kPodPrefixBits));
      node.pod_cidr = IpPrefix::Parse(fmt::format("{}/{}", pods.ToString(), kPodPrefixBits))
                          .value_or(IpPrefix());
      setup_.nodes.push_back(std::move(node));
    }
  }

  void AddBalancer(const Field& field) {
    RefuseUnknown(field, {"name", "kind", "address", "publicAddress", "targets"});
    LoadBalancerSetup one;
    one.name = NameIn(field);
    const std::string owner = "load balancer " + one.name;
    one.kind = field["kind"].Enum<LoadBalancerKind>(kKinds, LoadBalancerKind::kShared);
    one.address = Private(field["address"], owner).value_or(IpAddress());
    one.public_address = Public(field["publicAddress"], owner);
    const std::string targets = field["targets"].Text();
    if (!targets.empty() && targets != "nodes" && targets != "pods") {
      field["targets"].Fail(fmt::format("'{}' is neither nodes nor pods", targets));
    }
    one.to_pods = targets == "pods";
    if (one.to_pods && one.kind == LoadBalancerKind::kShared) {
      field["targets"].Fail("a shared load balancer sends to nodes");
    }
    if (one.to_pods && setup_.model == NetworkModel::kTunnel) {
      field["targets"].Fail("in network model tunnel pods cannot be reached from the underlay");
    }
    setup_.load_balancers.push_back(std::move(one));
  }

  void AddClient(const Field& field) {
    RefuseUnknown(field, {"name", "address"});
    OutsideClient client;
    client.name = NameIn(field);
    if (!field["address"].present()) field["address"].Fail("missing");
    client.address = Public(field["address"], "client " + client.name).value_or(IpAddress());
    setup_.outside.push_back(std::move(client));
  }

  void AddName(const std::string& name, const Field& field) {
    if (!names_.insert(name).second) field.Fail(fmt::format("node {} is there twice", name));
  }

  ClusterSetup setup_;
  std::vector<IpPrefix> prefixes_;
  std::map<IpAddress, std::string> owners_;
  std::set<std::string> names_;
  bool has_card_ = false;
};

}  // namespace

void RefuseUnknown(const Field& field, const std::set<std::string_view>& known) {
  if (!field.present()) return;
  for (const kube::Member& member : field.value()->members) {
    if (!known.contains(member.key)) field[member.key].Fail("no such field");
  }
}

IpAddress Plus(const IpAddress& first, uint32_t places) {
  std::array<uint8_t, 4> bytes{};
  StoreBe32(bytes.data(), Number(first) + places);
  return IpAddress::FromBytes(bytes);
}

ClusterSetup DecodeCluster(const Field& root) { return Decoder().Decode(root); }

}  // namespace pointsman::cluster
