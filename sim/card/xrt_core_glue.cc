#include "sim/card/xrt_core_glue.h"

namespace xclhwemhal2 {

HwEmShim* HwEmShim::handleCheck(void* handle) { return static_cast<HwEmShim*>(handle); }

// Asked for "no DMA" and "memory to memory": this card has neither property.
int HwEmShim::deviceQuery(xrt_core::query::key_type) { return 0; }

}  // namespace xclhwemhal2
