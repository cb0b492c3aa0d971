// Lets a simulated card live by itself: a thread runs its clock, and anybody may access it.
//
// A card in a server goes on without its driver; so does this one. The clock runs in slices and
// makes way for every access. An idle card naps for a millisecond between slices, unless an access
// or a frame wakes it: its time then passes slowly, but it passes.
//
// Thread-safe. The first fault is printed on stderr once.
#ifndef POINTSMAN_SIM_CARD_CARD_RUNNER_H_
#define POINTSMAN_SIM_CARD_CARD_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/card/file_descriptor.h"
#include "sim/card/simulated_card.h"

namespace pointsman {

class CardRunner {
 public:
  // Errors: Unavailable or ResourceExhausted if the system gives no descriptor or thread.
  static absl::StatusOr<std::unique_ptr<CardRunner>> Start(std::unique_ptr<SimulatedCard> card);

  // Stops the clock.
  ~CardRunner();

  // Calls `use(SimulatedCard&)` between two slices and returns what it returns. `use` must not wait
  // for anything.
  template <typename Use>
  auto Access(Use use) {
    const Visit visit(*this);
    return use(*card_);
  }

 private:
  static constexpr uint64_t kSliceCycles = 1024;
  static constexpr uint64_t kIdleSliceCycles = 256;

  // Holds the mutex; afterwards the clock goes on at once.
  class Visit {
   public:
    explicit Visit(CardRunner& runner);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    CardRunner& runner_;
  };

  CardRunner(std::unique_ptr<SimulatedCard> card, FileDescriptor wake);

  void RunClock();
  void Nap();
  void Wake();
  // REQUIRES: mutex_ is held.
  void ReportFault();

  std::mutex mutex_;  // guards card_ and reported_
  std::unique_ptr<SimulatedCard> card_;
  bool reported_ = false;

  std::atomic<int> waiting_ = 0;  // accesses that want the mutex; the clock makes way for them
  std::atomic<bool> napping_ = false;
  std::atomic<bool> stop_ = false;
  FileDescriptor wake_;  // eventfd
  std::thread clock_;
};

}  // namespace pointsman

#endif  // POINTSMAN_SIM_CARD_CARD_RUNNER_H_
