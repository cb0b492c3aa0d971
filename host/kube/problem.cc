#include "host/kube/problem.h"

#include <fmt/format.h>

namespace pointsman::kube {
namespace {

std::string WithColon(const std::string& part) { return part.empty() ? "" : part + ": "; }

}  // namespace

std::string Origin::ToString() const { return line == 0 ? file : fmt::format("{}:{}", file, line); }

std::string Problem::ToString() const {
  return WithColon(origin.ToString()) + WithColon(object) + WithColon(field) + message;
}

std::string Note::ToString() const {
  return WithColon(origin.ToString()) + WithColon(object) + message;
}

}  // namespace pointsman::kube
