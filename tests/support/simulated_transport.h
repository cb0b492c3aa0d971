// The driver's transport straight onto a simulated card that the test holds, without XRT between:
// the test owns the clock and both wires. Not thread-safe.
#ifndef POINTSMAN_TESTS_SUPPORT_SIMULATED_TRANSPORT_H_
#define POINTSMAN_TESTS_SUPPORT_SIMULATED_TRANSPORT_H_

#include <memory>

#include "driver/transport.h"
#include "sim/card/simulated_card.h"

namespace pointsman {

// Borrows the card. Register accesses and syncs clock it, so that waits for it end.
std::unique_ptr<Transport> MakeSimulatedTransport(SimulatedCard& card);

}  // namespace pointsman

#endif  // POINTSMAN_TESTS_SUPPORT_SIMULATED_TRANSPORT_H_
