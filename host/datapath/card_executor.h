// A card as an executor, in capture mode: packets go in by the inject ring and come back by the
// punt ring, so that nothing need be connected to its ports, and a real card runs the same cases as
// the simulated one.
#ifndef POINTSMAN_HOST_DATAPATH_CARD_EXECUTOR_H_
#define POINTSMAN_HOST_DATAPATH_CARD_EXECUTOR_H_

#include <memory>

#include "driver/card.h"
#include "host/datapath/executor.h"

namespace pointsman {

std::unique_ptr<Executor> MakeCardExecutor(std::unique_ptr<Card> card);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_DATAPATH_CARD_EXECUTOR_H_
