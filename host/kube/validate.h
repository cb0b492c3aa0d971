// Checks that look at several objects at once. Pure.
#ifndef POINTSMAN_HOST_KUBE_VALIDATE_H_
#define POINTSMAN_HOST_KUBE_VALIDATE_H_

#include <map>
#include <vector>

#include "host/kube/object_set.h"
#include "host/kube/problem.h"

namespace pointsman::kube {

// Sees to it that no cluster IP and no node port (with its protocol) belongs to two Services. The
// older one keeps it: by creationTimestamp (none is the youngest); among equals the one that
// claimed the same in `before`, the objects in use until now; then by key. The other Service goes
// back to its state in `before`, or, where that is not free either, is taken out of `objects`.
//
// Gives one Problem for each refused Service, naming both and where they were read. `origins` may
// be without some or all of them.
std::vector<Problem> RefuseConflicts(const ObjectSet& before,
                                     const std::map<ObjectKey, Origin>& origins,
                                     ObjectSet& objects);

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_VALIDATE_H_
