// A shipped program as a process of its own, its output in a file. For tests and benches.
#ifndef POINTSMAN_TESTS_SUPPORT_CHILD_PROCESS_H_
#define POINTSMAN_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pointsman::test {

// Killed with the object, if it still runs.
class ChildProcess {
 public:
  // `command`: a path, then arguments. `environment`: "NAME=value", besides this process' own.
  ChildProcess(const std::vector<std::string>& command, const std::vector<std::string>& environment,
               std::filesystem::path log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  // What it has printed up to now.
  std::string Log() const;
  bool Runs();
  // Asks it to end (SIGTERM). Its exit code; -1: it did not end within ten seconds, or by a signal.
  int Stop();

 private:
  std::filesystem::path log_;
  pid_t pid_ = -1;  // -1: it has ended
  int code_ = -1;
};

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_SUPPORT_CHILD_PROCESS_H_
