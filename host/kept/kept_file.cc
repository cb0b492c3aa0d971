#include "host/kept/kept_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace pointsman {
namespace {

std::array<char, 40> BootId() {
  std::array<char, 40> id{};
  std::string text;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), text);
  std::copy_n(text.begin(), std::min(text.size(), id.size()), id.begin());
  return id;
}

}  // namespace

KeptFileHead MakeHead(uint64_t magic, const CardSizes& sizes, uint32_t cores, uint32_t head_bytes) {
  return {.magic = magic,
          .layout_hash = kLayoutHash,
          .head_bytes = head_bytes,
          .sizes = sizes,
          .cores = cores,
          .boot_id = BootId()};
}

absl::Status CheckHead(const std::string& path, const KeptFileHead& found,
                       const KeptFileHead& expected) {
  const char* what = nullptr;
  if (found.magic != expected.magic) {
    what = "is not a file of this kind, or was never finished";
  } else if (found.layout_hash != expected.layout_hash || found.head_bytes != expected.head_bytes) {
    what = "was written by another version";
  } else if (found.sizes != expected.sizes || found.cores != expected.cores) {
    what = "was written with other --cores or --connections";
  } else if (found.boot_id != expected.boot_id) {
    what = "is from before the machine started";
  }
  if (what == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, what));
}

absl::Status SetAside(const std::string& path) {
  std::error_code error;
  std::filesystem::rename(path, path + ".set-aside", error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{}: cannot be set aside: {}", path, error.message()));
}

}  // namespace pointsman
