// `pointsman cardd` as a child of this process.
#ifndef POINTSMAN_HOST_CARDD_CARD_PROCESS_H_
#define POINTSMAN_HOST_CARDD_CARD_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pointsman::cardd {

// The descriptor at which the child finds its channel.
inline constexpr int kChannelDescriptor = 3;

// Not thread-safe. The child is to end with the thread that starts it (PrepareChild).
class CardProcess {
 public:
  // `command`: a program's path, then its arguments. It inherits the environment, standard input,
  // output and error, and the channel; nothing else. FailedPrecondition: it cannot be started.
  static absl::StatusOr<std::unique_ptr<CardProcess>> Start(const std::vector<std::string>& command,
                                                            int channel_descriptor);

  // Kills the child, if it still runs, and waits for its end.
  ~CardProcess();
  CardProcess(const CardProcess&) = delete;
  CardProcess& operator=(const CardProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Unavailable, saying how it ended, once it has. Never waits.
  absl::Status Check();

  // At once, and does not wait for its end.
  void Kill();

  // Waits until it has ended by itself. DeadlineExceeded: it has not.
  absl::Status AwaitEnd(std::chrono::milliseconds deadline);

 private:
  explicit CardProcess(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  bool ended_ = false;
  int wait_status_ = 0;
};

// For the child, before anything else: it is killed when its parent ends, and leaves signals that a
// terminal or a service manager sends to all to its parent. FailedPrecondition: the parent has
// gone.
absl::Status PrepareChild(pid_t parent);

}  // namespace pointsman::cardd

#endif  // POINTSMAN_HOST_CARDD_CARD_PROCESS_H_
