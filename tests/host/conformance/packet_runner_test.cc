#include "host/conformance/packet_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "host/datapath/pipeline_executor.h"

namespace pointsman::conformance {
namespace {

using ::testing::HasSubstr;

constexpr char kWorld[] = R"(format: service-proxy-conformance/packet/v1
scenarios:
  - name: shop
    node:
      nodeName: n1
      nodeIPs: [192.168.0.2]
      localPods: {detectBy: ClusterCIDR, cidrs: [10.244.0.0/16]}
    objects:
      - apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {clusterIP: 10.96.0.10, clusterIPs: ['10.96.0.10'], ports: [{port: 80, targetPort: 8080}]}
      - apiVersion: v1
        kind: Service
        metadata: {name: none, namespace: shop}
        spec: {clusterIP: 10.96.0.11, clusterIPs: ['10.96.0.11'], ports: [{port: 80, targetPort: 8080}]}
      - apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        endpoints:
          - {addresses: [10.244.1.10], nodeName: n1, conditions: {ready: true}}
          - {addresses: [10.244.2.20], nodeName: n2, conditions: {ready: true}}
        ports: [{port: 8080, protocol: TCP}]
    cases:
      - )";

constexpr char kPod[] = "10.244.1.5";
constexpr char kBoth[] = "forward, to: ['10.244.1.10:8080', '10.244.2.20:8080']";

std::string CaseText(const std::string& source, const std::string& destination,
                     const std::string& expect) {
  return "{name: c, source_ip: '" + source + "', dest_ip: '" + destination +
         "', dest_port: 80, expect: " + expect + "}";
}

std::string PodAsks(const std::string& expect) { return CaseText(kPod, "10.96.0.10", expect); }

CaseResult RunCase(const std::string& text, std::unique_ptr<Executor> executor) {
  const absl::StatusOr<CaseFile> file = ParseCaseFile(kWorld + text, "a.yaml");
  EXPECT_TRUE(file.ok()) << file.status();
  if (!file.ok()) return {};
  PacketRunner runner([&executor]() -> absl::StatusOr<std::unique_ptr<Datapath>> {
    return std::make_unique<Datapath>(std::move(executor));
  });
  const auto results = runner.Run(*file);
  EXPECT_TRUE(results.ok()) << results.status();
  if (!results.ok() || results->size() != 1) return {};
  return results->front();
}

// The pipeline, but for what becomes of packets afterwards.
class WrongExecutor : public Executor {
 public:
  using Spoil = void (*)(const PendingPacket&, ExecutedPacket&);
  explicit WrongExecutor(Spoil spoil) : spoil_(spoil) {}
  const CardSizes& sizes() const override { return right_->sizes(); }
  absl::Status Adopt(const Plan& plan, std::shared_ptr<const Image> image) override {
    return right_->Adopt(plan, std::move(image));
  }
  absl::Status Age(uint32_t) override { return absl::OkStatus(); }
  absl::Status Write(std::span<const RowWrite> writes) override { return right_->Write(writes); }
  absl::Status Forget() override { return right_->Forget(); }
  std::optional<FlowKey> TranslationOf(const FlowKey& key) override {
    return right_->TranslationOf(key);
  }
  absl::StatusOr<std::vector<ExecutedPacket>> Run(std::span<const PendingPacket> pending) override {
    auto executed = right_->Run(pending);
    for (size_t i = 0; executed.ok() && i < pending.size(); ++i) spoil_(pending[i], (*executed)[i]);
    return executed;
  }

 private:
  std::unique_ptr<Executor> right_ = MakePipelineExecutor(kSimSizes);
  Spoil spoil_;
};

TEST(RunPacketFileTest, PassesWhatHolds) {
  const std::string cases[] = {
      PodAsks(kBoth),
      CaseText("203.0.113.7", "10.96.0.10", std::string(kBoth) + ", masquerade: true"),
      CaseText(kPod, "10.96.0.11", "reject"), CaseText(kPod, "10.1.2.3", "accept")};
  for (const std::string& text : cases) {
    SCOPED_TRACE(text);
    const CaseResult result = RunCase(text, MakePipelineExecutor(kSimSizes));
    EXPECT_EQ(result.status, CaseStatus::kPassed) << result.detail;
    EXPECT_EQ(result.scenario, "shop");
    EXPECT_EQ(result.line, 26);
  }
}

TEST(RunPacketFileTest, FailsWhatDoesNotHold) {
  struct Case {
    std::string text;
    const char* detail;
  };
  const Case cases[] = {
      {PodAsks("drop"),
       "expected: drop\n    actual:   forward to 10.244.1.10:8080 or forward to 10.244.2.20:8080"},
      {PodAsks("forward, to: ['10.244.1.10:8080']"),
       "TCP 10.244.1.5 -> 10.96.0.10:80\n    expected: forward to 10.244.1.10:8080\n"},
      {PodAsks("forward, to: ['10.244.1.10:8080', '10.244.2.20:8080', '10.244.2.21:8080']"),
       "or forward to 10.244.2.21:8080\n"},
      {PodAsks(std::string(kBoth) + ", masquerade: true"),
       "expected: forward to 10.244.1.10:8080, masqueraded or"},
      {PodAsks(std::string(kBoth) + ", masquerade_for: ['10.244.2.20:8080']"),
       "forward to 10.244.2.20:8080, masqueraded\n"},
      {CaseText("203.0.113.7", "10.96.0.10", kBoth),
       "actual:   forward to 10.244.1.10:8080, masqueraded or"},
      {CaseText(kPod, "10.96.0.11", "accept"), "expected: accept\n    actual:   reject"},
      {CaseText(kPod, "10.1.2.3", "reject"), "expected: reject\n    actual:   accept"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const CaseResult result = RunCase(c.text, MakePipelineExecutor(kSimSizes));
    EXPECT_EQ(result.status, CaseStatus::kFailed);
    EXPECT_THAT(result.detail, HasSubstr(c.detail));
  }
}

TEST(RunPacketFileTest, FailsADatapathThatForwardsWrongly) {
  struct Case {
    const char* actual;
    WrongExecutor::Spoil spoil;
  };
  const Case cases[] = {{"accept",
                         [](const PendingPacket& asked, ExecutedPacket& packet) {
                           packet = {{}, asked.frame};
                         }},
                        {"drop", [](const PendingPacket&, ExecutedPacket& packet) {
                           packet.outcome.verdict = Verdict::kDrop;
                         }}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.actual);
    const CaseResult result = RunCase(PodAsks(kBoth), std::make_unique<WrongExecutor>(c.spoil));
    EXPECT_EQ(result.status, CaseStatus::kFailed);
    EXPECT_THAT(result.detail, HasSubstr(std::string("actual:   ") + c.actual));
  }
}

TEST(PacketRunnerTest, ADifferenceNamesTheRowsMet) {
  const CaseResult result =
      RunCase(PodAsks("drop"), std::make_unique<WrongExecutor>([](auto&, auto&) {}));
  EXPECT_EQ(result.status, CaseStatus::kFailed);
  EXPECT_THAT(result.detail, HasSubstr("row:      frontends["));
  EXPECT_THAT(result.detail, HasSubstr("shop/web ClusterIP, inside half: forward"));
}

}  // namespace
}  // namespace pointsman::conformance
