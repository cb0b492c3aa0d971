#include "hw/generator/description.h"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>
#include <functional>

namespace pointsman::hw {
namespace {

constexpr uint32_t kLineBits = 512;
constexpr uint32_t kRowBitsMax = 416;  // what fits beside a command's header

// Walks one blob; the first fault is kept and ends in a Status.
class Reader {
 public:
  explicit Reader(const void* fdt) : fdt_(fdt) {}

  void Fail(std::string message) {
    if (fault_.empty()) fault_ = std::move(message);
  }
  const std::string& fault() const { return fault_; }

  int Node(const std::string& path) {
    int node = fdt_path_offset(fdt_, path.c_str());
    if (node < 0) Fail(fmt::format("{}: no such node", path));
    return node;
  }
  std::string Name(int node) const { return fdt_get_name(fdt_, node, nullptr); }

  std::string Text(int node, const char* property) const {
    int length = 0;
    const auto* data = static_cast<const char*>(fdt_getprop(fdt_, node, property, &length));
    return data == nullptr || length < 1 ? std::string() : std::string(data);
  }
  bool Has(int node, const char* property) const {
    return fdt_getprop(fdt_, node, property, nullptr) != nullptr;
  }
  uint32_t Number(int node, const char* property, uint32_t otherwise) const {
    int length = 0;
    const void* data = fdt_getprop(fdt_, node, property, &length);
    return data == nullptr || length != 4 ? otherwise
                                          : fdt32_to_cpu(*static_cast<const fdt32_t*>(data));
  }
  uint32_t Required(int node, const char* property) {
    if (!Has(node, property)) Fail(fmt::format("{}: property {} is missing", Name(node), property));
    return Number(node, property, 0);
  }
  void EachChild(int parent, const std::function<void(int)>& visit) {
    if (parent < 0) return;
    int node = 0;
    fdt_for_each_subnode(node, fdt_, parent) visit(node);
  }
  void EachNumber(int node, const std::function<void(std::string, uint32_t)>& visit) {
    if (node < 0) return;
    int property = 0;
    fdt_for_each_property_offset(property, fdt_, node) {
      const char* name = nullptr;
      int length = 0;
      fdt_getprop_by_offset(fdt_, property, &name, &length);
      if (length == 4) visit(name, Number(node, name, 0));
    }
  }

