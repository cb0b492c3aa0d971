#include "tests/hw/datapath_driver.h"

#include <fmt/format.h>
#include <verilated.h>

#include <algorithm>
#include <utility>

#include "Vdatapath.h"
#include "tests/support/coverage.h"

namespace pointsman {
namespace {

constexpr size_t kBeatBytes = 64;
constexpr uint64_t kDrainCyclesMax = 1'000'000;

// What only the ports and rings around the datapath say.
bool OfTheCardAround(Reason reason) {
  return reason == Reason::kPuntRingFull || reason == Reason::kReceiveOverflow ||
         reason == Reason::kTransmitOverflow || reason == Reason::kReceiveError;
}

// Sets four words of a port.
template <class Words>
void Put(Words& words, size_t first, const Bits128& value) {
  words.at(first) = static_cast<uint32_t>(value.low);
  words.at(first + 1) = static_cast<uint32_t>(value.low >> 32);
  words.at(first + 2) = static_cast<uint32_t>(value.high);
  words.at(first + 3) = static_cast<uint32_t>(value.high >> 32);
}

std::string Point(const char* what, const char* name) { return fmt::format("{} {}", what, name); }

// Every verdict, reason and event of the datapath.
bool ExpectCoverage() {
  Coverage& coverage = Coverage::Get();
  testing::AddGlobalTestEnvironment(&coverage);
  constexpr std::string_view kUnnamed = "?";
  for (int value = 0; value < 32; ++value) {
    if (const auto verdict = Verdict(value); Name(verdict) != kUnnamed)
      coverage.Expect(Point("verdict", Name(verdict)));
    if (const auto reason = Reason(value); Name(reason) != kUnnamed && !OfTheCardAround(reason))
      coverage.Expect(Point("reason", Name(reason)));
    if (const auto kind = EventKind(value); Name(kind) != kUnnamed)
      coverage.Expect(Point("event", Name(kind)));
  }
  return true;
}
const bool kCoverageIsExpected = ExpectCoverage();

}  // namespace

DatapathDriver::DatapathDriver(uint64_t hash_seed)
    : context_(std::make_unique<VerilatedContext>()),
      model_(std::make_unique<Vdatapath>(context_.get())) {
  model_->rst = 1;
  for (int i = 0; i < 4; ++i) Clock();
  model_->rst = 0;
  SetMode(Mode::kOffload);
  const TabulationHash hash(hash_seed);
  for (uint32_t i = 0; i < hash.rows().size(); ++i) WriteRow(i, hash.rows()[i]);
  Drain();
}

DatapathDriver::~DatapathDriver() {
  const auto hit = [](const char* what, const auto& counts) {
    for (const auto& [value, times] : counts) Coverage::Get().Hit(Point(what, Name(value)), times);
  };
  hit("verdict", verdicts_);
  hit("reason", reasons_);
  hit("event", event_kinds_);
  model_->final();
}

void DatapathDriver::SetMode(Mode mode) { model_->mode = static_cast<uint8_t>(mode); }

void DatapathDriver::SetConfiguration(const Configuration& configuration) {
  model_->slot_hash_seed = configuration.slot_hash_seed;
  model_->masquerade_address = configuration.masquerade_address.value;
  model_->masquerade_port_base = configuration.masquerade_ports.base;
  model_->masquerade_port_mask = configuration.masquerade_ports.mask;
  Put(model_->masquerade_ipv6_address, 0, configuration.masquerade_address_v6);
  model_->host_sctp = configuration.host_protocols.sctp;
  model_->host_tcp = configuration.host_protocols.tcp;
  model_->host_udp = configuration.host_protocols.udp;
  tunnel_ = configuration.tunnel;
  model_->vxlan_address = tunnel_.address.value;
  model_->vxlan_port = tunnel_.port;
  model_->vxlan_vni = tunnel_.vni;
  model_->vxlan_mac = tunnel_.mac.value;
  model_->vxlan_mtu = tunnel_.mtu;
  for (size_t i = 0; i < kServiceRanges; ++i) {
    Put(model_->service_ranges, i * 8, configuration.service_ranges[i].address);
    Put(model_->service_ranges, i * 8 + 4, configuration.service_ranges[i].mask);
  }
  const ConnectionTimeouts& t = configuration.timeouts;
  const std::array<uint32_t, 7> timeouts = {t.tcp_unconfirmed, t.tcp_half_open, t.tcp_established,
                                            t.tcp_closing,     t.tcp_closed,    t.udp_unconfirmed,
                                            t.udp_established};
  std::array<uint64_t, 3> bits{};
  for (size_t i = 0; i < timeouts.size(); ++i) {
    internal::Put(bits, static_cast<int>(i) * 20, 20, timeouts[i]);
  }
  for (int i = 0; i < 5; ++i) {
    model_->timeouts.at(i) = static_cast<uint32_t>(internal::Get(bits, i * 32, 32));
  }
  model_->unconfirmed_quota = configuration.unconfirmed_quota;
}

void DatapathDriver::SetTick(uint32_t tick) {
  sweeps_ = model_->sweeps;
  model_->tick = tick & kTickMask;
}

bool DatapathDriver::AwaitSweep() {
  const uint64_t deadline = cycles_ + kDrainCyclesMax;
  while (model_->sweeps == sweeps_ && cycles_ < deadline) Clock();
  for (uint64_t i = 0; i < kDatapathLatencyCycles; ++i) Clock();  // the last removal's event
  return model_->sweeps != sweeps_;
}

void DatapathDriver::Load(const Image& image) {
  const auto load = [this](const auto& rows) {
    using Row = typename std::decay_t<decltype(rows)>::value_type;
    for (uint32_t i = 0; i < rows.size(); ++i) {
      if (rows[i] != Row{}) WriteRow(i, rows[i]);
    }
  };
  load(image.frontends);
  load(image.sources);
  load(image.slots);
  load(image.endpoints);
  load(image.next_hops);
  SetConfiguration(image.configuration);
  Drain();
}

std::vector<DatapathOutput> DatapathDriver::Drain() {
  const uint64_t deadline = cycles_ + kDrainCyclesMax;
  while ((!inputs_.empty() || packets_inside_ != 0 || !rows_.empty() || reads_inside_ != 0) &&
         cycles_ < deadline) {
    Clock();
  }
  for (int i = 0; i < 2; ++i) Clock();  // until the last row's strobe
  return std::exchange(outputs_, {});
}

DatapathOutput DatapathDriver::Process(DatapathInput input) {
  Send(std::move(input));
  std::vector<DatapathOutput> outputs = Drain();
  return outputs.empty() ? DatapathOutput{} : outputs.back();
}

void DatapathDriver::QueueRow(bool write, TableId table, uint32_t index, const RowBits& row,
                              Flip flip) {
  rows_.push_back({write, table, index, row, flip});
}

void DatapathDriver::Clock() {
  DriveBeat();
  DriveRow();
  model_->clk = 0;
  model_->eval();
  const bool row_taken = model_->row_valid && model_->row_ready;
  model_->clk = 1;
  model_->eval();
  ++cycles_;
  if (row_taken) {
    if (!rows_.front().write) ++reads_inside_;
    rows_.pop_front();
  }
  CollectOutput();
  CollectRows();
}

void DatapathDriver::DriveBeat() {
  model_->in_valid = 0;
  if (inputs_.empty() || model_->rst || (next_byte_ == 0 && model_->want_gap)) return;
  DatapathInput& input = inputs_.front();
  if (next_byte_ == 0 && input.gap_cycles > 0) {
    --input.gap_cycles;
    return;
  }
  const size_t bytes = std::min(kBeatBytes, input.frame.size() - next_byte_);
  std::array<uint8_t, kBeatBytes> beat{};
  std::copy_n(input.frame.data() + next_byte_, bytes, beat.data());
  std::copy_n(beat.data(), kBeatBytes, reinterpret_cast<uint8_t*>(model_->in_data.m_storage));
  model_->in_valid = 1;
  model_->in_first = next_byte_ == 0;
  model_->in_keep = bytes == kBeatBytes ? ~uint64_t{0} : (uint64_t{1} << bytes) - 1;
  model_->in_length = static_cast<uint16_t>(input.frame.size());
  model_->in_ingress = static_cast<uint8_t>(input.ingress);
  model_->in_injected = input.injected;
  model_->in_transmit = input.transmit;
  model_->in_egress = static_cast<uint8_t>(input.egress);
  model_->in_attempt = input.attempt;
  model_->in_directed = input.directed_endpoint.has_value();
  model_->in_endpoint = input.directed_endpoint.value_or(0);
  model_->in_tag = input.tag;
  if (next_byte_ == 0) {
    sent_at_.push_back(cycles_);
    ++packets_inside_;
  }
  next_byte_ += bytes;
  model_->in_last = next_byte_ == input.frame.size();
  if (model_->in_last) {
    inputs_.pop_front();
    next_byte_ = 0;
  }
}

void DatapathDriver::DriveRow() {
  model_->row_valid = !rows_.empty();
  if (rows_.empty()) return;
  const RowCommand& command = rows_.front();
  model_->row_write = command.write;
  model_->row_flip = static_cast<uint8_t>(command.flip);
  model_->row_table = static_cast<uint8_t>(command.table);
  model_->row_index = command.index;
  for (int i = 0; i < kRowBitsMax / 32; ++i) {
    model_->row_data.at(i) = static_cast<uint32_t>(internal::Get(command.row, i * 32, 32));
  }
}

void DatapathDriver::CollectOutput() {
  if (!model_->out_valid) return;
  if (model_->out_first) {
    DatapathOutput output;
    output.length_bytes = model_->out_length;
    output.ingress = static_cast<Port>(model_->out_ingress);
    output.injected = model_->out_injected;
    output.attempt = model_->out_attempt;
    output.tag = model_->out_tag;
    output.verdict = static_cast<Verdict>(model_->out_verdict);
    output.reason = static_cast<Reason>(model_->out_reason);
    output.egress = static_cast<Port>(model_->out_egress);
    output.frontend_counter = model_->out_frontend_counter;
    output.endpoint = model_->out_endpoint;
    output.learned = model_->out_learned;
    output.latency_cycles = cycles_ - sent_at_.front();
    sent_at_.pop_front();
    wrapped_ = model_->out_wrapped != 0;
    if (wrapped_) NoteTunnel();
    ++verdicts_[output.verdict];
    ++reasons_[output.reason];
    outputs_.push_back(std::move(output));
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(model_->out_data.m_storage);
  for (size_t i = 0; i < kBeatBytes; ++i) {
    if ((model_->out_keep >> i) & 1) outputs_.back().frame.push_back(bytes[i]);
  }
  if (model_->out_last) {
    --packets_inside_;
    if (wrapped_) Wrap(outputs_.back().frame);
  }
}

// What tunnel_header and tunnel_wrap are told.
void DatapathDriver::NoteTunnel() {
  end_.address = {model_->out_vxlan_address};
  for (size_t i = 0; i < end_.macs.size(); ++i) {
    const size_t byte = end_.macs.size() - 1 - i;
    end_.macs[i] = static_cast<uint8_t>(model_->out_outer_macs[byte / 4] >> (8 * (byte % 4)));
  }
  inside_ = {.tos = model_->out_tos, .flow_port = model_->out_flow_port};
}

void DatapathDriver::Wrap(std::vector<uint8_t>& frame) {
  inside_.frame_bytes = frame.size();
  frame.insert(frame.begin(), kTunnelBytes, uint8_t{0});
  WriteTunnelHeaders(frame.data(), tunnel_, end_, inside_);
}

void DatapathDriver::CollectRows() {
  if (model_->row_read_valid) {
    RowBits row{};
    for (int i = 0; i < kRowBitsMax / 32; ++i) {
      internal::Put(row, i * 32, 32, model_->row_read_data.at(i));
    }
    reads_.push_back(row);
    --reads_inside_;
  }
  if (model_->event_valid) {
    LineBits bits{};
    for (int i = 0; i < 16; ++i) internal::Put(bits, i * 32, 32, model_->event_line.at(i));
    const auto line = UnpackLine<EventLine>(bits);
    ++event_kinds_[line.kind];
    const bool ipv6 = TableId{line.table} == TableId::kOriginalsIpv6;
    if (ipv6 && line.kind != EventKind::kParity) {
      ipv6_events_.push_back(UnpackLine<EventIpv6Line>(bits));
    } else {
      events_.push_back(line);
    }
  }
}

}  // namespace pointsman
