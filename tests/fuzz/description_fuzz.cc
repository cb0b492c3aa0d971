// Any bytes as a card's description: an error or a card, never a crash.
#include <cstddef>
#include <cstdint>

#include "driver/card_description.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pointsman::ParseCardDescription({data, size}).IgnoreError();
  return 0;
}
