// The xcl* functions (public <xrt.h>) that XRT links against and this card does not offer.
#include <xrt/experimental/xrt-next.h>
#include <xrt/xrt.h>

#include <cerrno>

int xclCopyBO(xclDeviceHandle, xclBufferHandle, xclBufferHandle, size_t, size_t, size_t) {
  return -ENOSYS;
}
int xclExecBuf(xclDeviceHandle, xclBufferHandle) { return -ENOSYS; }
int xclExecWait(xclDeviceHandle, int) { return -ENOSYS; }
xclBufferExportHandle xclExportBO(xclDeviceHandle, xclBufferHandle) { return XRT_NULL_BO_EXPORT; }
xclBufferHandle xclImportBO(xclDeviceHandle, xclBufferExportHandle, unsigned) {
  return XRT_NULL_BO;
}
int xclCloseExportHandle(xclBufferExportHandle) { return 0; }
int xclReClock2(xclDeviceHandle, unsigned short, const unsigned short*) { return -ENOSYS; }
int xclP2pEnable(xclDeviceHandle, bool, bool) { return -ENOSYS; }
int xclCmaEnable(xclDeviceHandle, bool, uint64_t) { return -ENOSYS; }
int xclUpdateSchedulerStat(xclDeviceHandle) { return -ENOSYS; }
int xclInternalResetDevice(xclDeviceHandle, xclResetKind) { return -ENOSYS; }
size_t xclRead(xclDeviceHandle, xclAddressSpace, uint64_t, void*, size_t) { return -1; }
size_t xclWrite(xclDeviceHandle, xclAddressSpace, uint64_t, const void*, size_t) { return -1; }
