// The few names of XRT 2.13's internal C++ classes that a device library must use or offer.
//
// Debian ships no headers for them. libxrt_coreutil exports the first; the compiled device classes
// (taken from libxrt_hwemu.a when linking) ask for the second.
#ifndef POINTSMAN_SIM_CARD_XRT_CORE_GLUE_H_
#define POINTSMAN_SIM_CARD_XRT_CORE_GLUE_H_

#include <memory>

struct axlf;

namespace xrt_core {

struct device {
  // Hands XRT the metadata of the xclbin that has been loaded.
  void register_axlf(const axlf* container);
};

std::shared_ptr<device> get_userpf_device(void* handle, unsigned device_index);

namespace query {
enum class key_type;
}

}  // namespace xrt_core

namespace xclhwemhal2 {

struct HwEmShim {
  static HwEmShim* handleCheck(void* handle);
  int deviceQuery(xrt_core::query::key_type key);
};

}  // namespace xclhwemhal2

#endif  // POINTSMAN_SIM_CARD_XRT_CORE_GLUE_H_
