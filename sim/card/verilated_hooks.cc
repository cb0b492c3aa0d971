#include "sim/card/verilated_hooks.h"

#include <cstdarg>
#include <cstdio>
#include <string>

#include "fmt/format.h"
#include "sim/card/fault.h"
#include "verilated.h"

namespace pointsman {
namespace {

thread_local Fault* current_fault = nullptr;
thread_local std::string last_line;

void Raise(const char* what, const char* file, int line) {
  if (current_fault == nullptr) return;
  current_fault->Raise(absl::InternalError(fmt::format("{} in the card's logic at {}:{}{}{}", what,
                                                       file == nullptr ? "" : file, line,
                                                       last_line.empty() ? "" : ": ", last_line)));
}

}  // namespace

int PrintFromModel(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  const int count = std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  last_line = text;
  while (!last_line.empty() && last_line.back() == '\n') last_line.pop_back();
  std::fputs(text, stderr);
  return count;
}

ScopedModelFault::ScopedModelFault(Fault& fault) { current_fault = &fault; }
ScopedModelFault::~ScopedModelFault() { current_fault = nullptr; }

}  // namespace pointsman

// The runtime's hooks (VL_USER_FINISH, VL_USER_STOP, VL_USER_FATAL).
void vl_finish(const char* filename, int linenum, const char*) VL_MT_UNSAFE {
  pointsman::Raise("$finish", filename, linenum);
}

void vl_stop(const char* filename, int linenum, const char*) VL_MT_UNSAFE {
  pointsman::Raise("$stop or a failed assertion", filename, linenum);
}

void vl_fatal(const char* filename, int linenum, const char*, const char* message) VL_MT_UNSAFE {
  pointsman::PrintFromModel("%s\n", message == nullptr ? "" : message);
  pointsman::Raise("a fatal error", filename, linenum);
}
