#include "tests/hw/datapath_fixture.h"

#include <algorithm>
#include <utility>

#include "flow_tables/flow.h"
#include "tests/support/image_builder.h"

namespace pointsman {
namespace {

// Profile sim, hw/sim.dts.
CardSizes SimSizes() {
  CardSizes sizes{};
  sizes.frontends = 4096;
  sizes.sources = 64;
  sizes.slots = 65536;
  sizes.endpoints = 4096;
  sizes.next_hops = 256;
  sizes.originals = 16384;
  sizes.originals_ipv6 = 8192;
  sizes.frontend_counters = 4096;
  sizes.affinity = 4096;
  return sizes;
}

FrontendRow Frontend(const Address& address, uint32_t slots_base, uint8_t slots_log2,
                     uint16_t counter) {
  FrontendRow row{};
  row.destination_address = address.bits();
  row.destination_port = 80;
  row.protocol = static_cast<uint8_t>(Protocol::kTcp);
  row.counter = counter;
  row.outside_slots_base = row.inside_slots_base = slots_base;
  row.outside_slots_log2 = row.inside_slots_log2 = slots_log2;
  return row;
}

// Runs of slots.
struct Runs {
  uint32_t both = 0;
  uint32_t without_endpoint = 0;
  uint32_t without_next_hop = 0;
};

void AddServices(ImageBuilder& builder, IpFamily family, const Runs& runs) {
  const auto counter = [family](uint16_t number) {
    return static_cast<uint16_t>(number + (family == IpFamily::kIpv6 ? 9 : 0));
  };
  FrontendRow tcp = Frontend(In(family, kService), runs.both, 2, counter(1));
  builder.AddFrontend(tcp);
  FrontendRow udp = Frontend(In(family, kService), runs.both, 2, counter(2));
  udp.destination_port = 53;
  udp.protocol = static_cast<uint8_t>(Protocol::kUdp);
  builder.AddFrontend(udp);
  FrontendRow masqueraded = Frontend(In(family, kMasqueraded), runs.both, 2, counter(3));
  masqueraded.outside_masquerade = masqueraded.inside_masquerade = true;
  builder.AddFrontend(masqueraded);
  FrontendRow rejecting = Frontend(In(family, kRejecting), runs.both, 2, counter(4));
  rejecting.outside_action = rejecting.inside_action = FrontendAction::kReject;
  builder.AddFrontend(rejecting);
  FrontendRow dropping = Frontend(In(family, kDropping), runs.both, 2, counter(5));
  dropping.outside_action = FrontendAction::kDrop;
  builder.AddFrontend(dropping);
  builder.AddFrontend(Frontend(In(family, kNoEndpoint), runs.without_endpoint, 0, counter(6)));
  builder.AddFrontend(Frontend(In(family, kNoNextHop), runs.without_next_hop, 0, counter(7)));
  FrontendRow affine = Frontend(In(family, kAffine), runs.both, 2, counter(8));
  affine.affinity_group = kAffinityGroup;
  builder.AddFrontend(affine);
}

void AddFamily(ImageBuilder& builder, IpFamily family, uint16_t pod) {
  const uint32_t first = builder.AddEndpoint(In(family, kFirstEndpoint), kTargetPort, pod);
  const uint32_t second = builder.AddEndpoint(In(family, kSecondEndpoint), kTargetPort, 0);
  const uint32_t no_next_hop = builder.AddEndpoint(In(family, {0x0af40103}), kTargetPort, 200);
  const auto add = [&](Ipv4Address address, uint8_t length_bits, ClientClass client_class,
                       uint16_t next_hop) {
    builder.AddSource({In(family, address), static_cast<uint8_t>(kIpv4PrefixBits + length_bits)},
                      client_class, next_hop);
  };
  add({0x0af40000}, 16, ClientClass::kNode, 0);
  add({0x0af40000}, 24, ClientClass::kLocalPod, pod);
  add({0xc0a80000}, 16, ClientClass::kOutside, 0);
  AddServices(builder, family,
              {.both = builder.AddSlots({first, second, second, first}),
               .without_endpoint = builder.AddSlots({4000}),
               .without_next_hop = builder.AddSlots({no_next_hop})});
}

}  // namespace

Image SmallWorld() {
  ImageBuilder builder(SimSizes());
  builder.AddNextHop({Port::kUplink, {0x020000000101}, {0x020000000102}});
  const uint16_t pod = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  AddFamily(builder, IpFamily::kIpv4, pod);
  AddFamily(builder, IpFamily::kIpv6, pod);
  builder.image().configuration = {
      .slot_hash_seed = 0x12345678,
      .masquerade_address = kMasqueradeAddress,
      .masquerade_address_v6 = In(IpFamily::kIpv6, kMasqueradeAddress).bits(),
      .masquerade_ports = {.base = 0x8000, .mask = 0x7fff}};
  return builder.image();
}

Image TunnelWorld() {
  Image image = SmallWorld();
  constexpr uint16_t kThroughTunnel = 2;
  image.next_hops[kThroughTunnel] = {.valid = true,
                                     .egress = Port::kUplink,
                                     .destination_mac = 0x020000000101,
                                     .source_mac = 0x020000000102,
                                     .vxlan_address = kOtherNode.value,
                                     .vxlan_mac = kOtherNodeInside.value};
  for (EndpointRow& row : image.endpoints) {
    if (row.valid && row.next_hop == 0) row.next_hop = kThroughTunnel;
  }
  for (SourceRow& row : image.sources) {
    if (row.client_class == ClientClass::kNode) row.next_hop = kThroughTunnel;
  }
  image.configuration.tunnel = kTunnel;
  return image;
}

FrameBytes ThroughTunnel(const FrameBytes& frame, uint8_t outer_tos) {
  FrameBytes whole(kTunnelBytes + frame.size());
  std::ranges::copy(frame, whole.begin() + kTunnelBytes);
  Tunnel sender = kTunnel;
  sender.address = kOtherNode;
  WriteTunnelHeaders(whole.data(), sender,
                     {.macs = {2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1}, .address = kTunnel.address},
                     {.frame_bytes = frame.size(), .tos = outer_tos, .flow_port = 0xc123});
  return whole;
}

DatapathTest::DatapathTest(const Image& image)
    : pipeline_(std::make_shared<const Image>(image), 1) {
  card_.Load(image);
}

namespace {

// What packets of a family made of connections, as the pipeline tells it.
template <class Key>
class Told {
 public:
  template <class Connection>
  void Add(EventKind kind, const Connection& connection) {
    told_.push_back({kind, connection.state, OriginalKey(connection)});
  }

