// Whether a card holds what was written to it: reads its rows back, a slice at a time, and writes
// those that differ again.
#ifndef POINTSMAN_HOST_AGENT_AUDIT_H_
#define POINTSMAN_HOST_AGENT_AUDIT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "driver/card.h"
#include "flow_tables/image.h"

namespace pointsman {

struct AuditCounts {
  uint64_t rows = 0;    // read back
  uint64_t passes = 0;  // over all tables of an image
  uint64_t mended = 0;  // rows that differed
};

// Not thread-safe.
class Audit {
 public:
  // Looks at the next `rows` rows, or fewer where a table ends. `image` is what the card has been
  // told, all of it. Errors: those of Card::Read and Card::Write.
  absl::Status LookAtNext(uint32_t rows, const Image& image, Card& card);

  const AuditCounts& counts() const { return counts_; }

 private:
  AuditCounts counts_;
  size_t table_ = 0;  // of those of an image
  uint32_t row_ = 0;
};

// How many rows the tables of an image have.
uint64_t AuditedRows(const CardSizes& sizes);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_AGENT_AUDIT_H_
