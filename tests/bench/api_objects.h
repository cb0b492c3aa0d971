// Objects as an API server sends them, with all that is in them, for benches.
#ifndef POINTSMAN_TESTS_BENCH_API_OBJECTS_H_
#define POINTSMAN_TESTS_BENCH_API_OBJECTS_H_

#include <nlohmann/json.hpp>
#include <string>

namespace pointsman {

inline constexpr char kServicePath[] = "/api/v1/services";
inline constexpr char kSlicePath[] = "/apis/discovery.k8s.io/v1/endpointslices";
inline constexpr char kNodePath[] = "/api/v1/nodes";

std::string BenchName(int index);  // "service-7"

// Of type ClusterIP, port 80.
nlohmann::json BenchService(int index);

// A slice of the Service of the same name; `index` makes its endpoints' addresses.
nlohmann::json BenchSlice(const std::string& name, int index, int endpoints, int port);

nlohmann::json BenchNode();  // worker-1

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_BENCH_API_OBJECTS_H_
