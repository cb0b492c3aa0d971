// kube-proxy's rules, said a second time: what may become of the first packet of a connection,
// found by going through all objects in turn. Slow and simple on purpose, and written apart from
// host/services and flow_tables, which it is compared with.
#ifndef POINTSMAN_TESTS_MODEL_SERVICE_MODEL_H_
#define POINTSMAN_TESTS_MODEL_SERVICE_MODEL_H_

#include <compare>
#include <cstdint>
#include <set>
#include <string>

#include "host/kube/object_set.h"
#include "host/services/node_facts.h"

namespace pointsman::model {

struct AskedPacket {
  kube::IpAddress source;
  kube::IpAddress destination;
  uint16_t port = 0;
  kube::Protocol protocol = kube::Protocol::kTcp;
  std::string ToString() const;
};

enum class Fate : uint8_t { kPass, kDrop, kReject, kForward };

struct Outcome {
  Fate fate = Fate::kPass;
  kube::IpAddress endpoint;  // for kForward
  uint16_t port = 0;
  bool from_node = false;  // leaves with an address of the node
  std::string ToString() const;
  friend auto operator<=>(const Outcome&, const Outcome&) = default;
};

struct Allowed {
  std::set<Outcome> outcomes;  // each must be possible, nothing else may be
  bool sticky = false;         // all connections of the client meet one of them
};

Allowed Ask(const kube::ObjectSet& objects, const NodeFacts& facts, const AskedPacket& packet);

}  // namespace pointsman::model

#endif  // POINTSMAN_TESTS_MODEL_SERVICE_MODEL_H_
