// An HTTP proxy for tests: takes CONNECT requests on loopback, one tunnel at a time a thread, and
// carries bytes both ways until either end closes.
#ifndef POINTSMAN_TESTS_SUPPORT_CONNECT_PROXY_H_
#define POINTSMAN_TESTS_SUPPORT_CONNECT_PROXY_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pointsman::test {

// Thread-safe. Every tunnel leads to `to_port` on loopback, whatever was asked for.
class ConnectProxy {
 public:
  explicit ConnectProxy(uint16_t to_port);
  ~ConnectProxy();

  uint16_t port() const { return port_; }
  // The heads of the requests up to now.
  std::vector<std::string> Requests() const;

 private:
  void Accept();
  void Serve(int client);

  const uint16_t to_port_;
  uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::thread> tunnels_;  // of the accepting thread
  std::thread thread_;
};

}  // namespace pointsman::test

#endif  // POINTSMAN_TESTS_SUPPORT_CONNECT_PROXY_H_
