// The xcl* functions (public <xrt.h>) of the device: open, load, contexts, registers.
#include <xrt/experimental/xrt-next.h>
#include <xrt/xclbin.h>
#include <xrt/xrt.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "sim/card/xrt_core_glue.h"
#include "sim/card/xrt_shim.h"

namespace pointsman {
namespace {

// XRT opens the card once for each xrt::device it makes; all of them see the same card.
struct OpenCard {
  std::mutex mutex;
  int users = 0;
  std::unique_ptr<XrtShim> shim;
  std::shared_ptr<xrt_core::device> core;
};

OpenCard& TheCard() {
  static OpenCard card;
  return card;
}

XrtShim& Shim(xclDeviceHandle handle) { return *static_cast<XrtShim*>(handle); }

}  // namespace
}  // namespace pointsman

using pointsman::ReportForXrt;
using pointsman::Shim;
using pointsman::TheCard;
using pointsman::XrtShim;

unsigned xclProbe() { return 1; }

unsigned xclVersion() { return 2; }

xclDeviceHandle xclOpen(unsigned device_index, const char*, xclVerbosityLevel) {
  if (device_index != 0) return nullptr;
  auto& card = TheCard();
  const std::lock_guard lock(card.mutex);
  if (card.shim == nullptr) {
    absl::StatusOr<std::unique_ptr<XrtShim>> shim = XrtShim::Open();
    if (ReportForXrt("open", shim.status()) != 0) return nullptr;
    card.shim = *std::move(shim);
    card.core = xrt_core::get_userpf_device(card.shim.get(), device_index);
  }
  ++card.users;
  return card.shim.get();
}

void xclClose(xclDeviceHandle) {
  std::shared_ptr<xrt_core::device> core;
  std::unique_ptr<XrtShim> shim;
  auto& card = TheCard();
  const std::lock_guard lock(card.mutex);
  if (--card.users > 0) return;
  core = std::move(card.core);
  shim = std::move(card.shim);
}

int xclGetDeviceInfo2(xclDeviceHandle, xclDeviceInfo2* info) {
  std::memset(info, 0, sizeof(*info));
  std::strncpy(info->mName, "pointsman_simulated_card", sizeof(info->mName) - 1);
  info->mDataAlignment = pointsman::CardMemory::kPageBytes;
  info->mDDRBankCount = 1;
  return 0;
}

int xclLoadXclBin(xclDeviceHandle handle, const axlf* container) {
  const absl::Span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(container),
                                        container->m_header.m_length);
  const int result = ReportForXrt("load_xclbin", Shim(handle).LoadXclbin(bytes));
  if (result == 0) TheCard().core->register_axlf(container);
  return result;
}

int xclOpenContext(xclDeviceHandle handle, const xuid_t, unsigned ip_index, bool shared) {
  return ReportForXrt("open context", Shim(handle).OpenContext(ip_index, shared));
}

int xclCloseContext(xclDeviceHandle handle, const xuid_t, unsigned ip_index) {
  Shim(handle).CloseContext(ip_index);
  return 0;
}

int xclRegRead(xclDeviceHandle handle, uint32_t ip_index, uint32_t offset, uint32_t* value) {
  const absl::StatusOr<uint32_t> result = Shim(handle).ReadRegister(ip_index, offset);
  if (result.ok()) *value = *result;
  return ReportForXrt("register read", result.status());
}

int xclRegWrite(xclDeviceHandle handle, uint32_t ip_index, uint32_t offset, uint32_t value) {
  return ReportForXrt("register write", Shim(handle).WriteRegister(ip_index, offset, value));
}
