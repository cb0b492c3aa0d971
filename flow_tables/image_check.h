// Whether tables that somebody else filled can be taken over.
#ifndef POINTSMAN_FLOW_TABLES_IMAGE_CHECK_H_
#define POINTSMAN_FLOW_TABLES_IMAGE_CHECK_H_

#include "absl/status/status.h"
#include "flow_tables/image.h"

namespace pointsman {

// OK: every row refers to rows that there are, runs lie within the slots and do not overlap,
// frontends stand where they are looked up, and two rows of one frontend are equal, as is the case
// in the middle of a plan, too. FailedPrecondition names table and row.
absl::Status CheckImage(const Image& image);

}  // namespace pointsman

#endif  // POINTSMAN_FLOW_TABLES_IMAGE_CHECK_H_
