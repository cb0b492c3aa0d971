// A pipeline trace in a file, complete when this object is gone. Not thread-safe.
#ifndef POINTSMAN_SIM_CARD_PIPELINE_TRACE_FILE_H_
#define POINTSMAN_SIM_CARD_PIPELINE_TRACE_FILE_H_

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/card/pipeline_trace.h"

namespace pointsman {

class PipelineTraceFile {
 public:
  // Errors: InvalidArgument if the file cannot be written.
  static absl::StatusOr<std::unique_ptr<PipelineTraceFile>> Open(const std::string& path);

  // Ends the trace. If it could not be written, that is said on stderr.
  ~PipelineTraceFile();

  PipelineTrace& trace() { return *trace_; }

  // Unavailable once something could not be written.
  const absl::Status& status() const { return status_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  PipelineTraceFile(std::string path, std::FILE* file);

  void Write(std::string_view text);
  void NoteFailure();

  const std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  absl::Status status_;
  std::optional<PipelineTrace> trace_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_PIPELINE_TRACE_FILE_H_
