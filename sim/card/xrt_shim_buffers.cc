// The xcl* functions (public <xrt.h>) of buffers and of memory by address.
#include <xrt/xrt.h>

#include "sim/card/xrt_shim.h"

using pointsman::ReportForXrt;
using pointsman::XrtShim;

namespace {

XrtShim& Shim(xclDeviceHandle handle) { return *static_cast<XrtShim*>(handle); }

xclBufferHandle Allocate(xclDeviceHandle handle, void* user, size_t size, unsigned flags) {
  absl::StatusOr<unsigned> buffer =
      Shim(handle).AllocateBuffer(static_cast<uint8_t*>(user), size, flags);
  return ReportForXrt("allocate buffer", buffer.status()) == 0 ? *buffer : XRT_NULL_BO;
}

}  // namespace

xclBufferHandle xclAllocBO(xclDeviceHandle handle, size_t size, int, unsigned flags) {
  return Allocate(handle, nullptr, size, flags);
}

xclBufferHandle xclAllocUserPtrBO(xclDeviceHandle handle, void* user, size_t size, unsigned flags) {
  return Allocate(handle, user, size, flags);
}

void xclFreeBO(xclDeviceHandle handle, xclBufferHandle buffer) { Shim(handle).FreeBuffer(buffer); }

void* xclMapBO(xclDeviceHandle handle, xclBufferHandle buffer, bool) {
  const absl::StatusOr<XrtShim::Buffer> found = Shim(handle).FindBuffer(buffer);
  return ReportForXrt("map buffer", found.status()) == 0 ? found->host : nullptr;
}

int xclUnmapBO(xclDeviceHandle, xclBufferHandle, void*) { return 0; }

int xclSyncBO(xclDeviceHandle handle, xclBufferHandle buffer, xclBOSyncDirection direction,
              size_t size, size_t offset) {
  const bool to_card = direction == XCL_BO_SYNC_BO_TO_DEVICE;
  return ReportForXrt("sync buffer", Shim(handle).SyncBuffer(buffer, to_card, size, offset));
}

int xclGetBOProperties(xclDeviceHandle handle, xclBufferHandle buffer,
                       xclBOProperties* properties) {
  const absl::StatusOr<XrtShim::Buffer> found = Shim(handle).FindBuffer(buffer);
  if (const int result = ReportForXrt("buffer properties", found.status()); result != 0) {
    return result;
  }
  properties->handle = buffer;
  properties->flags = found->flags;
  properties->size = found->size_bytes;
  properties->paddr = found->address;
  return 0;
}

ssize_t xclUnmgdPread(xclDeviceHandle handle, unsigned, void* bytes, size_t size,
                      uint64_t address) {
  return ReportForXrt("read memory",
                      Shim(handle).ReadMemory(address, {static_cast<uint8_t*>(bytes), size}));
}

ssize_t xclUnmgdPwrite(xclDeviceHandle handle, unsigned, const void* bytes, size_t size,
                       uint64_t address) {
  return ReportForXrt("write memory", Shim(handle).WriteMemory(
                                          address, {static_cast<const uint8_t*>(bytes), size}));
}
