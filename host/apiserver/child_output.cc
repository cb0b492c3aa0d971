#include "host/apiserver/child_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "absl/time/clock.h"

namespace pointsman::kube {
namespace {

constexpr absl::Duration kLookForEnd = absl::Milliseconds(5);

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A child that was started, with the end of its output to read. It is killed with the object.
class Child {
 public:
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child() = default;
  ~Child() {
    if (output_ >= 0) close(output_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  absl::Status Start(const std::vector<std::string>& command,
                     const std::vector<std::string>& environment) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
    output_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int error = posix_spawnp(&pid_, command[0].c_str(), &actions, nullptr,
                                   Pointers(command).data(), Pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error == 0) return absl::OkStatus();
    pid_ = 0;
    return absl::FailedPreconditionError(fmt::format("it does not start: {}", strerror(error)));
  }

  absl::StatusOr<std::string> ReadAll(absl::Time deadline) {
    std::string text;
    while (true) {
      pollfd poll_for{output_, POLLIN, 0};
      const int64_t left_ms = absl::ToInt64Milliseconds(deadline - absl::Now());
      if (left_ms <= 0) return absl::DeadlineExceededError("it takes too long");
      if (poll(&poll_for, 1, static_cast<int>(left_ms)) <= 0) continue;
      std::array<char, 4096> buffer;
      const ssize_t size = read(output_, buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return text;
      text.append(buffer.data(), static_cast<size_t>(size));
      if (text.size() > kMaxChildOutputBytes) {
        return absl::ResourceExhaustedError("it prints too much");
      }
    }
  }

  // A child may close its output long before it ends.
  absl::Status WaitForEnd(absl::Time deadline) {
    int result = 0;
    while (waitpid(pid_, &result, WNOHANG) == 0) {
      if (absl::Now() >= deadline) return absl::DeadlineExceededError("it takes too long");
      absl::SleepFor(kLookForEnd);
    }
    pid_ = 0;
    if (WIFEXITED(result) && WEXITSTATUS(result) == 0) return absl::OkStatus();
    if (WIFSIGNALED(result)) {
      return absl::FailedPreconditionError(fmt::format("it ended by signal {}", WTERMSIG(result)));
    }
    return absl::FailedPreconditionError(fmt::format("it ended with code {}", WEXITSTATUS(result)));
  }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
};

}  // namespace

absl::StatusOr<std::string> ChildOutput(const std::vector<std::string>& command,
                                        const std::vector<std::string>& environment,
                                        absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  Child child;
  if (absl::Status status = child.Start(command, environment); !status.ok()) return status;
  absl::StatusOr<std::string> text = child.ReadAll(deadline);
  if (!text.ok()) return text.status();
  if (absl::Status status = child.WaitForEnd(deadline); !status.ok()) return status;
  return text;
}

}  // namespace pointsman::kube
