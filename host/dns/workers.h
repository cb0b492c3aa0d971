// Threads that do what others put before them, in order. Thread-safe.
#ifndef POINTSMAN_HOST_DNS_WORKERS_H_
#define POINTSMAN_HOST_DNS_WORKERS_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pointsman::dns {

class Workers {
 public:
  Workers(size_t threads, size_t waiting_max);
  // Waits for jobs in work; those that wait are forgotten.
  ~Workers();

  // False: too many wait already.
  bool Do(std::function<void()> job);

 private:
  void Work();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pointsman::dns

#endif  // POINTSMAN_HOST_DNS_WORKERS_H_
