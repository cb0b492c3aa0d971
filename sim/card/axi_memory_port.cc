#include "sim/card/axi_memory_port.h"

#include <atomic>
#include <cstring>

#include "fmt/format.h"

namespace pointsman {
namespace {

constexpr uint8_t kIncr = 1;
constexpr uint8_t kSize64Bytes = 6;  // log2

// Beats become visible to the program in the order the card wrote them, also in lent pages.
void StoreBeat(uint8_t* to, const uint32_t* data, uint64_t strobe) {
  const auto* from = reinterpret_cast<const uint8_t*>(data);
  if (strobe == ~uint64_t{0}) {
    std::memcpy(to, from, kBeatBytes);
  } else {
    for (size_t i = 0; i < kBeatBytes; ++i) {
      if ((strobe >> i & 1) != 0) to[i] = from[i];
    }
  }
  std::atomic_thread_fence(std::memory_order_release);
}

}  // namespace

AxiMemoryPort::AxiMemoryPort(const AxiMemoryPins& pins, CardMemory& memory, Fault& fault,
                             uint32_t latency_cycles)
    : pins_(pins), memory_(memory), fault_(fault), latency_cycles_(latency_cycles) {
  Reset();
}

void AxiMemoryPort::Reset() {
  reads_.clear();
  writes_.clear();
  answers_.clear();
  read_offer_ = {};
  write_offer_ = {};
  active_ = read_beat_driven_ = false;
  *pins_.awready = *pins_.wready = *pins_.bvalid = *pins_.bresp = 0;
  *pins_.arready = *pins_.rvalid = *pins_.rlast = *pins_.rresp = 0;
}

void AxiMemoryPort::Sample(uint64_t cycle) {
  active_ = *pins_.arvalid || *pins_.awvalid || *pins_.wvalid || *pins_.rvalid || *pins_.bvalid;
  if (!active_) return;
  SampleReadBeat();
  if (*pins_.bvalid && *pins_.bready) answers_.pop_front();
  SampleWriteBeat(cycle);
  Accept("AR", {*pins_.araddr, *pins_.arlen, *pins_.arsize, *pins_.arburst}, *pins_.arvalid,
         *pins_.arready, read_offer_, reads_, cycle);
  Accept("AW", {*pins_.awaddr, *pins_.awlen, *pins_.awsize, *pins_.awburst}, *pins_.awvalid,
         *pins_.awready, write_offer_, writes_, cycle);
}

void AxiMemoryPort::Drive(uint64_t cycle) {
  *pins_.arready = reads_.size() < kMaxOpenBursts;
  *pins_.awready = writes_.size() < kMaxOpenBursts;
  *pins_.wready = !writes_.empty();
  *pins_.bvalid = !answers_.empty() && answers_.front() <= cycle;
  DriveReadBeat(cycle);
}

void AxiMemoryPort::Accept(const char* channel, const Request& request, bool valid, bool ready,
                           Offer& offer, std::deque<Burst>& bursts, uint64_t cycle) {
  if (offer.waiting && (!valid || request != offer.request)) {
    fault_.Raise(absl::InternalError(fmt::format(
        "m_axi_host {}: the request for address {:#x} changed or went away before it was accepted",
        channel, offer.request.address)));
  }
  offer = {request, valid && !ready};
  if (!valid || !ready) return;
  if (!CheckRequest(channel, request)) return;
  bursts.push_back({request.address, request.length + 1u, cycle + latency_cycles_});
}

bool AxiMemoryPort::CheckRequest(const char* channel, const Request& request) {
  const uint64_t offset = request.address % CardMemory::kPageBytes;
  const uint64_t bytes = (request.length + 1u) * kBeatBytes;
  const char* what = nullptr;
  if (request.burst != kIncr) {
    what = "burst type is not INCR";
  } else if (request.size != kSize64Bytes) {
    what = "beat size is not 64 bytes";
  } else if (offset % kBeatBytes != 0) {
    what = "address is not a multiple of 64";
  } else if (offset + bytes > CardMemory::kPageBytes) {
    what = "burst crosses a 4 KiB border";
  }
  if (what == nullptr && memory_.Page(request.address - offset) == nullptr) {
    what = "address is in no memory bank";
  }
  if (what == nullptr) return true;
  fault_.Raise(absl::InternalError(
      fmt::format("m_axi_host {}: {} (address {:#x}, {} beats, size {}, burst {})", channel, what,
                  request.address, request.length + 1, request.size, request.burst)));
  return false;
}

// Looked up for every beat: the page may have been lent or reclaimed since the request.
uint8_t* AxiMemoryPort::BeatData(const Burst& burst) {
  const uint64_t address = burst.address + burst.next_beat * kBeatBytes;
  const uint64_t offset = address % CardMemory::kPageBytes;
  return memory_.Page(address - offset) + offset;
}

void AxiMemoryPort::SampleWriteBeat(uint64_t cycle) {
  if (!*pins_.wvalid || !*pins_.wready) return;
  Burst& burst = writes_.front();
  const bool last = burst.next_beat + 1 == burst.beats;
  if (last != (*pins_.wlast != 0)) {
    fault_.Raise(absl::InternalError(fmt::format("m_axi_host W: wlast is {} in beat {} of {}",
                                                 *pins_.wlast != 0 ? 1 : 0, burst.next_beat + 1,
                                                 burst.beats)));
  }
  StoreBeat(BeatData(burst), pins_.wdata, *pins_.wstrb);
  ++burst.next_beat;
  if (!last) return;
  writes_.pop_front();
  answers_.push_back(cycle + latency_cycles_);
}

void AxiMemoryPort::SampleReadBeat() {
  if (!*pins_.rvalid || !*pins_.rready) return;
  read_beat_driven_ = false;
  if (++reads_.front().next_beat == reads_.front().beats) reads_.pop_front();
}

void AxiMemoryPort::DriveReadBeat(uint64_t cycle) {
  const bool valid = !reads_.empty() && reads_.front().ready_cycle <= cycle;
  *pins_.rvalid = valid;
  if (!valid || read_beat_driven_) return;
  read_beat_driven_ = true;
  const Burst& burst = reads_.front();
  std::atomic_thread_fence(std::memory_order_acquire);
  std::memcpy(pins_.rdata, BeatData(burst), kBeatBytes);
  *pins_.rlast = burst.next_beat + 1 == burst.beats;
}

std::string AxiMemoryPort::Describe() const {
  return fmt::format("m_axi_host has {} reads, {} writes and {} write responses open",
                     reads_.size(), writes_.size(), answers_.size());
}

}  // namespace pointsman
