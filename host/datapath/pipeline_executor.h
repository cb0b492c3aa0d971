// The software pipeline as an executor.
#ifndef POINTSMAN_HOST_DATAPATH_PIPELINE_EXECUTOR_H_
#define POINTSMAN_HOST_DATAPATH_PIPELINE_EXECUTOR_H_

#include <memory>

#include "host/datapath/executor.h"

namespace pointsman {

std::unique_ptr<Executor> MakePipelineExecutor(const CardSizes& sizes);

}  // namespace pointsman

#endif  // POINTSMAN_HOST_DATAPATH_PIPELINE_EXECUTOR_H_
