#include "host/dns/zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace pointsman::dns {

using kube::IpAddress;
using kube::IpFamily;

namespace {

constexpr char kVersion[] = "1.1.0";
constexpr size_t kMaxNameBytes = 253;

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  while (lower.ends_with('.')) lower.pop_back();
  return lower;
}

bool IsUnder(std::string_view name, std::string_view suffix) {
  return name == suffix || (name.size() > suffix.size() && name.ends_with(suffix) &&
                            name[name.size() - suffix.size() - 1] == '.');
}

// Letters, digits, '-', '_' and dots between labels: what can be written without escapes.
bool IsPlainName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name.front() == '.') return false;
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') return false;
    if (++label > 63) return false;
  }
  return true;
}

// "10.0.96.10.in-addr.arpa"
std::string ReverseName(const IpAddress& address) {
  std::string name;
  const auto bytes = address.bytes();
  for (size_t i = bytes.size(); i-- > 0;) {
    if (address.family() == IpFamily::kIPv4) {
      name += fmt::format("{}.", bytes[i]);
    } else {
      name += fmt::format("{:x}.{:x}.", bytes[i] & 0xf, bytes[i] >> 4);
    }
  }
  return fmt::format("{}{}", name,
                     address.family() == IpFamily::kIPv4 ? "in-addr.arpa" : "ip6.arpa");
}

RecordType AddressType(const IpAddress& address) {
  return address.family() == IpFamily::kIPv4 ? RecordType::kA : RecordType::kAaaa;
}

// A label for an endpoint without a hostname: its address, with dashes.
std::string LabelOf(const IpAddress& address) {
  std::string label = address.ToString();
  std::ranges::replace(label, '.', '-');
  std::ranges::replace(label, ':', '-');
  // No label begins or ends with a dash (RFC 1123): ::1 is 0--1.
  return fmt::format("{}{}{}", label.starts_with('-') ? "0" : "", label,
                     label.ends_with('-') ? "0" : "");
}

}  // namespace

// Adds one Service after another.
class ZoneBuilder {
 public:
  ZoneBuilder(const kube::ObjectSet& objects, std::string domain) : zone_(std::move(domain)) {
    for (const auto& [key, slice] : objects.endpoint_slices) {
      const std::string service = slice.ServiceName();
      if (!service.empty()) slices_[{slice.metadata.ns, service}].push_back(&slice);
    }
    AddName(zone_.domain_);
    AddName(fmt::format("svc.{}", zone_.domain_));
    Add(fmt::format("dns-version.{}", zone_.domain_), RecordType::kTxt,
        fmt::format("\"{}\"", kVersion));
    for (const auto& [key, service] : objects.services) AddService(service);
  }

  Zone Take() {
    for (auto& [name, records] : zone_.records_) {
      std::ranges::sort(records);
      records.erase(std::unique(records.begin(), records.end()), records.end());
    }
    return std::move(zone_);
  }

 private:
  // With the names above it, which exist by that.
  void AddName(const std::string& name) {
    zone_.records_.try_emplace(name);
    const size_t dot = name.find('.');
    if (dot == std::string::npos || name == zone_.domain_) return;
    const std::string parent = name.substr(dot + 1);
    if (IsUnder(parent, zone_.domain_) && !zone_.records_.contains(parent)) AddName(parent);
  }

  void Add(const std::string& name, RecordType type, std::string data) {
    if (!IsPlainName(name)) return;
    AddName(name);
    zone_.records_[name].push_back({name, type, std::move(data)});
  }

  void AddService(const kube::Service& service) {
    const std::string name = LowerCase(
        fmt::format("{}.{}.svc.{}", service.metadata.name, service.metadata.ns, zone_.domain_));
    if (service.type == kube::ServiceType::kExternalName) {
      const std::string target = LowerCase(service.external_name);
      if (IsPlainName(target)) Add(name, RecordType::kCname, fmt::format("{}.", target));
      return;
    }
    if (service.headless) return AddHeadless(service, name);
    for (const IpAddress& ip : service.cluster_ips) {
      Add(name, AddressType(ip), ip.ToString());
      Add(ReverseName(ip), RecordType::kPtr, fmt::format("{}.", name));
    }
    for (const kube::ServicePort& port : service.ports) {
      AddSrv(port.name, port.protocol, port.port, name, name);
    }
  }

