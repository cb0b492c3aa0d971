#include "sim/cluster/resolve.h"

#include <fmt/format.h>

#include "absl/status/status.h"
#include "host/dns/message.h"
#include "host/dns/zone.h"

namespace pointsman::cluster {

absl::StatusOr<kube::IpAddress> Resolve(const kube::ObjectSet& objects, const std::string& name) {
  const dns::Zone zone = dns::Zone::Of(objects, dns::kDefaultDomain);
  const absl::StatusOr<dns::Message> query = dns::MakeQuery(name, dns::RecordType::kA);
  if (!query.ok()) return query.status();
  const dns::Reply reply = dns::Answer(zone, *query, dns::Transport::kUdp);
  const auto addresses = dns::AddressesIn(reply.message);
  if (!addresses.ok()) {
    return absl::NotFoundError(
        fmt::format("{}: {}", name, std::string(addresses.status().message())));
  }
  return addresses->front();
}

}  // namespace pointsman::cluster
