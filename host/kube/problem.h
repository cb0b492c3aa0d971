// What was found wrong with an input, in words for the one who wrote it. Plain values.
#ifndef POINTSMAN_HOST_KUBE_PROBLEM_H_
#define POINTSMAN_HOST_KUBE_PROBLEM_H_

#include <string>

namespace pointsman::kube {

// Where an object was read.
struct Origin {
  std::string file;
  int line = 0;  // from 1; 0: not known

  // "shop/cart.yaml:12"
  std::string ToString() const;
  bool operator==(const Origin&) const = default;
};

// Something that was refused. The object it is about is not used (or its last good state is).
struct Problem {
  Origin origin;
  std::string object;  // "Service shop/cart"; empty where no object could be told
  std::string field;   // "spec.ports[1].port"; empty where it is about the whole
  std::string message;

  // "shop/cart.yaml:12: Service shop/cart: spec.ports[1].port: 0 is not a port number (1..65535)"
  std::string ToString() const;
  bool operator==(const Problem&) const = default;
};

// Something that was left out, or taken otherwise than one might expect; nothing is wrong.
struct Note {
  Origin origin;
  std::string object;
  std::string message;

  std::string ToString() const;
  bool operator==(const Note&) const = default;
};

}  // namespace pointsman::kube

#endif  // POINTSMAN_HOST_KUBE_PROBLEM_H_
