// The names of a cluster's Services: Kubernetes DNS-Based Service Discovery, version 1.1.0
// (github.com/kubernetes/dns, docs/specification.md). Pure; a plain value once it is made.
//
//   SERVICE.NAMESPACE.svc.DOMAIN   A, AAAA: the cluster IPs; headless: the ready endpoints;
//                                  ExternalName: CNAME
//   _PORT._PROTOCOL.SERVICE...     SRV: a named port; headless: one for each ready endpoint
//   HOST.SERVICE...                A, AAAA: a ready endpoint of a headless Service by its hostname,
//                                  or by its address with dashes where it has none
//   a cluster IP's or such an endpoint's name under in-addr.arpa or ip6.arpa: PTR
//   dns-version.DOMAIN             TXT: the version of the specification
//
// A Service with publishNotReadyAddresses has all its endpoints ready. Names are compared without
// regard to case; here they are in lower case and without the dot at their end.
#ifndef POINTSMAN_HOST_DNS_ZONE_H_
#define POINTSMAN_HOST_DNS_ZONE_H_

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/kube/object_set.h"

namespace pointsman::dns {

inline constexpr char kDefaultDomain[] = "cluster.local";

enum class RecordType : uint16_t {  // IANA's numbers
  kA = 1,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kAny = 255,
};

// `data` is in the presentation format of RFC 1035: "10.96.0.10", "0 100 80 web.default...."
struct Record {
  std::string owner;
  RecordType type = RecordType::kA;
  std::string data;
  friend auto operator<=>(const Record&, const Record&) = default;
};

enum class Finding : uint8_t {
  kAnswer,     // records
  kNoData,     // the name exists, with no records of the type
  kNoName,     // no such name in the zone
  kElsewhere,  // not in the zone: somebody else's business
};

struct LookedUp {
  Finding finding = Finding::kElsewhere;
  std::vector<Record> answer;      // a CNAME and what it leads to in the zone
  std::vector<Record> additional;  // addresses of the targets of SRV
};

class Zone {
 public:
  // `domain`: "cluster.local".
  static Zone Of(const kube::ObjectSet& objects, std::string domain);

  LookedUp Find(std::string_view name, RecordType type) const;

  // Of the zone, for answers without records.
  Record Soa() const;

  const std::string& domain() const { return domain_; }

 private:
  explicit Zone(std::string domain) : domain_(std::move(domain)) {}
  friend class ZoneBuilder;

  bool Holds(const std::string& name) const;
  void Append(const std::string& name, RecordType type, std::vector<Record>& records) const;

  std::string domain_;
  std::map<std::string, std::vector<Record>> records_;  // names without records, too
};

}  // namespace pointsman::dns

#endif  // POINTSMAN_HOST_DNS_ZONE_H_
