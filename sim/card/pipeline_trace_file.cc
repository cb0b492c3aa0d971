#include "sim/card/pipeline_trace_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "fmt/format.h"

namespace pointsman {

absl::StatusOr<std::unique_ptr<PipelineTraceFile>> PipelineTraceFile::Open(
    const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("{}: pipeline trace cannot be written there: {}", path, std::strerror(errno)));
  }
  return std::unique_ptr<PipelineTraceFile>(new PipelineTraceFile(path, file));
}

PipelineTraceFile::PipelineTraceFile(std::string path, std::FILE* file)
    : path_(std::move(path)), file_(file) {
  trace_.emplace([this](std::string_view text) { Write(text); });
}

PipelineTraceFile::~PipelineTraceFile() {
  const bool said = !status_.ok();
  trace_->Finish();
  if (std::fflush(file_.get()) != 0) NoteFailure();
  if (!said && !status_.ok()) fmt::print(stderr, "pointsman: {}\n", std::string(status_.message()));
}

void PipelineTraceFile::Write(std::string_view text) {
  if (!status_.ok()) return;
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) NoteFailure();
}

void PipelineTraceFile::NoteFailure() {
  if (!status_.ok()) return;
  status_ = absl::UnavailableError(
      fmt::format("{}: pipeline trace ends before its time: {}", path_, std::strerror(errno)));
}

}  // namespace pointsman
