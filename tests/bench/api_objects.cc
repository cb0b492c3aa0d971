#include "tests/bench/api_objects.h"

#include <fmt/format.h>

namespace pointsman {
namespace {

nlohmann::json Metadata(const std::string& name, const std::string& service, int uid) {
  return {{"name", name},
          {"namespace", "bench"},
          {"uid", fmt::format("1b6f0c4e-0000-4000-8000-{:012}", uid)},
          {"generation", 3},
          {"creationTimestamp", "2026-01-31T12:00:00Z"},
          {"labels",
           {{"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"},
            {"kubernetes.io/service-name", service}}},
          {"managedFields",
           {{{"manager", "kube-controller-manager"},
             {"operation", "Update"},
             {"time", "2026-01-31T12:00:00Z"},
             {"fieldsV1", {{"f:addressType", nullptr}, {"f:endpoints", nullptr}}}}}}};
}

}  // namespace

std::string BenchName(int index) { return fmt::format("service-{}", index); }

nlohmann::json BenchSlice(const std::string& name, int index, int endpoints, int port) {
  nlohmann::json all = nlohmann::json::array();
  for (int i = 1; i <= endpoints; ++i) {
    all.push_back({{"addresses", {fmt::format("10.{}.{}.{}", 1 + index / 250, index % 250, i)}},
                   {"conditions", {{"ready", true}, {"serving", true}, {"terminating", false}}},
                   {"nodeName", fmt::format("worker-{}", i)},
                   {"targetRef",
                    {{"kind", "Pod"},
                     {"namespace", "bench"},
                     {"name", fmt::format("{}-7d9c7c9d4f-{:05}", name, i)},
                     {"uid", fmt::format("1b6f0c4e-0000-4000-8000-{:012}", i)}}},
                   {"zone", "zone-a"}});
  }
  return {{"metadata", Metadata(name, name, index)},
          {"addressType", "IPv4"},
          {"endpoints", all},
          {"ports", {{{"name", "http"}, {"port", port}, {"protocol", "TCP"}}}}};
}

nlohmann::json BenchService(int index) {
  const std::string name = BenchName(index);
  return {{"metadata", Metadata(name, name, index)},
          {"spec",
           {{"type", "ClusterIP"},
            {"clusterIP", fmt::format("10.96.{}.{}", index / 250, index % 250 + 1)},
            {"ports", {{{"name", "http"}, {"port", 80}, {"targetPort", 8080}}}}}}};
}

nlohmann::json BenchNode() {
  return {{"metadata", {{"name", "worker-1"}}},
          {"spec", {{"podCIDRs", {"10.1.0.0/16"}}}},
          {"status", {{"addresses", {{{"type", "InternalIP"}, {"address", "192.168.0.2"}}}}}}};
}

}  // namespace pointsman
