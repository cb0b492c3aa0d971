#include "sim/card/card_runner.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fmt/format.h"

namespace pointsman {

absl::StatusOr<std::unique_ptr<CardRunner>> CardRunner::Start(std::unique_ptr<SimulatedCard> card) {
  FileDescriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) {
    return absl::UnavailableError(fmt::format("simulated card: eventfd: {}", std::strerror(errno)));
  }
  auto runner = std::unique_ptr<CardRunner>(new CardRunner(std::move(card), std::move(wake)));
  try {
    runner->clock_ = std::thread(&CardRunner::RunClock, runner.get());
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        fmt::format("simulated card: no thread for the clock: {}", error.what()));
  }
  return runner;
}

CardRunner::Visit::Visit(CardRunner& runner) : runner_(runner) {
  ++runner_.waiting_;
  runner_.mutex_.lock();
  --runner_.waiting_;
}

CardRunner::Visit::~Visit() {
  runner_.ReportFault();
  runner_.mutex_.unlock();
  runner_.Wake();
}

CardRunner::CardRunner(std::unique_ptr<SimulatedCard> card, FileDescriptor wake)
    : card_(std::move(card)), wake_(std::move(wake)) {}

CardRunner::~CardRunner() {
  stop_ = true;
  Wake();
  if (clock_.joinable()) clock_.join();
}

void CardRunner::RunClock() {
  bool idle = false;
  while (!stop_) {
    // An access that waits gets the mutex first, however fast the clock comes round again.
    while (waiting_ != 0 && !stop_) std::this_thread::yield();
    {
      const std::lock_guard lock(mutex_);
      const absl::Status status = card_->Run(idle ? kIdleSliceCycles : kSliceCycles, &waiting_);
      ReportFault();
      if (!status.ok()) return;
      idle = card_->idle();
    }
    if (idle) Nap();
  }
}

void CardRunner::Nap() {
  std::vector<pollfd> events = {{wake_.get(), POLLIN, 0}};
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : card_->PollDescriptors()) events.push_back({fd, POLLIN, 0});
  }
  napping_ = true;
  if (!stop_) poll(events.data(), events.size(), 1);
  napping_ = false;
  if ((events[0].revents & POLLIN) != 0) {
    eventfd_t count = 0;
    eventfd_read(wake_.get(), &count);
  }
}

void CardRunner::Wake() {
  if (napping_) eventfd_write(wake_.get(), 1);
}

void CardRunner::ReportFault() {
  if (reported_ || card_->fault().ok()) return;
  reported_ = true;
  fmt::print(stderr, "pointsman: simulated card: {}\n", std::string(card_->fault().message()));
}

}  // namespace pointsman
