// generate OUT_FOLDER PROFILE.dtb...: writes card_layout.h, card_fields.h, card-reference.md and,
// for each profile, PROFILE/card_pkg.sv and PROFILE/card_rom.hex. A file that would not change is
// left alone, so that nothing is built again for it.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "hw/generator/emit.h"

namespace {

using pointsman::hw::Description;
namespace fs = std::filesystem;

int Fail(const std::string& message) {
  fmt::print(stderr, "generate: {}\n", message);
  return 2;
}

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool Write(const fs::path& path, const std::string& text) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && Content(path) == text) return true;
  fs::create_directories(path.parent_path(), ignored);
  std::ofstream file(path, std::ios::binary);
  file << text;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return Fail("usage: generate OUT_FOLDER PROFILE.dtb...");
  const fs::path out = argv[1];
  std::vector<Description> profiles;
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) return Fail(fmt::format("{}: cannot be read", argv[i]));
    std::vector<char> blob((std::istreambuf_iterator<char>(file)), {});
    auto card = pointsman::hw::ReadDescription(blob);
    if (!card.ok())
      return Fail(fmt::format("{}: {}", argv[i], std::string(card.status().message())));
    const fs::path folder = out / card->profile;
    if (!Write(folder / "card_pkg.sv", pointsman::hw::EmitSystemVerilog(*card)) ||
        !Write(folder / "card_rom.hex", pointsman::hw::EmitRom(blob))) {
      return Fail(fmt::format("{}: cannot be written", folder.string()));
    }
    profiles.push_back(*std::move(card));
  }
  if (!Write(out / "card_layout.h", pointsman::hw::EmitCpp(profiles)) ||
      !Write(out / "card_fields.h", pointsman::hw::EmitFields(profiles[0])) ||
      !Write(out / "card-reference.md", pointsman::hw::EmitMarkdown(profiles))) {
    return Fail(fmt::format("{}: cannot be written", out.string()));
  }
  return 0;
}
