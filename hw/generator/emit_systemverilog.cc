#include <fmt/format.h>

#include <array>

#include "hw/generator/emit.h"
#include "hw/generator/names.h"

namespace pointsman::hw {
namespace {

int Log2(uint32_t value) {
  int log2 = 0;
  while ((1u << log2) < value) ++log2;
  return log2;
}

// A field whose name is a keyword of SystemVerilog gets an underscore behind it.
std::string Identifier(const std::string& name) {
  return name == "table" || name == "sequence" ? name + "_" : Snake(name);
}

// The first field is the least significant one, so it comes last in a packed struct.
std::string Struct(const Layout& layout, const std::string& type) {
  std::string text = "  typedef struct packed {\n";
  for (auto field = layout.fields.rbegin(); field != layout.fields.rend(); ++field) {
    if (!field->group.empty()) {
      text += fmt::format("    {}_t {};\n", Snake(field->group), Identifier(field->name));
    } else {
      text += fmt::format("    logic [{}:0] {};\n", field->bits - 1, Identifier(field->name));
    }
  }
  return text + fmt::format("  }} {};\n  localparam int {}_BITS = {};\n\n", type,
                            Upper(type.substr(0, type.size() - 2)), layout.bits);
}

std::string Sizes(const Layout& table) {
  const std::string name = Upper(table.name);
  std::string text = fmt::format("  localparam logic [7:0] TABLE_{} = 8'd{};\n", name, table.id);
  text += fmt::format("  localparam int {}_ROWS = {};\n", name, table.rows);
  text += fmt::format("  localparam int {}_ROWS_LOG2 = {};\n", name, Log2(table.rows));
  if (table.banks == 0) return text;
  text += fmt::format("  localparam int {}_BANKS = {};\n", name, table.banks);
  text += fmt::format("  localparam int {}_WAYS = {};\n", name, table.ways);
  return text + fmt::format("  localparam int {}_BUCKETS_LOG2 = {};\n", name,
                            Log2(table.rows / (table.banks * table.ways)));
}

uint32_t CrcStep(uint32_t crc, uint32_t polynomial) {
  for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
  return crc;
}

// CRC of a key that has one bit set, from a seed: the CRC is linear, so these are its matrix'
// columns.
uint32_t CrcOfBit(uint32_t seed, int bit, int bytes, bool reversed, uint32_t polynomial) {
  uint32_t crc = seed;
  for (int i = 0; i < bytes; ++i) {
    int byte = reversed ? bytes - 1 - i : i;
    uint32_t value = bit / 8 == byte ? 1u << (bit % 8) : 0;
    crc = CrcStep(crc ^ value, polynomial);
  }
  return crc;
}

std::string Row(int width, const std::string& operand, const std::vector<bool>& columns) {
  std::string digits;
  for (int nibble = (width + 3) / 4 - 1; nibble >= 0; --nibble) {
    int value = 0;
    for (int bit = 3; bit >= 0; --bit) {
      size_t column = static_cast<size_t>(nibble) * 4 + static_cast<size_t>(bit);
      value = value * 2 + (column < columns.size() && columns[column] ? 1 : 0);
    }
    digits += "0123456789abcdef"[value];
  }
  return fmt::format("^({} & {}'h{})", operand, width, digits);
}

// One output bit a line: the parity of the key's bits (and the seed's) that reach it.
std::string Crc(const std::string& name, int bytes, bool reversed, bool seeded,
                uint32_t polynomial) {
  const int bits = bytes * 8;
  std::string text =
      fmt::format("  function automatic logic [31:0] {}({}input logic [{}:0] key);\n", name,
                  seeded ? "input logic [31:0] seed, " : "", bits - 1);
  for (int out = 0; out < 32; ++out) {
    std::vector<bool> key_columns, seed_columns;
    for (int bit = 0; bit < bits; ++bit) {
      key_columns.push_back((CrcOfBit(0, bit, bytes, reversed, polynomial) >> out) & 1);
    }
    text += fmt::format("    {}[{}] = {}", name, out, Row(bits, "key", key_columns));
    if (seeded) {
      for (int bit = 0; bit < 32; ++bit) {
        seed_columns.push_back((CrcOfBit(1u << bit, -8, bytes, false, polynomial) >> out) & 1);
      }
      text += " ^ " + Row(32, "seed", seed_columns);
    }
    text += ";\n";
  }
  return text + "  endfunction\n\n";
}

std::string Constants(const Description& card) {
  std::string text =
      fmt::format("  localparam logic [31:0] LAYOUT_HASH = 32'h{:08x};\n", card.layout_hash);
  text += fmt::format("  localparam int DESCRIPTION_BYTES_VALUE = {};\n", card.blob_bytes);
  for (const Named& limit : card.limits) {
    text += fmt::format("  localparam int {} = {};\n", Upper(limit.name), limit.value);
  }
  text += "\n";
  for (const Register& r : card.registers) {
    text +=
        fmt::format("  localparam logic [15:0] REG_{} = 16'h{:04x};\n", Upper(r.name), r.offset);
    if (r.value != 0)
      text +=
          fmt::format("  localparam logic [31:0] {}_VALUE = 32'h{:08x};\n", Upper(r.name), r.value);
  }
  text += "\n";
  for (const Enumeration& e : card.enumerations) {
    for (const auto& v : e.values) {
      text += fmt::format("  localparam logic [7:0] {}_{} = 8'd{};\n", Upper(e.name), Upper(v.name),
                          v.value);
    }
  }
  return text + "\n";
}

}  // namespace

std::string EmitSystemVerilog(const Description& card) {
  std::string text = fmt::format(
      "// Generated from hw/card.dtsi, profile {}. Do not edit.\n"
      "/* verilator lint_off UNUSEDPARAM */\npackage card_pkg;\n",
      card.profile);
  text += Constants(card);
  for (const Layout& group : card.groups) text += Struct(group, Snake(group.name) + "_t");
  for (const Layout& table : card.tables)
    text += Struct(table, Snake(table.row) + "_row_t") + Sizes(table) + "\n";
  for (const Layout& line : card.lines) text += Struct(line, Snake(line.name) + "_line_t");
  for (const Hash& hash : card.hashes) {
    const std::string name = Snake(hash.name) + "_hash";
    if (hash.key_bytes == 0) {
      for (const Layout& group : card.groups) {
        if (group.name.rfind("tuple", 0) != 0) continue;
        text += Crc(name + Snake(group.name.substr(5)), static_cast<int>(group.bits / 8), false,
                    true, hash.polynomial);
      }
    } else {
      text += Crc(name, static_cast<int>(hash.key_bytes), hash.reversed, false, hash.polynomial);
    }
  }
  return text + "endpackage\n/* verilator lint_on UNUSEDPARAM */\n";
}

std::string EmitRom(const std::vector<char>& blob) {
  std::string text;
  for (size_t word = 0; word * 4 < blob.size(); ++word) {
    std::array<unsigned, 4> bytes{};
    for (size_t i = 0; i < 4 && word * 4 + i < blob.size(); ++i) {
      bytes[i] = static_cast<unsigned char>(blob[word * 4 + i]);
    }
    text += fmt::format("{:02x}{:02x}{:02x}{:02x}\n", bytes[3], bytes[2], bytes[1], bytes[0]);
  }
  return text;
}

}  // namespace pointsman::hw
