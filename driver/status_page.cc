#include "driver/status_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <string>

#include "driver/line_ring.h"
#include "driver/status_macros.h"

namespace pointsman {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

absl::Status CheckErrorBits(const char* where, uint32_t bits) {
  if (bits == 0) return absl::OkStatus();
  std::string names;
  for (uint32_t left = bits; left != 0; left &= left - 1) {
    names += fmt::format(" {}", Name(CardError(std::countr_zero(left))));
  }
  return absl::InternalError(
      fmt::format("{}: error is {:#x}:{}; the card must be opened anew", where, bits, names));
}

absl::StatusOr<StatusPage> StatusPage::Create(Transport& transport) {
  POINTSMAN_ASSIGN_OR_RETURN(std::unique_ptr<Buffer> buffer, transport.AllocateBuffer(kPageBytes));
  std::ranges::fill(buffer->memory(), 0);
  POINTSMAN_RETURN_IF_ERROR(buffer->SyncToCard(0, kPageBytes));
  return StatusPage(std::move(buffer));
}

absl::StatusOr<StatusLine> StatusPage::Refresh() {
  POINTSMAN_RETURN_IF_ERROR(buffer_->SyncFromCard(0, kLineBytes));
  // The card may be writing: each word is read once and whole; every index stands for itself.
  auto* words = reinterpret_cast<uint64_t*>(buffer_->memory().data());
  LineBits bits;
  for (size_t i = 0; i < bits.size(); ++i) {
    bits[i] = std::atomic_ref<uint64_t>(words[i]).load(std::memory_order_acquire);
  }
  const auto line = UnpackLine<StatusLine>(bits);
  POINTSMAN_RETURN_IF_ERROR(CheckErrorBits("status line", line.error));
  return line;
}

}  // namespace pointsman
