// Any bytes go through the pipeline and, where they are punted, through the software path, until it
// is decided what becomes of them. The first byte chooses port, attempt and whether the bytes meet
// the card's rule first.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "flow_tables/pipeline.h"
#include "host/softpath/pipeline_connections.h"
#include "host/softpath/software_path.h"

namespace pointsman {
namespace {

const Address kService4 = Ipv4Address{0x0a600001};
const Address kService6 = Address::FromWords(0xfd00001000960000, 1);

void Check(bool holds) {
  if (!holds) std::abort();
}

FrontendHalf Half(FrontendAction action, bool v4) {
  FrontendHalf half;
  half.action = action;
  if (action != FrontendAction::kForward) return half;
  const NextHop hop{Port::kNode, {0x02000000aa01}, {0x02000000aa02}};
  const Address first =
      v4 ? Address(Ipv4Address{0x0af40005}) : Address::FromWords(0xfd00001000000000, 5);
  half.masquerade = true;
  half.endpoints = {{first, 8080, hop}, {first, 8081, hop}};
  return half;
}

// The ports of two Services below 96 are frontends of all kinds, for every protocol.
Forwarding MakeForwarding() {
  Forwarding forwarding;
  for (uint16_t port = 0; port < 96; ++port) {
    const bool v4 = port % 2 == 0;
    Frontend frontend;
    frontend.name = "fuzz";
    frontend.address = v4 ? kService4 : kService6;
    frontend.port = port;
    frontend.outside = Half(static_cast<FrontendAction>(port / 2 % 3), v4);
    frontend.inside = Half(FrontendAction::kForward, v4);
    frontend.affinity_seconds = port % 5 == 0 ? 60 : 0;
    if (port % 7 == 0) frontend.source_ranges = {Ipv4Prefix({0x0af40000}, 16)};
    frontend.scheduler = static_cast<Scheduler>(port / 2 % 5);
    for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp, Protocol::kSctp}) {
      frontend.protocol = protocol;
      forwarding.frontends.push_back(frontend);
    }
  }
  forwarding.sources = {{Ipv4Prefix({0x0af40000}, 16), ClientClass::kLocalPod, {}}};
  forwarding.masquerade_address = {0xc0a80002};
  forwarding.masquerade_address_v6 = Address::FromWords(0x20010db800000000, 1);
  forwarding.cluster_ips = {kService4, kService6};
  forwarding.service_ranges = {Ipv4Prefix({0x0a600000}, 16),
                               {Address::FromWords(0xfd00001000960000, 0), 112}};
  return forwarding;
}

struct World {
  World() {
    CardSizes sizes = kSimSizes;
    sizes.originals = sizes.originals_ipv6 = 64;
    const Forwarding forwarding = MakeForwarding();
    auto built = BuildImage(forwarding, EmptyImage(sizes));
    Check(built.ok());
    image = std::make_shared<const Image>(*std::move(built));
    software.SetForwarding(forwarding, *image);
    pipeline = std::make_unique<Pipeline>(image);
  }

  // Time goes by, so that what waits does not wait for ever.
  absl::Time Now() { return now += absl::Milliseconds(100); }

  // Teaches the pipeline a connection, where the host does not choose its endpoint.
  void Scout(std::vector<uint8_t> frame, Port ingress) const {
    Packet packet{.frame = frame, .ingress = ingress};
    Outcome outcome;
    pipeline->Process({&packet, 1}, {&outcome, 1});
  }

  absl::Time now = absl::UnixEpoch();
  std::shared_ptr<const Image> image;
  std::unique_ptr<Pipeline> pipeline;
  SoftwarePath software{64};
};

void Fuzz(const uint8_t* data, size_t size) {
  static World world;
  if (size == 0) return;
  const Port ingress = (data[0] & 1) == 0 ? Port::kUplink : Port::kNode;
  // On the heap with nothing behind it, so that AddressSanitizer sees a byte too many.
  const std::unique_ptr<uint8_t[]> frame(new uint8_t[size - 1]);
  std::copy_n(data + 1, size - 1, frame.get());
  Packet packet{.frame = {frame.get(), size - 1},
                .ingress = ingress,
                .attempt = static_cast<uint8_t>(data[0] >> 4)};
  Outcome outcome{.verdict = Verdict::kPunt, .reason = static_cast<Reason>(data[0] >> 2 & 15)};
  if (outcome.reason == Reason::kNone) outcome.reason = Reason::kHostConnections;
  if ((data[0] & 2) == 0) world.pipeline->Process({&packet, 1}, {&outcome, 1});
  uint8_t rounds = 0;
  for (int round = 0; outcome.verdict == Verdict::kPunt; ++round) {
    Check(round <= 2 * static_cast<int>(kSourcePortAttempts));
    Check(std::equal(data + 1, data + size, frame.get()));
    const PuntService service = world.software.Serve(
        {packet.frame, ingress, outcome.reason, packet.attempt, rounds}, world.Now(),
        [](const FlowKey& key) { return TranslationOf(*world.pipeline, key); });
    for (const RowWrite& write : world.software.TakeWrites()) {
      world.pipeline->affinity().Write(write.index, UnpackRow<AffinityRow>(write.row));
    }
    if (service.fate != Fate::kRetry) break;
    rounds = service.rounds;
    if (!service.scout.empty()) world.Scout(service.scout, ingress);
    packet.attempt = service.attempt;
    packet.directed_endpoint = service.directed_endpoint;
    world.pipeline->Process({&packet, 1}, {&outcome, 1});
  }
}

}  // namespace
}  // namespace pointsman

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pointsman::Fuzz(data, size);
  return 0;
}