  // In these events, between those that no packet caused.
  template <class Event>
  void ExpectIn(std::span<const Event> events) const {
    size_t next = 0;
    for (const Event& event : events) {
      if (event.kind == EventKind::kExpire || event.kind == EventKind::kParity) continue;
      ASSERT_LT(next, told_.size()) << Name(event.kind);
      const One& expected = told_[next++];
      EXPECT_STREQ(Name(event.kind), Name(expected.kind)) << next;
      EXPECT_STREQ(Name(event.state), Name(expected.state)) << next;
      EXPECT_EQ(event.original, expected.original) << next;
    }
    EXPECT_EQ(next, told_.size());
  }

 private:
  struct One {
    EventKind kind;
    ConnectionState state;
    Key original;
  };
  std::vector<One> told_;
};

}  // namespace

std::vector<DatapathOutput> DatapathTest::Compare(std::vector<DatapathInput> inputs) {
  const size_t events_before = card_.events().size();
  const size_t ipv6_events_before = card_.ipv6_events().size();
  Told<Tuple> told;
  Told<TupleIpv6> told_ipv6;
  for (const DatapathInput& input : inputs) card_.Send(input);
  std::vector<DatapathOutput> outputs = card_.Drain();
  EXPECT_EQ(outputs.size(), inputs.size());
  if (outputs.size() != inputs.size()) return outputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const DatapathInput& input = inputs[i];
    const std::string before = DescribeFrame(input.frame);
    FrameBytes buffer(kTunnelBytes + input.frame.size());
    std::ranges::copy(input.frame, buffer.begin() + kTunnelBytes);
    Packet packet{std::span(buffer).subspan(kTunnelBytes), input.ingress, input.attempt,
                  input.directed_endpoint, kTunnelBytes};
    Outcome expected;
    pipeline_.Process({&packet, 1}, {&expected, 1});
    for (const ConnectionNews& news : pipeline_.news()) {
      if (news.ipv6) {
        told_ipv6.Add(news.kind, *pipeline_.connections_ipv6().At(news.number));
      } else {
        told.Add(news.kind, *pipeline_.connections().At(news.number));
      }
    }
    const FrameBytes leaving(packet.frame.begin(), packet.frame.end());
    const DatapathOutput& got = outputs[i];
    const std::string what = "packet " + std::to_string(i) + ": " + before;
    EXPECT_STREQ(Name(got.verdict), Name(expected.verdict)) << what;
    EXPECT_STREQ(Name(got.reason), Name(expected.reason)) << what;
    if (got.verdict == Verdict::kPass || got.verdict == Verdict::kForward) {
      EXPECT_STREQ(Name(got.egress), Name(expected.egress)) << what;
    }
    EXPECT_EQ(got.frontend_counter, expected.frontend_counter) << what;
    EXPECT_EQ(got.endpoint, expected.endpoint) << what;
    EXPECT_EQ(got.learned, expected.learned) << what;
    EXPECT_EQ(got.latency_cycles, kDatapathLatencyCycles) << what;
    EXPECT_TRUE(got.length_bytes == got.frame.size() ||
                got.length_bytes + kTunnelBytes == got.frame.size())
        << what;
    EXPECT_TRUE(got.frame == leaving) << what << "\n  card:     " << DescribeFrame(got.frame)
                                      << "\n  pipeline: " << DescribeFrame(leaving);
  }
  told.ExpectIn(std::span(card_.events()).subspan(events_before));
  told_ipv6.ExpectIn(std::span(card_.ipv6_events()).subspan(ipv6_events_before));
  return outputs;
}

DatapathOutput DatapathTest::Compare(DatapathInput input) {
  std::vector<DatapathInput> inputs;
  inputs.push_back(std::move(input));
  std::vector<DatapathOutput> outputs = Compare(std::move(inputs));
  return outputs.empty() ? DatapathOutput{} : outputs.front();
}

DatapathInput TcpTo(const Address& destination, uint16_t source_port, const Address& source,
                    uint16_t destination_port) {
  TcpSpec spec;
  spec.source_port = source_port;
  spec.destination_port = destination_port;
  if (!destination.is_v4()) {
    return {.frame = BuildTcp(Ipv6Spec{.source = source, .destination = destination}, spec)};
  }
  spec.ip.source = source.v4();
  spec.ip.destination = destination.v4();
  return {.frame = BuildTcp(spec)};
}

DatapathInput TcpTo(Ipv4Address destination, uint16_t source_port, Ipv4Address source,
                    uint16_t destination_port) {
  return TcpTo(Address(destination), source_port, Address(source), destination_port);
}

DatapathInput ReplyTo(const DatapathOutput& forwarded) {
  const std::optional<Flow> flow = ParseFlow(forwarded.frame);
  if (!flow) return TcpTo(kService);
  return TcpTo(flow->key.source, flow->key.destination_port, flow->key.destination,
               flow->key.source_port);
}

}  // namespace pointsman
