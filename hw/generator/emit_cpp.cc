#include <fmt/format.h>

#include "hw/generator/emit.h"
#include "hw/generator/names.h"

namespace pointsman::hw {
namespace {

bool Reserved(const Field& field) { return field.name.rfind("reserved", 0) == 0; }

std::string Type(const Field& field) {
  if (!field.group.empty()) return Camel(field.group);
  if (!field.type.empty()) return Camel(field.type);
  if (field.bits == 1) return "bool";
  if (field.bits <= 8) return "uint8_t";
  if (field.bits <= 16) return "uint16_t";
  if (field.bits <= 32) return "uint32_t";
  if (field.bits <= 64) return "uint64_t";
  return field.bits == 128 ? "Bits128" : "RowBits";
}

// Statements that move one layout between its struct and its bits. What has functions of its own
// is called with an offset.
std::string Moves(const Layout& layout, bool pack) {
  std::string text;
  for (const Field& f : layout.fields) {
    if (Reserved(f)) continue;
    const std::string name = Snake(f.name);
    const std::string at = fmt::format("offset_bits + {}", f.offset_bits);
    if (!f.group.empty() || f.bits > 64) {
      text += pack ? fmt::format("    PutBits(bits, {}, row.{});\n", at, name)
                   : fmt::format("    GetBits(bits, {}, row.{});\n", at, name);
    } else if (pack) {
      text += fmt::format("    internal::Put(bits, {}, {}, static_cast<uint64_t>(row.{}));\n", at,
                          f.bits, name);
    } else {
      text += fmt::format("    row.{} = static_cast<{}>(internal::Get(bits, {}, {}));\n", name,
                          Type(f), at, f.bits);
    }
  }
  return text;
}

std::string Struct(const Layout& layout, const std::string& name) {
  std::string text;
  if (!layout.description.empty()) text += fmt::format("// {}\n", layout.description);
  text += fmt::format("struct {} {{\n  static constexpr int kBits = {};\n", name, layout.bits);
  if (layout.id != 0) {
    text += fmt::format("  static constexpr TableId kTable = TableId::k{};\n", Camel(layout.name));
  }
  for (const Field& f : layout.fields) {
    if (Reserved(f)) continue;
    if (!f.description.empty()) text += fmt::format("  // {}\n", f.description);
    text += fmt::format("  {} {}{{}};\n", Type(f), Snake(f.name));
  }
  text += fmt::format("  friend bool operator==(const {0}&, const {0}&) = default;\n}};\n", name);
  for (bool pack : {true, false}) {
    text += fmt::format(
        "template <class Bits>\ninline void {0}Bits({1}Bits& bits, int offset_bits, {2}{3}& row) "
        "{{\n{4}}}\n",
        pack ? "Put" : "Get", pack ? "" : "const ", pack ? "const " : "", name,
        Moves(layout, pack));
  }
  return text + "\n";
}

std::string Enumerations(const Description& card) {
  std::string text;
  for (const Enumeration& e : card.enumerations) {
    text += fmt::format("enum class {} : uint8_t {{\n", Camel(e.name));
    for (const auto& v : e.values) text += fmt::format("  k{} = {},\n", Camel(v.name), v.value);
    text += fmt::format(
        "}};\n// The name in the card's description, or \"?\".\nconstexpr const char* Name({} "
        "value) {{\n  switch (value) {{\n",
        Camel(e.name));
    for (const auto& v : e.values) {
      text += fmt::format("    case {}::k{}:\n      return \"{}\";\n", Camel(e.name), Camel(v.name),
                          v.name);
    }
    text += "  }\n  return \"?\";\n}\n\n";
  }
  text += "enum class TableId : uint8_t {\n";
  for (const Layout& t : card.tables) text += fmt::format("  k{} = {},\n", Camel(t.name), t.id);
  text +=
      "};\n// The name in the card's description, or \"?\".\nconstexpr const char* Name(TableId "
      "table) {\n  switch (table) {\n";
  for (const Layout& t : card.tables)
    text += fmt::format("    case TableId::k{}:\n      return \"{}\";\n", Camel(t.name), t.name);
  return text + "  }\n  return \"?\";\n}\n\n";
}

std::string Constants(const Description& card) {
  std::string text =
      fmt::format("inline constexpr uint32_t kLayoutHash = 0x{:08x};\n", card.layout_hash);
  for (const Named& limit : card.limits) {
    text += fmt::format("inline constexpr uint32_t k{} = {};\n", Camel(limit.name), limit.value);
  }
  for (const Hash& hash : card.hashes) {
    text += fmt::format("inline constexpr uint32_t k{}HashPolynomial = 0x{:08x};\n",
                        Camel(hash.name), hash.polynomial);
  }
  for (const Layout& t : card.tables) {
    if (t.banks == 0) continue;
    text += fmt::format(
        "inline constexpr uint32_t k{0}Banks = {1};\ninline constexpr uint32_t k{0}Ways = {2};\n",
        Camel(t.name), t.banks, t.ways);
  }
  text += "\nenum class RegisterOffset : uint32_t {\n";
  for (const Register& r : card.registers)
    text += fmt::format("  k{} = 0x{:04x},\n", Camel(r.name), r.offset);
  text += "};\n";
  for (const Register& r : card.registers) {
    if (r.value != 0)
      text +=
          fmt::format("inline constexpr uint32_t k{}Value = 0x{:08x};\n", Camel(r.name), r.value);
    if (r.count > 1)
      text += fmt::format("inline constexpr uint32_t k{}Words = {};\n", Camel(r.name), r.count);
  }
  return text + "\n";
}

std::string Sizes(const std::vector<Description>& profiles) {
  std::string text =
      "// Rows each table holds; a card says its own in its description.\nstruct CardSizes {\n";
  for (const Layout& t : profiles[0].tables)
    text += fmt::format("  uint32_t {} = 0;\n", Snake(t.name));
  text += "  friend bool operator==(const CardSizes&, const CardSizes&) = default;\n};\n";
  text +=
      "// Calls visit(name in the description, rows) for each table, in order.\n"
      "template <class Sizes, class Visit>\nvoid ForEachSize(Sizes& sizes, Visit visit) {\n";
  for (const Layout& t : profiles[0].tables) {
    text += fmt::format("  visit(\"{}\", sizes.{});\n", t.name, Snake(t.name));
  }
  text += "}\n";
  for (const Description& p : profiles) {
    text += fmt::format("inline constexpr CardSizes k{}Sizes = {{", Camel(p.profile));
    for (const Layout& t : p.tables) text += fmt::format(".{} = {}, ", Snake(t.name), t.rows);
    text += "};\n";
  }
  return text;
}

constexpr const char* kTop = R"(// Generated from hw/card.dtsi. Do not edit.
#ifndef POINTSMAN_HW_CARD_LAYOUT_H_
#define POINTSMAN_HW_CARD_LAYOUT_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace pointsman {

// A table row as it travels in a command: bit 0 is the least significant bit of word 0.
using RowBits = std::array<uint64_t, 7>;
// A 64-byte line of a ring.
using LineBits = std::array<uint64_t, 8>;
// A field of 128 bits.
struct Bits128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Bits128&, const Bits128&) = default;
};

