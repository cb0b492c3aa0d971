#include <fmt/format.h>

#include "hw/generator/emit.h"
#include "hw/generator/names.h"

namespace pointsman::hw {
namespace {

constexpr const char* kTop = R"(// Generated from hw/card.dtsi. Do not edit.
#ifndef POINTSMAN_HW_CARD_FIELDS_H_
#define POINTSMAN_HW_CARD_FIELDS_H_

#include <array>
#include <cstdint>

#include "hw/card_layout.h"

namespace pointsman {

// A field of a table's row, as the card's description names it.
struct CardField {
  TableId table;
  const char* name;
  int offset_bits;
  int bits;
  const char* (*value_name)(uint64_t);  // of an enumeration; nullptr: a number
};

)";

constexpr const char* kBottom = R"(
}  // namespace pointsman

#endif  // POINTSMAN_HW_CARD_FIELDS_H_
)";

std::string ValueName(const Field& field) {
  if (field.type.empty()) return "nullptr";
  return fmt::format("[](uint64_t value) {{ return Name(static_cast<{}>(value)); }}",
                     Camel(field.type));
}

// Of a field that is a group: that group's fields.
void Append(const Description& card, const Layout& table, const Field& field, uint32_t base_bits,
            std::vector<std::string>& fields) {
  if (field.group.empty()) {
    fields.push_back(fmt::format("    {{TableId::k{}, \"{}\", {}, {}, {}}},\n", Camel(table.name),
                                 field.name, base_bits + field.offset_bits, field.bits,
                                 ValueName(field)));
    return;
  }
  for (const Layout& group : card.groups) {
    if (group.name != field.group) continue;
    for (const Field& inner : group.fields) {
      Append(card, table, inner, base_bits + field.offset_bits, fields);
    }
  }
}

}  // namespace

std::string EmitFields(const Description& card) {
  std::vector<std::string> fields;
  for (const Layout& table : card.tables) {
    for (const Field& field : table.fields) Append(card, table, field, 0, fields);
  }
  std::string text =
      kTop +
      fmt::format("inline constexpr std::array<CardField, {}> kCardFields = {{{{\n", fields.size());
  for (const std::string& field : fields) text += field;
  return text + "}};\n" + kBottom;
}

}  // namespace pointsman::hw
