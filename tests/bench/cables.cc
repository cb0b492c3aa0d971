#include "tests/bench/cables.h"

#include <sched.h>

#include <cstdlib>

namespace pointsman {

bool MakeCables() {
  return unshare(CLONE_NEWNET) == 0 &&
         std::system(
             "ip link add uplink type veth peer name generator && "
             "ip link add node type veth peer name sink && "
             "for i in uplink generator node sink; do "
             "sysctl -qw net.ipv6.conf.$i.disable_ipv6=1; ip link set $i up || exit 1; done") == 0;
}

}  // namespace pointsman
