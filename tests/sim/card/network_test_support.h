// A network namespace of its own for a test that needs interfaces.
#ifndef POINTSMAN_TESTS_SIM_CARD_NETWORK_TEST_SUPPORT_H_
#define POINTSMAN_TESTS_SIM_CARD_NETWORK_TEST_SUPPORT_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <string>

#include "sim/card/file_descriptor.h"

namespace pointsman {

// Moves the calling thread (and what it starts) to a new namespace until it ends.
class ScopedNetworkNamespace {
 public:
  ScopedNetworkNamespace() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    entered_ = before_.valid() && unshare(CLONE_NEWNET) == 0;
  }
  ~ScopedNetworkNamespace() {
    if (entered_ && setns(before_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  ScopedNetworkNamespace(const ScopedNetworkNamespace&) = delete;
  ScopedNetworkNamespace& operator=(const ScopedNetworkNamespace&) = delete;

  bool entered() const { return entered_; }

 private:
  FileDescriptor before_;
  bool entered_ = false;
};

inline bool Shell(const std::string& command) { return std::system(command.c_str()) == 0; }

// Until the kernel has noticed the carrier of both ends of a pair; before that an interface loses
// what is sent, and says nothing. False after two seconds.
inline bool AwaitCarrier(const std::string& interface_name) {
  return Shell("for i in $(seq 200); do ip link show dev " + interface_name +
               " | grep -q 'state UP' && exit 0; sleep 0.01; done; exit 1");
}

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SIM_CARD_NETWORK_TEST_SUPPORT_H_
