// Picks the addresses or ranges of one family out of a mixed list. Pure.
#ifndef POINTSMAN_HOST_SERVICES_BY_FAMILY_H_
#define POINTSMAN_HOST_SERVICES_BY_FAMILY_H_

#include <algorithm>
#include <iterator>
#include <vector>

#include "host/kube/ip_address.h"

namespace pointsman {

// T is kube::IpAddress or kube::IpPrefix. Keeps the order.
template <typename T>
std::vector<T> OfFamily(const std::vector<T>& from, kube::IpFamily family) {
  std::vector<T> out;
  std::copy_if(from.begin(), from.end(), std::back_inserter(out),
               [&](const T& value) { return value.family() == family; });
  return out;
}

}  // namespace pointsman

#endif  // POINTSMAN_HOST_SERVICES_BY_FAMILY_H_