namespace internal {
template <class Bits>
inline void Put(Bits& bits, int offset, int width, uint64_t value) {
  const auto word = static_cast<size_t>(offset / 64);
  const int shift = offset % 64;
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  value &= mask;
  bits[word] = (bits[word] & ~(mask << shift)) | (value << shift);
  if (shift + width > 64) {
    bits[word + 1] = (bits[word + 1] & ~(mask >> (64 - shift))) | (value >> (64 - shift));
  }
}
template <class Bits>
inline uint64_t Get(const Bits& bits, int offset, int width) {
  const auto word = static_cast<size_t>(offset / 64);
  const int shift = offset % 64;
  uint64_t value = bits[word] >> shift;
  if (shift + width > 64) value |= bits[word + 1] << (64 - shift);
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}
}  // namespace internal

template <class Bits>
inline void PutBits(Bits& bits, int offset_bits, const Bits128& value) {
  internal::Put(bits, offset_bits, 64, value.low);
  internal::Put(bits, offset_bits + 64, 64, value.high);
}
template <class Bits>
inline void GetBits(const Bits& bits, int offset_bits, Bits128& value) {
  value.low = internal::Get(bits, offset_bits, 64);
  value.high = internal::Get(bits, offset_bits + 64, 64);
}

// Rows inside lines: 416 bits.
inline constexpr int kRowBitsMax = 416;
inline void PutBits(LineBits& bits, int offset_bits, const RowBits& row) {
  for (int at = 0; at < kRowBitsMax; at += 32) {
    internal::Put(bits, offset_bits + at, 32, internal::Get(row, at, 32));
  }
}
inline void GetBits(const LineBits& bits, int offset_bits, RowBits& row) {
  row = {};
  for (int at = 0; at < kRowBitsMax; at += 32) {
    internal::Put(row, at, 32, internal::Get(bits, offset_bits + at, 32));
  }
}

)";

constexpr const char* kBottom = R"(
// Bits of a row, and back. Row is one of the ...Row structs above.
template <class Row>
RowBits PackRow(const Row& row) {
  RowBits bits{};
  PutBits(bits, 0, row);
  return bits;
}
template <class Row>
Row UnpackRow(const RowBits& bits) {
  Row row;
  GetBits(bits, 0, row);
  return row;
}
// Bits of a line, and back. Line is one of the ...Line structs above.
template <class Line>
LineBits PackLine(const Line& line) {
  LineBits bits{};
  PutBits(bits, 0, line);
  return bits;
}
template <class Line>
Line UnpackLine(const LineBits& bits) {
  Line line;
  GetBits(bits, 0, line);
  return line;
}

}  // namespace pointsman

#endif  // POINTSMAN_HW_CARD_LAYOUT_H_
)";

}  // namespace

std::string EmitCpp(const std::vector<Description>& profiles) {
  const Description& card = profiles[0];
  std::string text = kTop + Enumerations(card) + Constants(card);
  for (const Layout& g : card.groups) text += Struct(g, Camel(g.name));
  for (const Layout& t : card.tables) text += Struct(t, Camel(t.row) + "Row");
  for (const Layout& l : card.lines) text += Struct(l, Camel(l.name) + "Line");
  return text + Sizes(profiles) + kBottom;
}

}  // namespace pointsman::hw
