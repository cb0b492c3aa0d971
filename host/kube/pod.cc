#include "host/kube/decode_kinds.h"

namespace pointsman::kube {
namespace {

constexpr std::array<std::pair<std::string_view, PodPhase>, 5> kPhaseNames = {
    {{"Pending", PodPhase::kPending},
     {"Running", PodPhase::kRunning},
     {"Succeeded", PodPhase::kSucceeded},
     {"Failed", PodPhase::kFailed},
     {"Unknown", PodPhase::kUnknown}}};

ContainerPort DecodeContainerPort(const Field& field) {
  const Field number = field["containerPort"];
  if (!number.present()) number.Fail("missing; a container port needs a number");
  return {.name = field["name"].Text(),
          .container_port = number.Port().value_or(0),
          .protocol = DecodeProtocol(field["protocol"])};
}

std::vector<ContainerPort> DecodePorts(const Field& spec) {
  std::vector<ContainerPort> ports;
  const auto add = [&ports](const Field& container) {
    for (ContainerPort& port : container["ports"].List(DecodeContainerPort)) {
      ports.push_back(std::move(port));
    }
  };
  spec["containers"].ForEach(add);
  spec["initContainers"].ForEach([&add](const Field& container) {
    if (container["restartPolicy"].Text() == "Always") add(container);
  });
  return ports;
}

bool DecodeReady(const Field& conditions) {
  bool ready = false;
  conditions.ForEach([&ready](const Field& condition) {
    if (condition["type"].Text() == "Ready") ready = condition["status"].Text() == "True";
  });
  return ready;
}

std::vector<IpAddress> DecodePodIps(const Field& status) {
  std::vector<IpAddress> ips =
      status["podIPs"].ListOf([](const Field& item) { return item["ip"].Ip(); });
  const Field pod_ip = status["podIP"];
  const bool has_pod_ip = pod_ip.present() && !(pod_ip.IsText() && pod_ip.Text().empty());
  if (ips.empty() && has_pod_ip) {
    if (const auto ip = pod_ip.Ip()) ips.push_back(*ip);
  }
  return ips;
}

}  // namespace

Pod DecodePod(const Field& root) {
  const Field spec = root["spec"];
  const Field status = root["status"];
  Pod pod;
  pod.node_name = spec["nodeName"].Text();
  pod.host_network = spec["hostNetwork"].Bool(false);
  pod.hostname = spec["hostname"].Text();
  pod.subdomain = spec["subdomain"].Text();
  pod.ports = DecodePorts(spec);
  pod.phase = status["phase"].Enum<PodPhase>(kPhaseNames, PodPhase::kPending);
  pod.ready = DecodeReady(status["conditions"]);
  pod.pod_ips = DecodePodIps(status);
  return pod;
}

}  // namespace pointsman::kube
