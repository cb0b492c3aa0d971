#include "tests/hw/datapath_fixture.h"

#include <utility>

#include "flow_tables/big_endian.h"
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
  sizes.frontend_counters = 4096;
  return sizes;
}

FrontendRow Frontend(Ipv4Address address, uint32_t slots_base, uint8_t slots_log2,
                     uint16_t counter) {
  FrontendRow row{};
  row.destination_address = address.value;
  row.destination_port = 80;
  row.protocol = static_cast<uint8_t>(Protocol::kTcp);
  row.counter = counter;
  row.outside_slots_base = row.inside_slots_base = slots_base;
  row.outside_slots_log2 = row.inside_slots_log2 = slots_log2;
  return row;
}

void AddServices(ImageBuilder& builder, uint32_t both, uint32_t without_endpoint,
                 uint32_t without_next_hop) {
  FrontendRow tcp = Frontend(kService, both, 2, 1);
  builder.AddFrontend(tcp);
  FrontendRow udp = Frontend(kService, both, 2, 2);
  udp.destination_port = 53;
  udp.protocol = static_cast<uint8_t>(Protocol::kUdp);
  builder.AddFrontend(udp);
  FrontendRow masqueraded = Frontend(kMasqueraded, both, 2, 3);
  masqueraded.outside_masquerade = masqueraded.inside_masquerade = true;
  builder.AddFrontend(masqueraded);
  FrontendRow rejecting = Frontend(kRejecting, both, 2, 4);
  rejecting.outside_action = rejecting.inside_action = FrontendAction::kReject;
  builder.AddFrontend(rejecting);
  FrontendRow dropping = Frontend(kDropping, both, 2, 5);
  dropping.outside_action = FrontendAction::kDrop;
  builder.AddFrontend(dropping);
  builder.AddFrontend(Frontend(kNoEndpoint, without_endpoint, 0, 6));
  builder.AddFrontend(Frontend(kNoNextHop, without_next_hop, 0, 7));
}

}  // namespace

Image SmallWorld() {
  ImageBuilder builder(SimSizes());
  builder.AddNextHop({Port::kUplink, {0x020000000101}, {0x020000000102}});
  const uint16_t pod = builder.AddNextHop({Port::kNode, {0x020000000201}, {0x020000000202}});
  const uint32_t first = builder.AddEndpoint(kFirstEndpoint, kTargetPort, pod);
  const uint32_t second = builder.AddEndpoint(kSecondEndpoint, kTargetPort, 0);
  const uint32_t no_next_hop = builder.AddEndpoint({0x0af40103}, kTargetPort, 200);
  builder.AddSource({0x0af40000}, 16, ClientClass::kNode, 0);
  builder.AddSource({0x0af40000}, 24, ClientClass::kLocalPod, pod);
  builder.AddSource({0xc0a80000}, 16, ClientClass::kOutside, 0);
  AddServices(builder, builder.AddSlots({first, second, second, first}), builder.AddSlots({4000}),
              builder.AddSlots({no_next_hop}));
  builder.image().configuration = {.slot_hash_seed = 0x12345678,
                                   .masquerade_address = kMasqueradeAddress,
                                   .masquerade_ports = {.base = 0x8000, .mask = 0x7fff}};
  return builder.image();
}

DatapathTest::DatapathTest(const Image& image)
    : pipeline_(std::make_shared<const Image>(image), 1) {
  card_.Load(image);
}

std::vector<DatapathOutput> DatapathTest::Compare(std::vector<DatapathInput> inputs) {
  for (const DatapathInput& input : inputs) card_.Send(input);
  std::vector<DatapathOutput> outputs = card_.Drain();
  EXPECT_EQ(outputs.size(), inputs.size());
  if (outputs.size() != inputs.size()) return outputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    DatapathInput& input = inputs[i];
    const std::string before = DescribeFrame(input.frame);
    Packet packet{input.frame, input.ingress, input.attempt, input.directed_endpoint};
    Outcome expected;
    pipeline_.Process({&packet, 1}, {&expected, 1});
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
    EXPECT_EQ(got.length_bytes, input.frame.size()) << what;
    EXPECT_TRUE(got.frame == input.frame) << what << "\n  card:     " << DescribeFrame(got.frame)
                                          << "\n  pipeline: " << DescribeFrame(input.frame);
  }
  return outputs;
}

DatapathOutput DatapathTest::Compare(DatapathInput input) {
  std::vector<DatapathInput> inputs;
  inputs.push_back(std::move(input));
  std::vector<DatapathOutput> outputs = Compare(std::move(inputs));
  return outputs.empty() ? DatapathOutput{} : outputs.front();
}

DatapathInput TcpTo(Ipv4Address destination, uint16_t source_port, Ipv4Address source,
                    uint16_t destination_port) {
  TcpSpec spec;
  spec.ip.source = source;
  spec.ip.destination = destination;
  spec.source_port = source_port;
  spec.destination_port = destination_port;
  return {.frame = BuildTcp(spec)};
}

DatapathInput ReplyTo(const DatapathOutput& forwarded) {
  constexpr size_t kSource = 26, kDestination = 30, kPorts = 34;
  const uint8_t* frame = forwarded.frame.data();
  const uint32_t ports = LoadBe32(frame + kPorts);
  return TcpTo({LoadBe32(frame + kSource)}, static_cast<uint16_t>(ports),
               {LoadBe32(frame + kDestination)}, static_cast<uint16_t>(ports >> 16));
}

}  // namespace pointsman