 private:
  const void* fdt_;
  std::string fault_;
};

const Layout* FindNamed(const std::vector<Layout>& layouts, const std::string& name) {
  auto it =
      std::find_if(layouts.begin(), layouts.end(), [&](const Layout& l) { return l.name == name; });
  return it == layouts.end() ? nullptr : &*it;
}

Field ReadField(Reader& reader, int node, const std::vector<Layout>& groups) {
  Field field;
  field.name = reader.Name(node);
  field.group = reader.Text(node, "group");
  field.type = reader.Text(node, "type");
  field.description = reader.Text(node, "description");
  field.key = reader.Has(node, "key");
  if (field.group.empty()) {
    field.bits = reader.Required(node, "bits");
  } else if (const Layout* group = FindNamed(groups, field.group)) {
    field.bits = group->bits;
  } else {
    reader.Fail(fmt::format("{}: there is no group {}", field.name, field.group));
  }
  return field;
}

Layout ReadLayout(Reader& reader, int node, const std::vector<Layout>& groups) {
  Layout layout;
  layout.name = reader.Name(node);
  layout.row = reader.Text(node, "row");
  layout.description = reader.Text(node, "description");
  layout.id = reader.Number(node, "id", 0);
  layout.banks = reader.Number(node, "banks", 0);
  layout.ways = reader.Number(node, "ways", 0);
  reader.EachChild(node, [&](int child) {
    Field field = ReadField(reader, child, groups);
    field.offset_bits = layout.bits;
    layout.bits += field.bits;
    layout.fields.push_back(field);
  });
  return layout;
}

void ReadTables(Reader& reader, Description& card) {
  int sizes = reader.Node("/sizes");
  reader.EachChild(reader.Node("/tables"), [&](int node) {
    Layout table = ReadLayout(reader, node, card.groups);
    reader.Required(node, "id");
    if (table.row.empty()) reader.Fail(table.name + ": property row is missing");
    if (table.bits > kRowBitsMax) {
      reader.Fail(
          fmt::format("{}: {} bits, a command carries {}", table.name, table.bits, kRowBitsMax));
    }
    if (sizes >= 0) table.rows = reader.Required(sizes, table.name.c_str());
    card.tables.push_back(table);
  });
}

void ReadRegisters(Reader& reader, Description& card) {
  reader.EachChild(reader.Node("/registers"), [&](int node) {
    Register r{reader.Name(node),
               reader.Text(node, "access"),
               reader.Text(node, "description"),
               reader.Required(node, "offset"),
               reader.Number(node, "count", 1),
               reader.Number(node, "value", 0)};
    card.registers.push_back(r);
  });
}

void ReadEnumerations(Reader& reader, Description& card) {
  reader.EachChild(reader.Node("/enums"), [&](int node) {
    Enumeration e{reader.Name(node), {}};
    reader.EachNumber(node, [&](std::string name, uint32_t value) {
      e.values.push_back({name, value});
    });
    card.enumerations.push_back(e);
  });
}

uint32_t KeyBytes(const Layout& table) {
  uint32_t bits = 0;
  for (const Field& field : table.fields) bits += field.key ? field.bits : 0;
  return bits / 8;
}

void ReadHashes(Reader& reader, Description& card) {
  reader.EachChild(reader.Node("/hashes"), [&](int node) {
    Hash hash{reader.Name(node), reader.Required(node, "polynomial"), 0,
              reader.Has(node, "reversed")};
    if (const std::string table = reader.Text(node, "table"); !table.empty()) {
      const Layout* keys = FindNamed(card.tables, table);
      if (keys == nullptr) {
        reader.Fail(fmt::format("{}: there is no table {}", hash.name, table));
      } else {
        hash.key_bytes = KeyBytes(*keys);
      }
    }
    card.hashes.push_back(hash);
  });
}

// One line a fact, in the order of the description.
std::string Canonical(const Description& card) {
  std::string text;
  for (const Register& r : card.registers)
    text += fmt::format("r {} {} {}\n", r.name, r.offset, r.count);
  for (const Enumeration& e : card.enumerations) {
    for (const auto& v : e.values) text += fmt::format("e {} {} {}\n", e.name, v.name, v.value);
  }
  for (const auto* layouts : {&card.groups, &card.tables, &card.lines}) {
    for (const Layout& l : *layouts) {
      text += fmt::format("l {} {} {} {}\n", l.name, l.id, l.banks, l.ways);
      for (const Field& f : l.fields) text += fmt::format("f {} {} {}\n", f.name, f.bits, f.group);
    }
  }
  for (const Hash& h : card.hashes) {
    text += fmt::format("h {} {} {} {}\n", h.name, h.polynomial, h.key_bytes, h.reversed);
  }
  for (const Named& n : card.limits) text += fmt::format("n {} {}\n", n.name, n.value);
  return text;
}

uint32_t Fnv1a(const std::string& text) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : text) hash = (hash ^ c) * 16777619u;
  return hash;
}

}  // namespace

absl::StatusOr<Description> ReadDescription(const std::vector<char>& blob) {
  if (fdt_check_full(blob.data(), blob.size()) != 0) {
    return absl::InvalidArgumentError("not a device tree blob");
  }
  Reader reader(blob.data());
  Description card;
  card.profile = reader.Text(0, "profile");
  ReadRegisters(reader, card);
  ReadEnumerations(reader, card);
  reader.EachChild(reader.Node("/groups"),
                   [&](int node) { card.groups.push_back(ReadLayout(reader, node, {})); });
  ReadTables(reader, card);
  reader.EachChild(reader.Node("/lines"), [&](int node) {
    Layout line = ReadLayout(reader, node, card.groups);
    if (line.bits != kLineBits)
      reader.Fail(fmt::format("{}: {} bits, a line has {}", line.name, line.bits, kLineBits));
    card.lines.push_back(line);
  });
  ReadHashes(reader, card);
  reader.EachNumber(reader.Node("/limits"), [&](std::string name, uint32_t value) {
    card.limits.push_back({name, value});
  });
  if (!reader.fault().empty()) return absl::InvalidArgumentError(reader.fault());
  card.blob_bytes = static_cast<uint32_t>(blob.size());
  card.layout_hash = Fnv1a(Canonical(card));
  return card;
}

}  // namespace pointsman::hw
