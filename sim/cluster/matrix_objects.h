// The cluster and the objects that the access matrix is asked of. Plain values.
#ifndef POINTSMAN_SIM_CLUSTER_MATRIX_OBJECTS_H_
#define POINTSMAN_SIM_CLUSTER_MATRIX_OBJECTS_H_

#include "host/kube/object_set.h"
#include "sim/cluster/matrix.h"
#include "sim/cluster/setup.h"

namespace pointsman::cluster {

ClusterSetup MatrixSetup(const MatrixColumn& column);
kube::ObjectSet MatrixObjects(Remedy remedy);
kube::ObjectKey ServiceOf(MatrixService service);

}  // namespace pointsman::cluster

#endif  // POINTSMAN_SIM_CLUSTER_MATRIX_OBJECTS_H_
