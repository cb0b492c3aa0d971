#include <fmt/format.h>

#include "hw/generator/emit.h"

namespace pointsman::hw {
namespace {

std::string Fields(const Layout& layout) {
  std::string text = "\n| bits | field | |\n|---|---|---|\n";
  for (const Field& f : layout.fields) {
    std::string note = f.description;
    if (!f.group.empty()) note = "see " + f.group + (note.empty() ? "" : "; " + note);
    if (!f.type.empty()) note = f.type + (note.empty() ? "" : ": " + note);
    if (f.key) note = "key" + (note.empty() ? "" : ", " + note);
    text += fmt::format("| {}..{} | {} | {} |\n", f.offset_bits, f.offset_bits + f.bits - 1, f.name,
                        note);
  }
  return text + "\n";
}

std::string Tables(const std::vector<Description>& profiles) {
  std::string text = "## Tables\n\n| table | id | row, bits |";
  std::string rule = "|---|---|---|";
  for (const Description& p : profiles) {
    text += fmt::format(" rows, {} |", p.profile);
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (size_t i = 0; i < profiles[0].tables.size(); ++i) {
    const Layout& t = profiles[0].tables[i];
    text += fmt::format("| {} | {} | {} |", t.name, t.id, t.bits);
    for (const Description& p : profiles) text += fmt::format(" {} |", p.tables[i].rows);
    text += "\n";
  }
  text += "\n";
  for (const Layout& t : profiles[0].tables) {
    text += fmt::format("### {}\n\n{}.", t.name, t.description);
    if (t.banks != 0) text += fmt::format(" {} banks of buckets of {} ways.", t.banks, t.ways);
    text += "\n" + Fields(t);
  }
  return text;
}

}  // namespace

std::string EmitMarkdown(const std::vector<Description>& profiles) {
  const Description& card = profiles[0];
  std::string text = fmt::format(
      "<!-- Generated from hw/card.dtsi. Do not edit: ./check writes it anew and compares. -->\n"
      "# The card: registers, rings and tables\n\nLayout hash `0x{:08x}`. A layout's fields are "
      "given from the least significant bit upwards.\n\n"
      "## Registers\n\n| offset | register | access | |\n|---|---|---|---|\n",
      card.layout_hash);
  for (const Register& r : card.registers) {
    const std::string words = r.count > 1 ? fmt::format(" ({} words)", r.count) : "";
    text += fmt::format("| 0x{:04x} | {}{} | {} | {} |\n", r.offset, r.name, words, r.access,
                        r.description);
  }
  text += "\n" + Tables(profiles) + "## Groups of fields\n\n";
  for (const Layout& g : card.groups)
    text += fmt::format("### {}\n\n{}.\n", g.name, g.description) + Fields(g);
  text += "## Lines of the rings, 64 bytes each\n\n";
  for (const Layout& l : card.lines)
    text += fmt::format("### {}\n\n{}.\n", l.name, l.description) + Fields(l);
  text += "## Enumerations\n\n| enumeration | values |\n|---|---|\n";
  for (const Enumeration& e : card.enumerations) {
    std::string values;
    for (const auto& v : e.values)
      values += fmt::format("{}{} {}", values.empty() ? "" : ", ", v.value, v.name);
    text += fmt::format("| {} | {} |\n", e.name, values);
  }
  return text;
}

}  // namespace pointsman::hw
