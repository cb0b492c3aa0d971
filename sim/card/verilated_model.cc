#include "sim/card/verilated_model.h"

#include <cstdio>

#include "Vpointsman_card.h"
#include "fmt/format.h"
#include "sim/card/pipeline_probe.h"
#include "sim/card/verilated_hooks.h"
#include "verilated.h"
#include "verilated_fst_c.h"

namespace pointsman {
namespace {

class VerilatedModel : public CardModel {
 public:
  VerilatedModel() : top_(&context_, "card") {
    // The hooks see every stop; the runtime's own count of errors must not swallow one.
    context_.errorLimit(1);
  }
  ~VerilatedModel() override {
    waveform_.close();
    top_.final();
  }

  const CardPins& pins() override { return pins_; }

  void Evaluate(Fault& fault) override {
    const ScopedModelFault scope(fault);
    const ScopedObservation observation(observer_, context_.time() / kCycle);
    top_.eval();
    if (recording_) waveform_.dump(context_.time());
    context_.timeInc(kHalfCycle);
  }

  absl::Status StartWaveform(const std::string& path) override {
    // The FST writer does not say why it cannot write.
    std::FILE* probe = std::fopen(path.c_str(), "w");
    if (probe == nullptr) {
      return absl::InvalidArgumentError(fmt::format("{}: waveform cannot be written there", path));
    }
    std::fclose(probe);
    context_.traceEverOn(true);
    constexpr int kAllLevels = 99;
    top_.trace(&waveform_, kAllLevels);
    waveform_.open(path.c_str());
    recording_ = true;
    return absl::OkStatus();
  }

  void Observe(DatapathObserver& observer) override { observer_ = &observer; }

 private:
  static constexpr uint64_t kHalfCycle = 5;
  static constexpr uint64_t kCycle = 2 * kHalfCycle;

  VerilatedContext context_;
  Vpointsman_card top_;
  VerilatedFstC waveform_;
  bool recording_ = false;
  DatapathObserver* observer_ = nullptr;
  CardPins pins_ = {.ap_clk = &top_.ap_clk,
                    .ap_rst_n = &top_.ap_rst_n,
                    .control = {.awaddr = &top_.s_axi_control_awaddr,
                                .awvalid = &top_.s_axi_control_awvalid,
                                .awready = &top_.s_axi_control_awready,
                                .wdata = &top_.s_axi_control_wdata,
                                .wstrb = &top_.s_axi_control_wstrb,
                                .wvalid = &top_.s_axi_control_wvalid,
                                .wready = &top_.s_axi_control_wready,
                                .bresp = &top_.s_axi_control_bresp,
                                .bvalid = &top_.s_axi_control_bvalid,
                                .bready = &top_.s_axi_control_bready,
                                .araddr = &top_.s_axi_control_araddr,
                                .arvalid = &top_.s_axi_control_arvalid,
                                .arready = &top_.s_axi_control_arready,
                                .rdata = &top_.s_axi_control_rdata,
                                .rresp = &top_.s_axi_control_rresp,
                                .rvalid = &top_.s_axi_control_rvalid,
                                .rready = &top_.s_axi_control_rready},
                    .host = {.awaddr = &top_.m_axi_host_awaddr,
                             .awlen = &top_.m_axi_host_awlen,
                             .awsize = &top_.m_axi_host_awsize,
                             .awburst = &top_.m_axi_host_awburst,
                             .awvalid = &top_.m_axi_host_awvalid,
                             .awready = &top_.m_axi_host_awready,
                             .wdata = top_.m_axi_host_wdata.data(),
                             .wstrb = &top_.m_axi_host_wstrb,
                             .wlast = &top_.m_axi_host_wlast,
                             .wvalid = &top_.m_axi_host_wvalid,
                             .wready = &top_.m_axi_host_wready,
                             .bresp = &top_.m_axi_host_bresp,
                             .bvalid = &top_.m_axi_host_bvalid,
                             .bready = &top_.m_axi_host_bready,
                             .araddr = &top_.m_axi_host_araddr,
                             .arlen = &top_.m_axi_host_arlen,
                             .arsize = &top_.m_axi_host_arsize,
                             .arburst = &top_.m_axi_host_arburst,
                             .arvalid = &top_.m_axi_host_arvalid,
                             .arready = &top_.m_axi_host_arready,
                             .rdata = top_.m_axi_host_rdata.data(),
                             .rresp = &top_.m_axi_host_rresp,
                             .rlast = &top_.m_axi_host_rlast,
                             .rvalid = &top_.m_axi_host_rvalid,
                             .rready = &top_.m_axi_host_rready},
                    .uplink_rx = {.tdata = top_.s_axis_uplink_rx_tdata.data(),
                                  .tkeep = &top_.s_axis_uplink_rx_tkeep,
                                  .tlast = &top_.s_axis_uplink_rx_tlast,
                                  .tuser = &top_.s_axis_uplink_rx_tuser,
                                  .tvalid = &top_.s_axis_uplink_rx_tvalid},
                    .uplink_tx = {.tdata = top_.m_axis_uplink_tx_tdata.data(),
                                  .tkeep = &top_.m_axis_uplink_tx_tkeep,
                                  .tlast = &top_.m_axis_uplink_tx_tlast,
                                  .tvalid = &top_.m_axis_uplink_tx_tvalid,
                                  .tready = &top_.m_axis_uplink_tx_tready},
                    .node_rx = {.tdata = top_.s_axis_node_rx_tdata.data(),
                                .tkeep = &top_.s_axis_node_rx_tkeep,
                                .tlast = &top_.s_axis_node_rx_tlast,
                                .tuser = &top_.s_axis_node_rx_tuser,
                                .tvalid = &top_.s_axis_node_rx_tvalid},
                    .node_tx = {.tdata = top_.m_axis_node_tx_tdata.data(),
                                .tkeep = &top_.m_axis_node_tx_tkeep,
                                .tlast = &top_.m_axis_node_tx_tlast,
                                .tvalid = &top_.m_axis_node_tx_tvalid,
                                .tready = &top_.m_axis_node_tx_tready}};
};

}  // namespace

std::unique_ptr<CardModel> CreateVerilatedModel() { return std::make_unique<VerilatedModel>(); }

}  // namespace pointsman
