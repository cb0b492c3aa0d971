// What the build makes from a description. Each function returns the whole text of one file.
#ifndef POINTSMAN_HW_GENERATOR_EMIT_H_
#define POINTSMAN_HW_GENERATOR_EMIT_H_

#include <string>
#include <vector>

#include "hw/generator/description.h"

namespace pointsman::hw {

// card_pkg.sv: register offsets, enumerations, packed structs, sizes of this profile, hash
// functions.
std::string EmitSystemVerilog(const Description& card);
// card_rom.hex for $readmemh: the blob as little-endian 32-bit words.
std::string EmitRom(const std::vector<char>& blob);
// card_layout.h: the same for C++; layouts from the first profile, sizes from each.
std::string EmitCpp(const std::vector<Description>& profiles);
// card_fields.h: the fields of the tables' rows by name.
std::string EmitFields(const Description& card);
// card-reference.md: the same for people.
std::string EmitMarkdown(const std::vector<Description>& profiles);

}  // namespace pointsman::hw

#endif  // POINTSMAN_HW_GENERATOR_EMIT_H_
