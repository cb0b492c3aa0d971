#include "host/datapath/pipeline_executor.h"

#include <algorithm>
#include <utility>

#include "flow_tables/tunnel.h"
#include "host/softpath/huge_pages.h"
#include "host/softpath/pipeline_connections.h"

namespace pointsman {
namespace {

class PipelineExecutor : public Executor {
 public:
  explicit PipelineExecutor(const CardSizes& sizes)
      : sizes_(sizes),
        pipeline_(std::make_shared<const Image>(EmptyImage(sizes)), 0, HugePages()) {}

  const CardSizes& sizes() const override { return sizes_; }

  absl::Status Adopt(const Plan&, std::shared_ptr<const Image> image) override {
    pipeline_.SetImage(std::move(image));
    return absl::OkStatus();
  }

  absl::Status Write(std::span<const RowWrite> writes) override {
    for (const RowWrite& write : writes) {
      pipeline_.affinity().Write(write.index, UnpackRow<AffinityRow>(write.row));
    }
    return absl::OkStatus();
  }

  absl::Status Forget() override {
    pipeline_.connections().Clear();
    pipeline_.connections_ipv6().Clear();
    return absl::OkStatus();
  }

  absl::Status Age(uint32_t tick) override {
    pipeline_.SetTick(tick);
    pipeline_.Sweep();
    return absl::OkStatus();
  }

  std::optional<FlowKey> TranslationOf(const FlowKey& key) override {
    return pointsman::TranslationOf(pipeline_, key);
  }

  absl::StatusOr<std::vector<ExecutedPacket>> Run(std::span<const PendingPacket> pending) override {
    std::vector<ExecutedPacket> executed(pending.size());
    std::vector<std::vector<uint8_t>> buffers(pending.size());
    std::vector<Packet> packets;
    std::vector<Outcome> outcomes(pending.size());
    packets.reserve(pending.size());
    for (size_t i = 0; i < pending.size(); ++i) {
      const std::vector<uint8_t>& frame = pending[i].frame;
      buffers[i].resize(kTunnelBytes + frame.size());
      std::ranges::copy(frame, buffers[i].begin() + kTunnelBytes);
      packets.push_back({std::span(buffers[i]).subspan(kTunnelBytes), pending[i].ingress,
                         pending[i].attempt, pending[i].directed_endpoint, kTunnelBytes});
    }
    pipeline_.Process(packets, outcomes);
    for (size_t i = 0; i < pending.size(); ++i) {
      executed[i] = {outcomes[i], {packets[i].frame.begin(), packets[i].frame.end()}};
    }
    return executed;
  }

 private:
  CardSizes sizes_;
  Pipeline pipeline_;
};

}  // namespace

std::unique_ptr<Executor> MakePipelineExecutor(const CardSizes& sizes) {
  return std::make_unique<PipelineExecutor>(sizes);
}

}  // namespace pointsman
