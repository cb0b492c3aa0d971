// The status line: where the card says how far it is (docs/card.md, "Rings").
#ifndef POINTSMAN_DRIVER_STATUS_PAGE_H_
#define POINTSMAN_DRIVER_STATUS_PAGE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "driver/transport.h"
#include "hw/card_layout.h"

namespace pointsman {

// Internal, with the names of enums/card-error, unless `bits` is 0. `where` says who holds them.
absl::Status CheckErrorBits(const char* where, uint32_t bits);

class StatusPage {
 public:
  // Zero on both sides. Errors: those of Transport::AllocateBuffer and Sync.
  static absl::StatusOr<StatusPage> Create(Transport& transport);

  uint64_t device_address() const { return buffer_->device_address(); }

  // What the card wrote last; its indices are unchecked. Lines it speaks of may be read (and
  // synced) afterwards. Internal: the card reports an error.
  absl::StatusOr<StatusLine> Refresh();

 private:
  explicit StatusPage(std::unique_ptr<Buffer> buffer) : buffer_(std::move(buffer)) {}

  std::unique_ptr<Buffer> buffer_;
};

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_STATUS_PAGE_H_