  void AddSrv(const std::string& port_name, kube::Protocol protocol, uint16_t port,
              const std::string& service, const std::string& target) {
    if (port_name.empty()) return;
    Add(LowerCase(fmt::format("_{}._{}.{}", port_name, kube::ToString(protocol), service)),
        RecordType::kSrv, fmt::format("0 100 {} {}.", port, target));
  }

  void AddHeadless(const kube::Service& service, const std::string& name) {
    AddName(name);
    const auto found = slices_.find({service.metadata.ns, service.metadata.name});
    if (found == slices_.end()) return;
    for (const kube::EndpointSlice* slice : found->second) {
      for (const kube::Endpoint& endpoint : slice->endpoints) {
        if (!endpoint.ready && !service.publish_not_ready_addresses) continue;
        for (const IpAddress& ip : endpoint.addresses) AddEndpoint(*slice, endpoint, ip, name);
      }
    }
  }

  void AddEndpoint(const kube::EndpointSlice& slice, const kube::Endpoint& endpoint,
                   const IpAddress& ip, const std::string& service) {
    const std::string label = endpoint.hostname.empty() ? LabelOf(ip) : endpoint.hostname;
    const std::string name = LowerCase(fmt::format("{}.{}", label, service));
    Add(service, AddressType(ip), ip.ToString());
    Add(name, AddressType(ip), ip.ToString());
    Add(ReverseName(ip), RecordType::kPtr, fmt::format("{}.", name));
    for (const kube::EndpointPort& port : slice.ports) {
      if (port.port) AddSrv(port.name, port.protocol, *port.port, service, name);
    }
  }

  Zone zone_;
  std::map<std::pair<std::string, std::string>, std::vector<const kube::EndpointSlice*>> slices_;
};

Zone Zone::Of(const kube::ObjectSet& objects, std::string domain) {
  return ZoneBuilder(objects, LowerCase(domain)).Take();
}

bool Zone::Holds(const std::string& name) const { return IsUnder(name, domain_); }

void Zone::Append(const std::string& name, RecordType type, std::vector<Record>& records) const {
  const auto found = records_.find(name);
  if (found == records_.end()) return;
  for (const Record& record : found->second) {
    if (record.type == type || type == RecordType::kAny) records.push_back(record);
  }
}

LookedUp Zone::Find(std::string_view name, RecordType type) const {
  const std::string wanted = LowerCase(name);
  LookedUp looked_up;
  const auto found = records_.find(wanted);
  if (found == records_.end()) {
    if (Holds(wanted)) looked_up.finding = Finding::kNoName;
    return looked_up;
  }
  Append(wanted, type, looked_up.answer);
  const bool is_alias = looked_up.answer.empty() && !found->second.empty() &&
                        found->second.front().type == RecordType::kCname;
  if (is_alias) {
    looked_up.answer.push_back(found->second.front());
    Append(LowerCase(found->second.front().data), type, looked_up.answer);
  }
  for (const Record& record : looked_up.answer) {
    if (record.type != RecordType::kSrv) continue;
    const std::string target = LowerCase(record.data.substr(record.data.rfind(' ') + 1));
    Append(target, RecordType::kA, looked_up.additional);
    Append(target, RecordType::kAaaa, looked_up.additional);
  }
  std::ranges::sort(looked_up.additional);
  looked_up.additional.erase(std::unique(looked_up.additional.begin(), looked_up.additional.end()),
                             looked_up.additional.end());
  looked_up.finding = looked_up.answer.empty() ? Finding::kNoData : Finding::kAnswer;
  return looked_up;
}

Record Zone::Soa() const {
  return {domain_, RecordType::kSoa,
          fmt::format("ns.dns.{0}. hostmaster.{0}. 1 7200 1800 86400 5", domain_)};
}

}  // namespace pointsman::dns
