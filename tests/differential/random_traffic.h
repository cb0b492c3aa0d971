// Frames for the differential test: first packets, more packets of known connections, replies, and
// frames damaged in every way a wire, a peer or an attacker can think of.
#ifndef POINTSMAN_TESTS_DIFFERENTIAL_RANDOM_TRAFFIC_H_
#define POINTSMAN_TESTS_DIFFERENTIAL_RANDOM_TRAFFIC_H_

#include <vector>

#include "flow_tables/flow.h"
#include "host/datapath/datapath.h"
#include "tests/differential/random_forwarding.h"

namespace pointsman {

class RandomTraffic {
 public:
  // Connections it opens at most.
  static constexpr size_t kMaxClients = 3000;

  explicit RandomTraffic(Random& random) : random_(random) {}

  // Frontends to aim at from now on.
  void SetForwarding(const Forwarding& forwarding) { forwarding_ = &forwarding; }

  std::vector<ReceivedFrame> Burst(size_t frames);

  // What left the datapath: replies are made to it.
  void Learn(const std::vector<ProcessedFrame>& processed);

 private:
  uint8_t Flags();
  std::vector<uint8_t> FirstPacket();
  std::vector<uint8_t> KnownPacket();
  std::vector<uint8_t> PacketOf(const FlowKey& key);
  std::vector<uint8_t> StrayIpv6();
  uint16_t DestinationPort(const Frontend& frontend);
  std::vector<uint8_t> Reply();
  std::vector<uint8_t> Stray();
  bool WentIntoTunnel(const std::vector<uint8_t>& sent) const;
  std::vector<uint8_t> ThroughTunnel(const std::vector<uint8_t>& frame);
  std::vector<uint8_t> Tagged(std::vector<uint8_t> frame);
  std::vector<uint8_t> Damaged(std::vector<uint8_t> frame);
  std::vector<uint8_t> Payload();

  Random& random_;
  const Forwarding* forwarding_ = nullptr;
  std::vector<std::vector<uint8_t>> first_packets_;
  std::vector<std::vector<uint8_t>> forwarded_;
};

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_DIFFERENTIAL_RANDOM_TRAFFIC_H_
