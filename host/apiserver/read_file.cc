#include "host/apiserver/read_file.h"

#include <fstream>
#include <sstream>

namespace pointsman::kube {

std::optional<std::string> ReadFile(const std::filesystem::path& file) {
  const std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream text;
  text << stream.rdbuf();
  if (text.bad()) return std::nullopt;
  return std::move(text).str();
}

}  // namespace pointsman::kube
