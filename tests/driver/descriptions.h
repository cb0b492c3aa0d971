// Device tree blobs for tests: the compiled one of profile sim, and small changes to it.
#ifndef POINTSMAN_TESTS_DRIVER_DESCRIPTIONS_H_
#define POINTSMAN_TESTS_DRIVER_DESCRIPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace pointsman {

// The descriptions of profiles sim and alveo-u55c, as the build compiles them. Empty if the file
// cannot be read.
std::vector<uint8_t> SimulationBlob();
std::vector<uint8_t> AlveoU55cBlob();

// The blob with one property set. REQUIRES: the node is there.
std::vector<uint8_t> WithNumber(std::vector<uint8_t> blob, const char* node, const char* property,
                                uint32_t value);
std::vector<uint8_t> WithText(std::vector<uint8_t> blob, const char* node, const char* property,
                              const std::string& value);
// The blob without that property, or without the node where `property` is null.
std::vector<uint8_t> Without(std::vector<uint8_t> blob, const char* node, const char* property);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_DRIVER_DESCRIPTIONS_H_
