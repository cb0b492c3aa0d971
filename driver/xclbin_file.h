// Whether a file can be given to XRT, which trusts what is inside.
#ifndef POINTSMAN_DRIVER_XCLBIN_FILE_H_
#define POINTSMAN_DRIVER_XCLBIN_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace pointsman {

// Checks magic, length and section table of an xclbin container (axlf, <xclbin.h> of XRT), not the
// sections' content.
// Errors, all naming the file: NotFound: it cannot be opened; InvalidArgument: it is no xclbin, or
// its length or a section does not fit the file.
absl::Status CheckXclbinFile(const std::string& path);

}  // namespace pointsman

#endif  // POINTSMAN_DRIVER_XCLBIN_FILE_H_
