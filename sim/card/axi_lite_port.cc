#include "sim/card/axi_lite_port.h"

#include "fmt/format.h"

namespace pointsman {

AxiLitePort::AxiLitePort(const AxiLitePins& pins) : pins_(pins) { Reset(); }

void AxiLitePort::Reset() {
  access_ = Access::kNone;
  address_pending_ = data_pending_ = false;
  *pins_.awvalid = *pins_.wvalid = *pins_.bready = 0;
  *pins_.arvalid = *pins_.rready = 0;
}

void AxiLitePort::StartRead(uint16_t offset_bytes) {
  access_ = Access::kRead;
  offset_bytes_ = offset_bytes;
  address_pending_ = true;
}

void AxiLitePort::StartWrite(uint16_t offset_bytes, uint32_t value) {
  access_ = Access::kWrite;
  offset_bytes_ = offset_bytes;
  value_ = value;
  address_pending_ = data_pending_ = true;
}

void AxiLitePort::Sample() {
  if (access_ == Access::kRead) {
    if (*pins_.arvalid && *pins_.arready) address_pending_ = false;
    if (*pins_.rvalid && *pins_.rready) {
      value_ = *pins_.rdata;
      response_ = *pins_.rresp;
      access_ = Access::kNone;
    }
  } else if (access_ == Access::kWrite) {
    if (*pins_.awvalid && *pins_.awready) address_pending_ = false;
    if (*pins_.wvalid && *pins_.wready) data_pending_ = false;
    if (*pins_.bvalid && *pins_.bready) {
      response_ = *pins_.bresp;
      access_ = Access::kNone;
    }
  }
}

void AxiLitePort::Drive() {
  const bool reading = access_ == Access::kRead;
  const bool writing = access_ == Access::kWrite;
  *pins_.arvalid = reading && address_pending_;
  *pins_.rready = reading;
  *pins_.awvalid = writing && address_pending_;
  *pins_.wvalid = writing && data_pending_;
  *pins_.bready = writing;
  if (reading) {
    *pins_.araddr = offset_bytes_;
  } else if (writing) {
    *pins_.awaddr = offset_bytes_;
    *pins_.wdata = value_;
    *pins_.wstrb = 0xf;
  }
}

std::string AxiLitePort::Describe() const {
  switch (access_) {
    case Access::kNone:
      return "no register access is open";
    case Access::kRead:
      return fmt::format("read of register {:#x} waits for s_axi_control_{}", offset_bytes_,
                         address_pending_ ? "arready" : "rvalid");
    case Access::kWrite:
      break;
  }
  const char* signal = address_pending_ ? "awready" : data_pending_ ? "wready" : "bvalid";
  return fmt::format("write of {:#x} to register {:#x} waits for s_axi_control_{}", value_,
                     offset_bytes_, signal);
}

}  // namespace pointsman
