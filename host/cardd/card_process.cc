#include "host/cardd/card_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "driver/wait.h"

namespace pointsman::cardd {

absl::StatusOr<std::unique_ptr<CardProcess>> CardProcess::Start(
    const std::vector<std::string>& command, int channel_descriptor) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, channel_descriptor, kChannelDescriptor);
  posix_spawn_file_actions_addclosefrom_np(&actions, kChannelDescriptor + 1);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, command.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::FailedPreconditionError(
        fmt::format("{} cannot be started: {}", command.front(), std::strerror(error)));
  }
  return std::unique_ptr<CardProcess>(new CardProcess(pid));
}

CardProcess::~CardProcess() {
  Kill();
  if (!ended_) waitpid(pid_, &wait_status_, 0);
}

absl::Status CardProcess::Check() {
  if (!ended_ && waitpid(pid_, &wait_status_, WNOHANG) == pid_) ended_ = true;
  if (!ended_) return absl::OkStatus();
  if (WIFSIGNALED(wait_status_)) {
    return absl::UnavailableError(fmt::format("cardd (process {}) was ended by signal {} ({})",
                                              pid_, WTERMSIG(wait_status_),
                                              strsignal(WTERMSIG(wait_status_))));
  }
  return absl::UnavailableError(
      fmt::format("cardd (process {}) ended with code {}", pid_, WEXITSTATUS(wait_status_)));
}

void CardProcess::Kill() {
  if (!ended_) kill(pid_, SIGKILL);
}

absl::Status CardProcess::AwaitEnd(std::chrono::milliseconds deadline) {
  const auto ended = Wait(deadline, [this]() -> absl::StatusOr<WaitStep> {
    return Check().ok() ? WaitStep::kNothing : WaitStep::kDone;
  });
  if (ended.ok() && *ended == WaitResult::kDone) return absl::OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("cardd (process {}) has not ended within {} ms", pid_, deadline.count()));
}

absl::Status PrepareChild(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    return absl::FailedPreconditionError("cardd: the agent that started it has gone");
  }
  prctl(PR_SET_NAME, "pointsman-cardd");
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  return absl::OkStatus();
}

}  // namespace pointsman::cardd
