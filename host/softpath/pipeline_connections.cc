#include "host/softpath/pipeline_connections.h"

namespace pointsman {
namespace {

template <class Family, class ToKey>
std::optional<FlowKey> Find(ConnectionTable<Family>& table, const FlowKey& key, ToKey to_key) {
  const auto found = table.Find(to_key(key));
  if (!found) return std::nullopt;
  const auto& to = found.rewrite().to;
  return ToFlowKey(typename Family::Key{.source_address = to.new_source_address,
                                        .destination_address = to.new_destination_address,
                                        .source_port = to.new_source_port,
                                        .destination_port = to.new_destination_port,
                                        .protocol = static_cast<uint8_t>(key.protocol)});
}

}  // namespace

std::optional<FlowKey> TranslationOf(Pipeline& pipeline, const FlowKey& key) {
  if (key.source.is_v4() != key.destination.is_v4()) return std::nullopt;
  return key.source.is_v4() ? Find(pipeline.connections(), key, ToTuple)
                            : Find(pipeline.connections_ipv6(), key, ToTupleIpv6);
}

}  // namespace pointsman
