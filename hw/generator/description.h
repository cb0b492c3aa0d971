// The card's description (hw/card.dtsi, compiled to a blob) as plain structs, for the generator.
#ifndef POINTSMAN_HW_GENERATOR_DESCRIPTION_H_
#define POINTSMAN_HW_GENERATOR_DESCRIPTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pointsman::hw {

struct Field {
  std::string name;   // hyphenated, as in the device tree
  std::string group;  // name of a group, if the field is one
  std::string type;   // name of an enumeration, if the field is one
  std::string description;
  uint32_t bits = 0;
  uint32_t offset_bits = 0;  // from the layout's least significant bit
  bool key = false;
};

// A table's row, a group of fields or a 64-byte line. `extra` values are zero where they do not
// apply.
struct Layout {
  std::string name;
  std::string row;  // a table's row in the singular
  std::string description;
  std::vector<Field> fields;
  uint32_t bits = 0;
  uint32_t id = 0;
  uint32_t banks = 0;
  uint32_t ways = 0;
  uint32_t rows = 0;  // of this profile
};

struct Register {
  std::string name;
  std::string access;
  std::string description;
  uint32_t offset = 0;
  uint32_t count = 1;
  uint32_t value = 0;
};

struct Enumeration {
  struct Value {
    std::string name;
    uint32_t value;
  };
  std::string name;
  std::vector<Value> values;
};

struct Named {
  std::string name;
  uint32_t value;
};

struct Hash {
  std::string name;
  uint32_t polynomial;
  uint32_t key_bytes;  // of the rows of a table; 0: a tuple of either family, after a seed
  bool reversed;       // over the key's bytes from the last to the first
};

struct Description {
  std::string profile;
  std::vector<Register> registers;
  std::vector<Enumeration> enumerations;
  std::vector<Layout> groups;
  std::vector<Layout> tables;
  std::vector<Layout> lines;
  std::vector<Hash> hashes;
  std::vector<Named> limits;
  uint32_t blob_bytes = 0;
  uint32_t layout_hash = 0;  // over everything but profile, sizes and descriptions
};

// Reads a device tree blob. Errors: InvalidArgument naming the node and property that is missing or
// out of place.
absl::StatusOr<Description> ReadDescription(const std::vector<char>& blob);

}  // namespace pointsman::hw

#endif  // POINTSMAN_HW_GENERATOR_DESCRIPTION_H_
