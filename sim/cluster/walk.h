// What a walk of a packet through the virtual cluster is told in: hops, and where it ended. Plain
// values.
#ifndef POINTSMAN_SIM_CLUSTER_WALK_H_
#define POINTSMAN_SIM_CLUSTER_WALK_H_

#include <optional>
#include <string>
#include <vector>

#include "sim/cluster/frames.h"

namespace pointsman::cluster {

// One line of a walk: who did what.
struct Hop {
  std::string where;
  std::string what;
};

// Where a packet's walk ended, and why.
struct Failure {
  std::string hop;   // "node node-c"
  std::string rule;  // what applied there: "NodePort of default/web, externalTrafficPolicy Local"
  std::string reason;
};

// What one hop makes of a frame.
struct Step {
  Frame frame;
  std::optional<Failure> failure{};  // else:
  bool arrived = false;              // at the host with the destination address, else it goes on
};

// Notes hops where somebody wants them; without a list it costs nothing.
class Trace {
 public:
  explicit Trace(std::vector<Hop>* hops) : hops_(hops) {}
  template <typename Text>
  void Add(const std::string& where, Text text) const {
    if (hops_ != nullptr) hops_->push_back({where, text()});
  }

 private:
  std::vector<Hop>* hops_;
};

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_WALK_H_
